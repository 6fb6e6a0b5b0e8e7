import type { Context } from "#kernel/context.ts";
import type {
  GlobalSecondaryIndexUpdate,
  OnDemandThroughput,
  ProvisionedThroughput,
  UpdateTableInput,
} from "#models/dynamodb.ts";
import { decreasesOnDay } from "./table-description.ts";
import type { Billing, IndexRecord, TableRecord, Throughput } from "./table-record.ts";
import {
  checkQuota,
  type GivenThroughput,
  moreWarmUnits,
  newThroughput,
  noThroughput,
  onDemandThroughput,
  tableThroughput,
  type ThroughputContext,
  type ThroughputHolder,
  unitsWithoutProvision,
  warmAnyway,
} from "./throughput.ts";

/*
 * What UpdateTable makes of a table's and its indexes' throughput. Messages are AWS's: as dynalite's tests recorded
 * them, and as they were measured in October 2026 (ack-api-quirks, DDB-TABLE-128, 152 to 164, 179, 442 and 443).
 */

const invalid = "One or more parameter values were invalid: ";
const representableUnits = 1_000_000_000_000;
const freeDecreasesADay = 4;
const decreaseEveryMs = 3_600_000;
const dayMs = 86_400_000;
/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/switching.capacitymode.html */
const switchesADay = 4;

/** The billing that a table has after the request. */
export function changedBilling(
  ctx: ThroughputContext,
  table: TableRecord,
  input: UpdateTableInput,
  nowMs: number,
): Billing {
  const { billing: before } = table;
  const mode = input.BillingMode ?? before.mode;
  const isSwitched = mode !== before.mode;
  const switches = (before.payPerRequestSwitchesMs ?? []).filter((atMs) => atMs > nowMs - dayMs);
  if (isSwitched && mode === "PAY_PER_REQUEST") {
    if (switches.length >= switchesADay) throw tooManySwitches(ctx);
    switches.push(nowMs);
  }
  const throughput = changedTableThroughput(ctx, before, mode, input, nowMs);
  const current = currentWarmUnits(before.mode, before.throughput, before.warmThroughput);
  const given = onDemandThroughput(ctx, mode, input.OnDemandThroughput, "table", -1);
  return {
    mode,
    payPerRequestSwitchesMs: switches,
    payPerRequestSinceMs:
      isSwitched && mode === "PAY_PER_REQUEST" ? nowMs : before.payPerRequestSinceMs,
    throughput,
    onDemandThroughput: mergedOnDemand(isSwitched ? undefined : before.onDemandThroughput, given),
    warmThroughput:
      moreWarmUnits(ctx, input.WarmThroughput, current, "table") ?? before.warmThroughput,
  };
}

/** That there is such a limit is documented, its message is not. */
function tooManySwitches(ctx: ThroughputContext): Error {
  return ctx.error(
    "LimitExceededException",
    `Subscriber limit exceeded: Update to PayPerRequest mode are limited to ${switchesADay} times in 1 day(s).`,
  );
}

function changedTableThroughput(
  ctx: ThroughputContext,
  before: Billing,
  mode: Billing["mode"],
  input: UpdateTableInput,
  nowMs: number,
): Throughput {
  const given = input.ProvisionedThroughput;
  if (given === undefined && input.BillingMode === "PROVISIONED") {
    throw ctx.error(
      "ValidationException",
      `${invalid}ProvisionedThroughput must be specified when BillingMode is PROVISIONED`,
    );
  }
  if (mode !== before.mode) return tableThroughput(ctx, mode, input);
  if (given === undefined) return before.throughput;
  if (mode === "PAY_PER_REQUEST") throw unitsWithoutProvision(ctx);
  return changed(ctx, before.throughput, given, "table", nowMs);
}

/** The throughput of an index that UpdateTable adds. */
export function createdIndexThroughput(
  ctx: ThroughputContext,
  mode: Billing["mode"],
  given: GivenThroughput & { readonly IndexName: string },
): Throughput {
  const { IndexName: name, ProvisionedThroughput: provisioned } = given;
  if (mode === "PAY_PER_REQUEST") {
    if (provisioned !== undefined) throw indexUnitsWithoutProvision(ctx, name);
    return noThroughput;
  }
  if (provisioned === undefined) throw indexUnitsMissing(ctx, name);
  checkIndexBounds(ctx, provisioned);
  checkQuota(ctx, provisioned, { index: name });
  return newThroughput(provisioned);
}

/** An index as the request leaves it: with what it asks for this index, and in the table's new billing mode. */
export function changedIndexThroughput(
  ctx: ThroughputContext,
  table: TableRecord,
  after: Billing,
  index: IndexRecord,
  update: GlobalSecondaryIndexUpdate["Update"],
  nowMs: number,
): IndexRecord {
  const isSwitched = after.mode !== table.billing.mode;
  if (update === undefined && !isSwitched) return index;
  const given: GivenThroughput = update ?? {};
  const holder = { index: index.name };
  const before = index.throughput ?? noThroughput;
  const throughput = changedUnits(ctx, table, after, index, update, nowMs);
  const onDemand = onDemandThroughput(ctx, after.mode, given.OnDemandThroughput, holder, -1);
  const current = currentWarmUnits(table.billing.mode, before, index.warmThroughput);
  const isUpdating = throughput !== before || onDemand !== undefined;
  return {
    ...index,
    status: isUpdating && index.status === "ACTIVE" ? "UPDATING" : index.status,
    throughput,
    onDemandThroughput: mergedOnDemand(isSwitched ? undefined : index.onDemandThroughput, onDemand),
    warmThroughput:
      moreWarmUnits(ctx, given.WarmThroughput, current, holder) ?? index.warmThroughput,
  };
}

