import { endOfPrefix } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { QueryStatistics, QueryStatus } from "#models/logs.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { oldestKeptMs } from "../groups/retention.ts";
import { queryIdKey, queryKey, queryResultKey, queryResultsPrefix } from "../keyspace.ts";
import { arnOfGroup } from "../names.ts";
import { findGroup } from "../open.ts";
import type { GroupRecord } from "../records.ts";
import { streamsOf } from "../streams/log-streams.ts";
import { canMatch, wantedValues } from "./indexed-values.ts";
import { parseQuery } from "./parse-query.ts";
import { Plan, type ResultRow } from "./plan.ts";
import { type QueryRecord, queryCodec, resultsCodec } from "./records.ts";
import { EventRow, type Origin } from "./row.ts";
import { scanStream } from "./scan.ts";
import { TooManyGroups } from "./stats.ts";

/** Rows that stand in one value. */
export const rowsPerPage = 500;
const keptForMs = 7 * 24 * 3_600_000;
/** Source: CloudWatch Logs User Guide, quotas. */
const longestMs = 60 * 60_000;

export interface QueryJob {
  readonly id: string;
  readonly createdMs: number;
}

export function findQuery(
  snapshot: Snapshot,
  ctx: Context,
  { id, createdMs }: QueryJob,
): QueryRecord | undefined {
  return snapshot.record(queryKey(ctx, createdMs, id), queryCodec);
}

export function putQuery(tx: Transaction, ctx: Context, query: QueryRecord): void {
  tx.putRecord(queryKey(ctx, query.createdMs, query.id), queryCodec, query);
}

/** Runs a query to its end, from the beginning again if the process died meanwhile. */
export async function runQuery(ctx: JobContext, job: QueryJob): Promise<void> {
  const query = await ctx.transact((tx) => {
    const found = findQuery(tx, ctx, job);
    if (found === undefined || isOver(found.status)) return undefined;
    const running: QueryRecord = { ...found, status: "Running" };
    putQuery(tx, ctx, running);
    return running;
  });
  if (query === undefined) return;
  const startedMs = ctx.now();
  let status: QueryStatus = "Complete";
  let rows: ResultRow[] = [];
  const run = new QueryRun(ctx, query);
  try {
    await run.scan();
    rows = run.results();
    if (ctx.now() - startedMs > longestMs) status = "Timeout";
  } catch (problem) {
    if (!(problem instanceof TooManyGroups)) throw problem;
    status = "Failed";
  }
  const durationMs = Math.max(0, ctx.now() - startedMs);
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const found = findQuery(tx, ctx, job);
    if (found === undefined || isOver(found.status)) return;
    const statistics = { ...run.statistics, resultCount: rows.length };
    putQuery(tx, ctx, { ...found, status, durationMs, statistics });
    for (let page = 0; page * rowsPerPage < rows.length; page += 1) {
      const part = rows.slice(page * rowsPerPage, (page + 1) * rowsPerPage);
      tx.putRecord(queryResultKey(ctx, job.id, page), resultsCodec, part);
    }
    ctx.schedule(tx, { at: ctx.now() + keptForMs, job: "forgetQuery", key: job.id, payload: job });
  });
}

export const isOver = (status: QueryStatus): boolean =>
  status !== "Scheduled" && status !== "Running";

class QueryRun {
  readonly #ctx: JobContext;
  readonly #query: QueryRecord;
  readonly #plan: Plan;
  readonly #wanted: ReturnType<typeof wantedValues>;
  #isStopped = false;
  #scanned = { recordsScanned: 0, bytesScanned: 0 };
  #skipped = { estimatedRecordsSkipped: 0, estimatedBytesSkipped: 0 };

  constructor(ctx: JobContext, query: QueryRecord) {
    this.#ctx = ctx;
    this.#query = query;
    const parsed = parseQuery(query.text);
    this.#plan = new Plan(parsed, query.limit, ctx.now());
    this.#wanted = wantedValues(parsed.commands);
  }

  get statistics(): QueryStatistics {
    return {
      recordsMatched: this.#plan.matched,
      ...this.#scanned,
      ...this.#skipped,
      logGroupsScanned: this.#query.groups.length,
    };
  }

  results(): ResultRow[] {
    return this.#plan.results();
  }

  async scan(): Promise<void> {
    const ctx = this.#ctx;
    for (const name of this.#query.groups) {
      const found = await ctx.read((snapshot) => {
        const group = findGroup(snapshot, ctx, name);
        return group && { group, streams: streamsOf(snapshot, ctx, group) };
      });
      for (const stream of found?.streams ?? []) {
        if (this.#isStopped) return;
        await this.#scanStream(found!.group, stream);
        await this.#lookWhetherStopped();
      }
    }
  }

  async #scanStream(
    group: GroupRecord,
    stream: ReturnType<typeof streamsOf>[number],
  ): Promise<void> {
    const ctx = this.#ctx;
    const origin: Origin = {
      stream: stream.name,
      streamNumber: stream.number,
      log: `${ctx.account}:${group.name}`,
      group: arnOfGroup(ctx, group.name),
    };
    const startMs = Math.max(this.#query.startMs, oldestKeptMs(ctx, group));
    const wanted = this.#wanted;
    await scanStream(
      ctx,
      stream,
      { startMs, endMs: this.#query.endMs },
      {
        onEvents: (events) => {
          for (const event of events) this.#plan.add(new EventRow(event, origin));
        },
        isWanted: (chunk) => wanted.length === 0 || canMatch(chunk.index, wanted),
        onSkipped: ({ count, sizeBytes }) => {
          this.#skipped.estimatedRecordsSkipped += count;
          this.#skipped.estimatedBytesSkipped += sizeBytes;
        },
        onScanned: (events, bytes) => {
          this.#scanned.recordsScanned += events;
          this.#scanned.bytesScanned += bytes;
        },
        isStopped: () => this.#isStopped,
      },
    );
  }

  async #lookWhetherStopped(): Promise<void> {
    const { id, createdMs } = this.#query;
    const found = await this.#ctx.read((snapshot) =>
      findQuery(snapshot, this.#ctx, { id, createdMs }),
    );
    this.#isStopped = found === undefined || isOver(found.status);
  }
}

/** Results are there for a week. */
export async function forgetQuery(ctx: JobContext, job: QueryJob): Promise<void> {
  await ctx.transact((tx) => {
    ctx.complete(tx);
    tx.delete(queryKey(ctx, job.createdMs, job.id));
    tx.delete(queryIdKey(ctx, job.id));
    const results = queryResultsPrefix(ctx, job.id);
    for (const { key } of tx.range({ start: results, end: endOfPrefix(results) })) tx.delete(key);
  });
}
