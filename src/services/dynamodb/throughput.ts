import type { Context } from "#kernel/context.ts";
import type {
  BillingMode,
  OnDemandThroughput,
  ProvisionedThroughput,
  WarmThroughput,
} from "#models/dynamodb.ts";
import type { Throughput, WarmUnits } from "./table-record.ts";

/*
 * What a table or an index may consume, as given and checked. Sources of the messages: dynalite's tests, recorded
 * from AWS, and /recorded cases of LocalStack's.
 */

const invalid = "One or more parameter values were invalid: ";
const unitsAtMost = 1_000_000_000_000;

/** What can be said of a table's or an index's throughput, in each of three requests. */
export interface GivenThroughput {
  readonly ProvisionedThroughput?: ProvisionedThroughput | undefined;
  readonly OnDemandThroughput?: OnDemandThroughput | undefined;
  readonly WarmThroughput?: WarmThroughput | undefined;
}

export const noThroughput: Throughput = {
  readUnits: 0,
  writeUnits: 0,
  increasedAtMs: undefined,
  decreasedAtMs: undefined,
  decreasesToday: 0,
};

/** Checks a new table's throughput against its billing mode. */
export function tableThroughput(
  ctx: Context,
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
  checkOnDemand(ctx, mode, given);
  return newThroughput(provisioned);
}

/** Checks a new index's throughput against its table's billing mode. */
export function indexThroughput(
  ctx: Context,
  mode: BillingMode,
  indexName: string,
  given: GivenThroughput,
): Throughput {
  const provisioned = given.ProvisionedThroughput;
  if (mode === "PAY_PER_REQUEST") {
    if (provisioned === undefined) return noThroughput;
    throw ctx.error(
      "ValidationException",
      `${invalid}ProvisionedThroughput should not be specified for index: ${indexName} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  if (provisioned === undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalid}ProvisionedThroughput must be specified for index: ${indexName}`,
    );
  }
  checkBounds(ctx, provisioned);
  checkOnDemand(ctx, mode, given);
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
    if (provisioned[member] > unitsAtMost) {
      throw ctx.error(
        "ValidationException",
        `Given value ${provisioned[member]} for ${member} is out of bounds`,
      );
    }
  }
}

/** Limits of on-demand consumption belong to on-demand tables. */
export function checkOnDemand(ctx: Context, mode: BillingMode, given: GivenThroughput): void {
  if (mode === "PROVISIONED" && given.OnDemandThroughput !== undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Neither MaxReadRequestUnits nor MaxWriteRequestUnits can be specified when BillingMode is PROVISIONED`,
    );
  }
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

/** The warm throughput asked for, where `current` is what there is already: it can only grow. */
export function warmUnits(
  ctx: Context,
  given: WarmThroughput | undefined,
  current: WarmUnits,
  resource: "table" | "index",
): WarmUnits | undefined {
  if (given === undefined) return undefined;
  const units = {
    read: given.ReadUnitsPerSecond ?? current.read,
    write: given.WriteUnitsPerSecond ?? current.write,
  };
  for (const [member, isLower] of [
    ["ReadUnitsPerSecond", units.read < current.read],
    ["WriteUnitsPerSecond", units.write < current.write],
  ] as const) {
    if (isLower) {
      throw ctx.error(
        "ValidationException",
        `${invalid}Requested ${member} for WarmThroughput for ${resource} is lower than current WarmThroughput, decreasing WarmThroughput is not supported`,
      );
    }
  }
  return units;
}