function changedUnits(
  ctx: ThroughputContext,
  table: TableRecord,
  after: Billing,
  index: IndexRecord,
  update: GlobalSecondaryIndexUpdate["Update"],
  nowMs: number,
): Throughput {
  const { name } = index;
  const before = index.throughput ?? noThroughput;
  const provisioned = update?.ProvisionedThroughput;
  if (after.mode === "PAY_PER_REQUEST") {
    if (provisioned !== undefined) throw indexUnitsWithoutProvision(ctx, name);
    if (update && !namesUnits(update.OnDemandThroughput) && !update.WarmThroughput) {
      throw ctx.error(
        "ValidationException",
        `${invalid}The only Updates for index: ${name} when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput`,
      );
    }
    return after.mode === table.billing.mode ? before : noThroughput;
  }
  if (provisioned === undefined) {
    if (update?.WarmThroughput || update?.OnDemandThroughput) return before;
    throw indexUnitsMissing(ctx, name);
  }
  checkIndexBounds(ctx, provisioned);
  if (after.mode === table.billing.mode) {
    return changed(ctx, before, provisioned, { index: name }, nowMs);
  }
  checkQuota(ctx, provisioned, { index: name });
  return newThroughput(provisioned);
}

const namesUnits = (given: OnDemandThroughput | undefined): boolean =>
  (given?.MaxReadRequestUnits ?? given?.MaxWriteRequestUnits) !== undefined;

function indexUnitsWithoutProvision(ctx: Context, name: string): Error {
  return ctx.error(
    "ValidationException",
    `${invalid}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
  );
}

function indexUnitsMissing(ctx: Context, name: string): Error {
  return ctx.error(
    "ValidationException",
    `${invalid}Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: ${name}`,
  );
}

function currentWarmUnits(
  mode: Billing["mode"],
  throughput: Throughput,
  asked: Billing["warmThroughput"],
): { readonly read: number; readonly write: number } {
  const anyway = warmAnyway(mode, throughput);
  return {
    read: Math.max(anyway.read, asked?.read ?? 0),
    write: Math.max(anyway.write, asked?.write ?? 0),
  };
}

/** `-1` takes a limit away. */
function mergedOnDemand(
  before: OnDemandThroughput | undefined,
  given: OnDemandThroughput | undefined,
): OnDemandThroughput | undefined {
  const merged = { ...before, ...given };
  const limit = (units: number | undefined): number | undefined =>
    units === -1 ? undefined : units;
  const read = limit(merged.MaxReadRequestUnits);
  const write = limit(merged.MaxWriteRequestUnits);
  if (read === undefined && write === undefined) return undefined;
  return { MaxReadRequestUnits: read, MaxWriteRequestUnits: write };
}

function checkIndexBounds(ctx: Context, given: ProvisionedThroughput): void {
  const most = Math.max(given.ReadCapacityUnits, given.WriteCapacityUnits);
  if (most <= representableUnits) return;
  throw ctx.error(
    "ValidationException",
    "This operation cannot be performed with given input values. Please contact DynamoDB service team for more info: Action Blocked: IndexUpdate",
  );
}

function changed(
  ctx: ThroughputContext,
  before: Throughput,
  given: ProvisionedThroughput,
  holder: ThroughputHolder,
  nowMs: number,
): Throughput {
  const after = newThroughput(given);
  if (after.readUnits === before.readUnits && after.writeUnits === before.writeUnits) {
    const [what, where] =
      holder === "table"
        ? ["the table", "the table"]
        : [`the index ${holder.index}`, `index ${holder.index}`];
    throw ctx.error(
      "ValidationException",
      `The provisioned throughput for ${what} will not change. The requested value equals the current value. ` +
        `Current ReadCapacityUnits provisioned for ${where}: ${before.readUnits}. Requested ReadCapacityUnits: ${after.readUnits}. ` +
        `Current WriteCapacityUnits provisioned for ${where}: ${before.writeUnits}. Requested WriteCapacityUnits: ${after.writeUnits}. ` +
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
    );
  }
  checkQuota(ctx, given, holder);
  const isMore = after.readUnits > before.readUnits || after.writeUnits > before.writeUnits;
  const isLess = after.readUnits < before.readUnits || after.writeUnits < before.writeUnits;
  const decreases = decreasesOnDay(before, nowMs);
  if (isLess) checkDecrease(ctx, before, decreases, nowMs);
  return {
    ...after,
    increasedAtMs: isMore ? nowMs : before.increasedAtMs,
    decreasedAtMs: isLess ? nowMs : before.decreasedAtMs,
    decreasesToday: isLess ? decreases + 1 : decreases,
  };
}

function checkDecrease(
  ctx: ThroughputContext,
  before: Throughput,
  decreases: number,
  nowMs: number,
): void {
  const lastMs = before.decreasedAtMs ?? 0;
  if (decreases < freeDecreasesADay || nowMs >= lastMs + decreaseEveryMs) return;
  throw ctx.error(
    "LimitExceededException",
    "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. " +
      `After the first ${freeDecreasesADay} decreases, each subsequent decrease in the same UTC day can be performed at most once every ${decreaseEveryMs / 1000} seconds. ` +
      `Number of decreases today: ${decreases}. Last decrease at ${utcText.format(lastMs)}. ` +
      `Next decrease can be made at ${utcText.format(lastMs + decreaseEveryMs)}`,
  );
}

/** "Monday, October 10, 2022 at 1:00:19 PM Coordinated Universal Time" */
const utcText = new Intl.DateTimeFormat("en-US", {
  dateStyle: "full",
  timeStyle: "full",
  timeZone: "UTC",
});
