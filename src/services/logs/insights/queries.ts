import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs, StartQueryRequest } from "#models/logs.ts";
import type { Snapshot } from "#store/store.ts";
import { queriesPrefix, queryIdKey, queryResultKey } from "../keyspace.ts";
import { groupNameOf } from "../names.ts";
import { notBuilt } from "../not-built.ts";
import { existingGroup } from "../open.ts";
import { pageOf } from "../pages.ts";
import { numberCodec } from "../records.ts";
import { parseQuery, UnbuiltCommand } from "./parse-query.ts";
import { MalformedQuery, type Query } from "./query.ts";
import { type QueryRecord, queryCodec, resultsCodec } from "./records.ts";
import { findQuery, isOver, putQuery, rowsPerPage } from "./run-query.ts";

const queriesPageAtMost = 1_000;
const resultsPageAtMost = 10_000;
/** Source: API reference, StartQuery. */
const groupsAtMost = 50;
/** Times before this are seconds. */
const earliestMs = 100_000_000_000;

export const queries = {
  StartQuery(ctx, input) {
    const { queryLanguage = "CWLI", queryString, limit } = input;
    if (queryLanguage !== "CWLI") throw notBuilt(ctx, `The query language ${queryLanguage}`);
    const query = parsed(ctx, queryString);
    const groups = [...new Set(groupsOf(ctx, input, query))];
    const { startMs, endMs } = windowOf(input);
    if (endMs < startMs) {
      throw ctx.error("InvalidParameterException", "End time should not be before the start time.");
    }
    const id = ctx.random.uuid();
    return ctx.transact((tx) => {
      for (const name of groups) existingGroup(tx, ctx, name);
      const record: QueryRecord = {
        id,
        text: queryString,
        groups,
        startMs,
        endMs,
        limit,
        status: "Scheduled",
        createdMs: ctx.now(),
        durationMs: 0,
        statistics: {},
      };
      putQuery(tx, ctx, record);
      tx.putRecord(queryIdKey(ctx, id), numberCodec, record.createdMs);
      const payload = { id, createdMs: record.createdMs };
      ctx.schedule(tx, { at: ctx.now(), job: "runQuery", key: id, payload });
      return { queryId: id };
    });
  },

  GetQueryResults(ctx, input) {
    const from = input.nextToken === undefined ? 0 : Number(input.nextToken);
    if (!Number.isSafeInteger(from) || from < 0) {
      throw ctx.error("InvalidParameterException", "The specified nextToken is invalid.");
    }
    return ctx.read((snapshot) => {
      const query = openQuery(snapshot, ctx, input.queryId);
      const count = query.statistics.resultCount ?? 0;
      const to = Math.min(count, from + (input.maxItems ?? resultsPageAtMost));
      const rows = [];
      for (let page = Math.floor(from / rowsPerPage); page * rowsPerPage < to; page += 1) {
        const part = snapshot.record(queryResultKey(ctx, query.id, page), resultsCodec) ?? [];
        const first = page * rowsPerPage;
        rows.push(...part.slice(Math.max(0, from - first), to - first));
      }
      const { resultCount, ...statistics } = query.statistics;
      return {
        queryLanguage: "CWLI" as const,
        results: rows.map((row) => [...row]),
        statistics: {
          recordsMatched: 0,
          recordsScanned: 0,
          bytesScanned: 0,
          ...statistics,
          ...(resultCount !== undefined && { resultCount }),
        },
        status: query.status,
        ...(to < count && { nextToken: String(to) }),
      };
    });
  },

  async StopQuery(ctx, input) {
    await ctx.transact((tx) => {
      const query = openQuery(tx, ctx, input.queryId);
      if (isOver(query.status)) {
        throw ctx.error(
          "InvalidParameterException",
          `Query is already ended with ${query.status} status`,
        );
      }
      putQuery(tx, ctx, { ...query, status: "Cancelled" });
    });
    return { success: true };
  },

  DescribeQueries(ctx, input) {
    const { logGroupName, status } = input;
    return ctx.read((snapshot) => {
      const { items, next } = pageOf(snapshot, ctx, {
        prefix: queriesPrefix(ctx),
        codec: queryCodec,
        limit: input.maxResults ?? queriesPageAtMost,
        nextToken: input.nextToken,
        isWanted: (query) =>
          (logGroupName === undefined || query.groups.includes(logGroupName)) &&
          (status === undefined || query.status === status) &&
          (input.queryLanguage === undefined || input.queryLanguage === "CWLI"),
      });
      return {
        queries: items.map((query) => ({
          queryLanguage: "CWLI" as const,
          queryId: query.id,
          queryString: describedText(query),
          status: query.status,
          createTime: query.createdMs,
          logGroupName: query.groups[0],
        })),
        nextToken: next,
      };
    });
  },

  ListLogGroupsForQuery(ctx, input) {
    return ctx.read((snapshot) => ({
      logGroupIdentifiers: [...openQuery(snapshot, ctx, input.queryId).groups],
    }));
  },
} satisfies Handlers<CloudWatchLogs>;

function parsed(ctx: Context<"MalformedQueryException">, text: string): Query {
  try {
    return parseQuery(text);
  } catch (problem) {
    if (problem instanceof UnbuiltCommand) throw notBuilt(ctx, problem.message);
    if (!(problem instanceof MalformedQuery)) throw problem;
    const { message, from, to } = problem;
    throw ctx.error("MalformedQueryException", message, {
      queryCompileError: {
        location: { startCharOffset: from, endCharOffset: to },
        message,
      },
    });
  }
}

function groupsOf(
  ctx: Context<"InvalidParameterException">,
  { logGroupName, logGroupNames, logGroupIdentifiers }: StartQueryRequest,
  { source }: Query,
): readonly string[] {
  const given = [
    logGroupName === undefined ? undefined : [logGroupName],
    logGroupNames,
    logGroupIdentifiers,
    source,
  ].filter((each) => each !== undefined);
  const [groups = []] = given;
  if (given.length !== 1 || groups.length === 0) {
    throw ctx.error(
      "InvalidParameterException",
      "Exactly one of logGroupName, logGroupNames, or logGroupIdentifiers must be specified.",
    );
  }
  if (groups.length > groupsAtMost) {
    throw ctx.error(
      "InvalidParameterException",
      `A query can be about at most ${groupsAtMost} log groups.`,
    );
  }
  return groups.map(groupNameOf);
}

/** Both ends are inclusive, in seconds or in milliseconds. */
function windowOf({ startTime, endTime }: StartQueryRequest): {
  readonly startMs: number;
  readonly endMs: number;
} {
  return {
    startMs: startTime < earliestMs ? startTime * 1000 : startTime,
    endMs: (endTime < earliestMs ? endTime * 1000 + 999 : endTime) + 1,
  };
}

/** With groups and times in front: recorded. */
function describedText({ text, groups, startMs, endMs }: QueryRecord): string {
  const source = groups.map((name) => `"${name}"`).join(",");
  return `SOURCE ${source} START=${startMs} END=${endMs - 1} | ${text}`;
}

function openQuery(
  snapshot: Snapshot,
  ctx: Context<"ResourceNotFoundException">,
  id: string,
): QueryRecord {
  const createdMs = snapshot.record(queryIdKey(ctx, id), numberCodec);
  const query = createdMs === undefined ? undefined : findQuery(snapshot, ctx, { id, createdMs });
  if (query !== undefined) return query;
  throw ctx.error("ResourceNotFoundException", "The specified query does not exist.");
}
