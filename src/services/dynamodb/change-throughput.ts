import type { Context } from "#kernel/context.ts";
import type {
  GlobalSecondaryIndexUpdate,
  ProvisionedThroughput,
  UpdateTableInput,
} from "#models/dynamodb.ts";
import { decreasesOnDay } from "./table-description.ts";
import type { Billing, IndexRecord, TableRecord, Throughput } from "./table-record.ts";
import {
  checkOnDemand,
  type GivenThroughput,
  indexThroughput,
  newThroughput,
  noThroughput,
  tableThroughput,
  unitsWithoutProvision,
  warmAnyway,
  warmUnits,
} from "./throughput.ts";

/*
 * What UpdateTable makes of a table's and its indexes' throughput. Sources of the messages: dynalite's tests, recorded
 * from AWS; for the limit on decreases an AWS answer quoted in ansible-collections/community.aws issue 1558.
 */

type ThroughputContext = Context<"LimitExceededException">;

const unitsAtMost = 1_000_000_000_000;
const freeDecreasesADay = 4;
const decreaseEveryMs = 3_600_000;

/** The billing that a table has after the request. */
export function changedBilling(
  ctx: ThroughputContext,
  table: TableRecord,
  input: UpdateTableInput,
  nowMs: number,
): Billing {
  const { billing: before } = table;
  const mode = input.BillingMode ?? before.mode;
  checkOnDemand(ctx, mode, input);
  const throughput = changedTableThroughput(ctx, before, mode, input, nowMs);
  const current = before.warmThroughput ?? warmAnyway(before.mode, before.throughput);
  const isSwitchedOn = mode === "PAY_PER_REQUEST" && before.mode !== mode;
  return {
    mode,
    payPerRequestSinceMs: isSwitchedOn ? nowMs : before.payPerRequestSinceMs,
    throughput,
    onDemandThroughput:
      mode === "PROVISIONED" ? undefined : (input.OnDemandThroughput ?? before.onDemandThroughput),
    warmThroughput: warmUnits(ctx, input.WarmThroughput, current, "table") ?? before.warmThroughput,
  };
}

function changedTableThroughput(
  ctx: ThroughputContext,
  before: Billing,
  mode: Billing["mode"],
  input: UpdateTableInput,
  nowMs: number,
): Throughput {
  if (mode !== before.mode) return tableThroughput(ctx, mode, input);
  const given = input.ProvisionedThroughput;
  if (given === undefined) return before.throughput;
  if (mode === "PAY_PER_REQUEST") throw unitsWithoutProvision(ctx);
  return changed(ctx, before.throughput, given, "table", "table", nowMs);
}

/** An index as the request leaves it: with what it asks for this index, and in the table's billing mode. */
export function changedIndexThroughput(
  ctx: ThroughputContext,
  table: TableRecord,
  after: Billing,
  index: IndexRecord,
  updates: readonly GlobalSecondaryIndexUpdate[],
  nowMs: number,
): IndexRecord {
  const { name } = index;
  const update = updates.find(({ Update }) => Update?.IndexName === name)?.Update;
  const isSwitched = after.mode !== table.billing.mode;
  if (update === undefined && !isSwitched) return index;
  const given: GivenThroughput = update ?? {};
  const before = index.throughput ?? noThroughput;
  let throughput = before;
  if (isSwitched) {
    throughput = indexThroughput(ctx, after.mode, name, given);
  } else if (given.ProvisionedThroughput !== undefined) {
    checkIndexBounds(ctx, given.ProvisionedThroughput);
    if (after.mode === "PAY_PER_REQUEST") throw unitsWithoutProvision(ctx);
    throughput = changed(ctx, before, given.ProvisionedThroughput, "index", `index ${name}`, nowMs);
  }
  checkOnDemand(ctx, after.mode, given);
  const current = index.warmThroughput ?? warmAnyway(table.billing.mode, before);
  return {
    ...index,
    status: index.status === "ACTIVE" ? "UPDATING" : index.status,
    throughput,
    onDemandThroughput:
      after.mode === "PROVISIONED"
        ? undefined
        : (given.OnDemandThroughput ?? index.onDemandThroughput),
    warmThroughput: warmUnits(ctx, given.WarmThroughput, current, "index") ?? index.warmThroughput,
  };
}

function checkIndexBounds(ctx: Context, given: ProvisionedThroughput): void {
  if (given.ReadCapacityUnits <= unitsAtMost && given.WriteCapacityUnits <= unitsAtMost) return;
  throw ctx.error(
    "ValidationException",
    "This operation cannot be performed with given input values. Please contact DynamoDB service team for more info: Action Blocked: IndexUpdate",
  );
}

function changed(
  ctx: ThroughputContext,
  before: Throughput,
  given: ProvisionedThroughput,
  kind: "table" | "index",
  resource: string,
  nowMs: number,
): Throughput {
  const after = newThroughput(given);
  if (after.readUnits === before.readUnits && after.writeUnits === before.writeUnits) {
    throw ctx.error(
      "ValidationException",
      `The provisioned throughput for the ${resource} will not change. The requested value equals the current value. ` +
        `Current ReadCapacityUnits provisioned for the ${kind}: ${before.readUnits}. Requested ReadCapacityUnits: ${after.readUnits}. ` +
        `Current WriteCapacityUnits provisioned for the ${kind}: ${before.writeUnits}. Requested WriteCapacityUnits: ${after.writeUnits}. ` +
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
    );
  }
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
