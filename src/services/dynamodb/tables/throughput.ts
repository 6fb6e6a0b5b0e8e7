import type { Context } from "#kernel/context.ts";
import type {
  BillingMode,
  OnDemandThroughput,
  ProvisionedThroughput,
  WarmThroughput,
} from "#models/dynamodb.ts";
import type { Throughput, WarmUnits } from "./table-record.ts";

/*
 * What a table or an index may consume, as given and checked. Messages are AWS's: as dynalite's tests recorded them,
 * and as they were measured in October 2026 (ack-api-quirks, DDB-TABLE-128 and 442 to 444).
 */

export type ThroughputContext = Context<"LimitExceededException">;

/** The table itself, or the index of this name. */
export type ThroughputHolder = { readonly index: string } | "table";

/** What can be said of a table's or an index's throughput. */
export interface GivenThroughput {
  readonly ProvisionedThroughput?: ProvisionedThroughput | undefined;
  readonly OnDemandThroughput?: OnDemandThroughput | undefined;
  readonly WarmThroughput?: WarmThroughput | undefined;
}

const invalid = "One or more parameter values were invalid: ";
const representableUnits = 1_000_000_000_000;
/** The quota of a new account. */
export const unitsPerTableAtMost = 40_000;

export const noThroughput: Throughput = {
  readUnits: 0,
  writeUnits: 0,
  increasedAtMs: undefined,
  decreasedAtMs: undefined,
  decreasesToday: 0,
};

