import type { Context } from "#kernel/context.ts";
import type { CallOutcome } from "#kernel/service.ts";
import type { TableTraffic } from "./table-traffic.ts";

/*
 * The numbers of requests. Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
 */

/** Notes of which tables a request is. Almost all are of one. */
export function noteTraffic(ctx: Context, traffic: TableTraffic): void {
  const { note } = ctx;
  if (note === undefined || note === traffic) ctx.note = traffic;
  else if (note instanceof Set) note.add(traffic);
  else ctx.note = new Set([note as TableTraffic, traffic]);
}

const throttles = new Set([
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ThrottlingException",
]);

/** Counts a call that was answered. */
export function observeRequest(ctx: Context, { status, code, latencyMs }: CallOutcome): void {
  const tables = tablesOf(ctx);
  const { operation: Operation } = ctx;
  if (status < 400) {
    for (const traffic of tables) traffic.operation(Operation).latencyMs.add(latencyMs);
  } else if (status >= 500) {
    for (const traffic of tables) traffic.count("SystemErrors", 1, { Operation });
  } else if (code !== undefined && throttles.has(code)) {
    for (const traffic of tables) traffic.count("ThrottledRequests", 1, { Operation });
  } else if (code === "ConditionalCheckFailedException") {
    for (const traffic of tables) traffic.count("ConditionalCheckFailedRequests", 1);
  } else {
    ctx.series("AWS/DynamoDB", "UserErrors", {}).add(1);
  }
}

function tablesOf({ note }: Context): Iterable<TableTraffic> {
  if (note === undefined) return [];
  return note instanceof Set ? (note as Set<TableTraffic>) : [note as TableTraffic];
}
