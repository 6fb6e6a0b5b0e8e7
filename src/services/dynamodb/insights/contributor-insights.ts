import { endOfPrefix, keyAfter } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  ContributorInsightsMode,
  ContributorInsightsSummary,
  DynamoDB,
} from "#models/dynamodb.ts";
import type { TableJob } from "../tables/activate-table.ts";
import { tableKey, tablesPrefix } from "../keyspace.ts";
import { findTable, openTableToManage, tableNameOf } from "../tables/open-table.ts";
import { type IndexRecord, tableCodec, type TableRecord } from "../tables/table-record.ts";
import { type InsightsRecord, insightsOf, ruleNames } from "./insights-record.ts";

/*
 * Messages and what goes before what are AWS's, as they were measured in October 2026 (ack-api-quirks, DDB-TABLE-089,
 * 091, 092, 341, 343 and 442).
 */

const pageAtMost = 100;

type TableContext = Context<"ResourceNotFoundException">;

export const contributorInsights = {
  /** ENABLING or DISABLING first; a job ends the change. Enabling what is enabled in the same mode does nothing. */
  UpdateContributorInsights(ctx, input) {
    tableNameOf(ctx, input.TableName);
    return ctx.transact((tx) => {
      const table = openTableToManage(tx, ctx, input.TableName);
      const index = indexOf(ctx, table, input.IndexName);
      checkState(ctx, table, index);
      const before = insightsOf(table, index);
      const mode = input.ContributorInsightsMode ?? "ACCESSED_AND_THROTTLED_KEYS";
      const isEnabling = input.ContributorInsightsAction === "ENABLE";
      const after = isEnabling
        ? enabled(ctx, before, index, mode)
        : before && disabled(ctx, before);
      if (after !== undefined && after !== before) {
        putInsights(ctx, tx, table, after);
        ctx.schedule(tx, {
          at: ctx.now(),
          job: "settleInsights",
          key: `${table.id}/${after.indexId ?? "table"}`,
          payload: { tableName: table.name, tableId: table.id, indexId: after.indexId },
        });
      }
      return {
        TableName: table.name,
        IndexName: input.IndexName,
        ContributorInsightsStatus: after?.status ?? "DISABLED",
        ContributorInsightsMode: after?.mode,
      };
    });
  },

  DescribeContributorInsights(ctx, input) {
    tableNameOf(ctx, input.TableName);
    return ctx.read((snapshot) => {
      const table = openTableToManage(snapshot, ctx, input.TableName);
      const index = indexOf(ctx, table, input.IndexName);
      const found = insightsOf(table, index);
      const name = { TableName: table.name, IndexName: input.IndexName };
      if (found === undefined) return { ...name, ContributorInsightsStatus: "DISABLED" };
      return {
        ...name,
        ContributorInsightsRuleList:
          found.status === "DISABLED" ? undefined : ruleNames(table, index, found),
        ContributorInsightsStatus: found.status,
        LastUpdateDateTime: found.changedAtMs,
        ContributorInsightsMode: found.mode,
      };
    });
  },

  /** Those that are not disabled, by table. The token is the name of the last table of a page. */
  ListContributorInsights(ctx, input) {
    const pageSize = Math.min(input.MaxResults ?? pageAtMost, pageAtMost);
    const { TableName: only, NextToken: token } = input;
    return ctx.read((snapshot) => {
      if (only !== undefined) {
        const table = openTableToManage(snapshot, ctx, only);
        return { ContributorInsightsSummaries: summariesOf(table) };
      }
      const summaries: ContributorInsightsSummary[] = [];
      const prefix = tablesPrefix(ctx);
      const start = token === undefined ? prefix : keyAfter(tableKey(ctx, token));
      for (const { value } of snapshot.range({ start, end: endOfPrefix(prefix) })) {
        const table = tableCodec.decode(value);
        summaries.push(...summariesOf(table));
        if (summaries.length >= pageSize) {
          return { ContributorInsightsSummaries: summaries, NextToken: table.name };
        }
      }
      return { ContributorInsightsSummaries: summaries };
    });
  },
} satisfies Handlers<DynamoDB>;

function indexOf(
  ctx: TableContext,
  table: TableRecord,
  name: string | undefined,
): IndexRecord | undefined {
  if (name === undefined) return undefined;
  const index = table.globalIndexes.find((found) => found.name === name);
  if (index !== undefined) return index;
  throw ctx.error(
    "ResourceNotFoundException",
    `Requested resource not found: Table: ${table.name} Index: ${name} not found`,
  );
}

function checkState(ctx: Context, table: TableRecord, index: IndexRecord | undefined): void {
  const refuse = (what: string): Error =>
    ctx.error(
      "ValidationException",
      `Table or Index is not in a valid state to update Key Access Insights: ${what} must be ACTIVE to enable ContributorInsights.`,
    );
  const { status } = table;
  if (status === "CREATING" || status === "DELETING") throw refuse("TableStatus");
  if (index !== undefined && index.status !== "ACTIVE") throw refuse("IndexStatus");
}

function enabled(
  ctx: Context,
  before: InsightsRecord | undefined,
  index: IndexRecord | undefined,
  mode: ContributorInsightsMode,
): InsightsRecord {
  const isOn = before?.status === "ENABLED" || before?.status === "ENABLING";
  if (isOn && before.mode === mode) return before;
  const nowMs = ctx.now();
  return {
    indexId: index?.id,
    status: "ENABLING",
    mode,
    rulesMadeAtMs: isOn ? before.rulesMadeAtMs : nowMs,
    changedAtMs: nowMs,
  };
}

function disabled(ctx: Context, before: InsightsRecord): InsightsRecord {
  const isOff = before.status === "DISABLED" || before.status === "DISABLING";
  return isOff ? before : { ...before, status: "DISABLING", changedAtMs: ctx.now() };
}

function putInsights(
  ctx: Context,
  tx: Parameters<Parameters<Context["transact"]>[0]>[0],
  table: TableRecord,
  after: InsightsRecord,
): void {
  const others = (table.insights ?? []).filter(({ indexId }) => indexId !== after.indexId);
  const insights = [...others, after];
  tx.putRecord(tableKey(ctx, table.name), tableCodec, { ...table, insights });
}

function summariesOf(table: TableRecord): ContributorInsightsSummary[] {
  return [undefined, ...table.globalIndexes].flatMap((index) => {
    const found = insightsOf(table, index);
    if (found === undefined || found.status === "DISABLED") return [];
    return [
      {
        TableName: table.name,
        IndexName: index?.name,
        ContributorInsightsStatus: found.status,
        ContributorInsightsMode: found.mode,
      },
    ];
  });
}

export interface InsightsJob extends TableJob {
  readonly indexId?: number;
}

/** Ends what enabling or disabling began. */
export async function settleInsights(ctx: JobContext, job: InsightsJob): Promise<void> {
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const table = findTable(tx, ctx, job.tableName);
    const found = table?.insights?.find(({ indexId }) => indexId === job.indexId);
    if (table?.id !== job.tableId || found === undefined) return;
    if (found.status === "ENABLING") putInsights(ctx, tx, table, { ...found, status: "ENABLED" });
    if (found.status === "DISABLING") putInsights(ctx, tx, table, { ...found, status: "DISABLED" });
  });
}