/** A table's throughput for a billing mode that it did not have before. */
export function tableThroughput(
  ctx: ThroughputContext,
  mode: BillingMode,
  given: GivenThroughput,
): Throughput {
  const provisioned = given.ProvisionedThroughput;
  if (mode === "PAY_PER_REQUEST") {
    if (provisioned !== undefined) throw unitsWithoutProvision(ctx);
    return noThroughput;
  }
  if (provisioned === undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalid}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED`,
    );
  }
  checkBounds(ctx, provisioned);
  checkQuota(ctx, provisioned, "table");
  return newThroughput(provisioned);
}

export function unitsWithoutProvision(ctx: Context): Error {
  return ctx.error(
    "ValidationException",
    `${invalid}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST`,
  );
}

export function checkBounds(ctx: Context, provisioned: ProvisionedThroughput): void {
  for (const member of ["ReadCapacityUnits", "WriteCapacityUnits"] as const) {
    if (provisioned[member] <= representableUnits) continue;
    throw ctx.error(
      "ValidationException",
      `Given value ${provisioned[member]} for ${member} is out of bounds`,
    );
  }
}

export function checkQuota(
  ctx: ThroughputContext,
  provisioned: ProvisionedThroughput,
  holder: ThroughputHolder,
): void {
  for (const member of ["ReadCapacityUnits", "WriteCapacityUnits"] as const) {
    if (provisioned[member] <= unitsPerTableAtMost) continue;
    const [kind, what] =
      holder === "table" ? ["table", member] : ["index", `${member} for index ${holder.index}`];
    throw ctx.error(
      "LimitExceededException",
      `The requested ${what}, ${provisioned[member]}, is above the per ${kind} maximum for the account in ${ctx.region}. ` +
        `Per ${kind} maximum: ${unitsPerTableAtMost}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.`,
    );
  }
}

/** The limits of on-demand consumption, which belong to on-demand tables; `-1` takes one away again. */
export function onDemandThroughput(
  ctx: ThroughputContext,
  mode: BillingMode,
  given: OnDemandThroughput | undefined,
  holder: ThroughputHolder,
  lowest: 1 | -1,
): OnDemandThroughput | undefined {
  if (given === undefined) return undefined;
  for (const member of ["MaxReadRequestUnits", "MaxWriteRequestUnits"] as const) {
    const units = given[member];
    if (units === undefined) continue;
    if (mode === "PROVISIONED") {
      const what = holder === "table" ? "" : ` for index: ${holder.index}`;
      throw ctx.error(
        "ValidationException",
        `${invalid}${member} for OnDemandThroughput${what} cannot be specified when table BillingMode is PROVISIONED.`,
      );
    }
    if (units < lowest || units === 0) {
      const what = holder === "table" ? "table" : `index : ${holder.index}`;
      throw ctx.error(
        "ValidationException",
        `${invalid}Requested ${member} for OnDemandThroughput for ${what} is outside of valid range`,
      );
    }
    if (units > unitsPerTableAtMost) {
      const what = holder === "table" ? "table" : `index : ${holder.index}`;
      throw aboveAccount(ctx, `${member} for OnDemandThroughput for ${what}`);
    }
  }
  return given;
}

function aboveAccount(ctx: ThroughputContext, requested: string): Error {
  const kind = requested.includes("Read") ? "Read" : "Write";
  return ctx.error(
    "LimitExceededException",
    `Subscriber limit exceeded: Requested ${requested} exceeds TableMax${kind}CapacityUnits of the account in region ${ctx.region}`,
  );
}

export function newThroughput(provisioned: ProvisionedThroughput): Throughput {
  return {
    ...noThroughput,
    readUnits: provisioned.ReadCapacityUnits,
    writeUnits: provisioned.WriteCapacityUnits,
  };
}

/**
 * What a table or an index can serve at once without asking for it: an on-demand one serves 12,000 reads and 4,000
 * writes, a provisioned one what it is provisioned with.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
 */
export function warmAnyway(mode: BillingMode, throughput: Throughput): WarmUnits {
  return mode === "PAY_PER_REQUEST"
    ? { read: 12_000, write: 4_000 }
    : { read: throughput.readUnits, write: throughput.writeUnits };
}

/** The warm throughput that a new table or index asks for: at least what it has anyway. */
export function newWarmUnits(
  ctx: ThroughputContext,
  given: WarmThroughput | undefined,
  mode: BillingMode,
  throughput: Throughput,
  holder: ThroughputHolder,
): WarmUnits | undefined {
  const onDemand =
    "initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial";
  return warmUnits(ctx, given, warmAnyway(mode, throughput), holder, (capacityUnits) =>
    mode === "PAY_PER_REQUEST" ? onDemand : `${capacityUnits} of ProvisionedThroughput`,
  );
}

/** The warm throughput that an update asks for: it can only grow. */
export function moreWarmUnits(
  ctx: ThroughputContext,
  given: WarmThroughput | undefined,
  current: WarmUnits,
  holder: ThroughputHolder,
): WarmUnits | undefined {
  return warmUnits(
    ctx,
    given,
    current,
    holder,
    () => "current WarmThroughput, decreasing WarmThroughput is not supported",
  );
}

function warmUnits(
  ctx: ThroughputContext,
  given: WarmThroughput | undefined,
  current: WarmUnits,
  holder: ThroughputHolder,
  floor: (capacityUnits: string) => string,
): WarmUnits | undefined {
  if (given === undefined) return undefined;
  const read = given.ReadUnitsPerSecond ?? current.read;
  const write = given.WriteUnitsPerSecond ?? current.write;
  const what = holder === "table" ? "table" : `index ${holder.index}`;
  const tooLow = (member: string, capacityUnits: string): Error =>
    ctx.error(
      "ValidationException",
      `${invalid}Requested ${member} for WarmThroughput for ${what} is lower than ${floor(capacityUnits)}`,
    );
  if (read < current.read) throw tooLow("ReadUnitsPerSecond", "ReadCapacityUnits");
  if (write < current.write) throw tooLow("WriteUnitsPerSecond", "WriteCapacityUnits");
  for (const [member, units] of [
    ["ReadUnitsPerSecond", read],
    ["WriteUnitsPerSecond", write],
  ] as const) {
    if (units > unitsPerTableAtMost) {
      throw aboveAccount(ctx, `${member} for WarmThroughput for ${what}`);
    }
  }
  return { read, write };
}
