import { endOfPrefix } from "#base/key.ts";
import { textPrefix } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs, LogStream } from "#models/logs.ts";
import type { Snapshot } from "#store/store.ts";
import { readState, type StreamState } from "../events/tail.ts";
import { sequenceToken } from "../events/tokens.ts";
import { sweepStreamLater } from "../groups/sweep.ts";
import { streamKey, streamsPrefix } from "../keyspace.ts";
import { arnOfStream, checkNameLengths, namedGroup } from "../names.ts";
import { nextNumber, openGroup, openStream } from "../open.ts";
import { invalidToken, pageOf } from "../pages.ts";
import { type GroupRecord, streamCodec, type StreamRecord } from "../records.ts";

const pageAtMost = 50;

export const logStreams = {
  async CreateLogStream(ctx, input) {
    const { logGroupName, logStreamName: name } = input;
    checkNameLengths(ctx, logGroupName, name);
    await ctx.transact((tx) => {
      const group = openGroup(tx, ctx, logGroupName);
      const key = streamKey(ctx, group, name);
      if (tx.get(key) !== undefined) {
        // Recorded, without a full stop.
        throw ctx.error(
          "ResourceAlreadyExistsException",
          "The specified log stream already exists",
        );
      }
      const stream = { number: nextNumber(tx, ctx), name, createdMs: ctx.now() };
      tx.putRecord(key, streamCodec, stream);
    });
    return {};
  },

  async DeleteLogStream(ctx, input) {
    await ctx.transact((tx) => {
      const group = openGroup(tx, ctx, input.logGroupName);
      const stream = openStream(tx, ctx, group, input.logStreamName);
      tx.delete(streamKey(ctx, group, stream.name));
      sweepStreamLater(tx, ctx, stream, group);
    });
    return {};
  },

  DescribeLogStreams(ctx, input) {
    const groupName = namedGroup(ctx, input);
    const { orderBy = "LogStreamName", logStreamNamePrefix: given } = input;
    if (orderBy === "LastEventTime" && given !== undefined) {
      throw ctx.error(
        "InvalidParameterException",
        "Cannot order by LastEventTime with a logStreamNamePrefix.",
      );
    }
    return ctx.read((snapshot) => {
      const group = openGroup(snapshot, ctx, groupName);
      const asked = { ...input, limit: input.limit ?? pageAtMost };
      const { streams, next } =
        orderBy === "LastEventTime"
          ? byLastEvent(snapshot, ctx, group, asked)
          : byName(snapshot, ctx, group, asked);
      return {
        logStreams: streams.map((stream) => describe(snapshot, ctx, group, stream)),
        nextToken: next,
      };
    });
  },
} satisfies Handlers<CloudWatchLogs>;

interface StreamsAsked {
  readonly logStreamNamePrefix?: string | undefined;
  readonly descending?: boolean | undefined;
  readonly nextToken?: string | undefined;
  readonly limit: number;
}

interface StreamsPage {
  readonly streams: readonly StreamRecord[];
  readonly next: string | undefined;
}

function byName(
  snapshot: Snapshot,
  ctx: Context<"InvalidParameterException">,
  group: GroupRecord,
  { logStreamNamePrefix = "", descending = false, nextToken, limit }: StreamsAsked,
): StreamsPage {
  const prefix = streamsPrefix(ctx, group);
  const within = prefix + textPrefix(logStreamNamePrefix);
  if (!descending) {
    const listing = { prefix, within, codec: streamCodec, limit, nextToken };
    const { items, next } = pageOf(snapshot, ctx, listing);
    return { streams: items, next };
  }
  const before = nextToken === undefined ? undefined : nameOfToken(ctx, nextToken);
  const end = before === undefined ? endOfPrefix(within) : streamKey(ctx, group, before);
  const streams: StreamRecord[] = [];
  for (const { value } of snapshot.range({ start: within, end, reverse: true })) {
    if (streams.length === limit) return { streams, next: tokenOfName(streams.at(-1)!.name) };
    streams.push(streamCodec.decode(value));
  }
  return { streams, next: undefined };
}

/** AWS brings this order up to date late; here each page looks at all streams, of which there may be thousands. */
function byLastEvent(
  snapshot: Snapshot,
  ctx: Context<"InvalidParameterException">,
  group: GroupRecord,
  { descending = false, nextToken, limit }: StreamsAsked,
): StreamsPage {
  const all = streamsOf(snapshot, ctx, group).map((stream) => ({
    stream,
    lastMs: readState(snapshot, ctx, stream).lastMs,
  }));
  const sign = descending ? -1 : 1;
  const ordered = all.toSorted(
    (one, other) =>
      sign * (one.lastMs - other.lastMs || (one.stream.name < other.stream.name ? -1 : 1)),
  );
  const last = nextToken === undefined ? undefined : nameOfToken(ctx, nextToken);
  const from = last === undefined ? 0 : ordered.findIndex(({ stream }) => stream.name === last) + 1;
  const page = ordered.slice(from, from + limit).map(({ stream }) => stream);
  const hasMore = from + limit < ordered.length;
  return { streams: page, next: hasMore ? tokenOfName(page.at(-1)!.name) : undefined };
}

const tokenOfName = (name: string): string => Buffer.from(name).toString("base64url");
function nameOfToken(ctx: Context<"InvalidParameterException">, token: string): string {
  const name = Buffer.from(token, "base64url").toString();
  if (name === "" || tokenOfName(name) !== token) throw invalidToken(ctx);
  return name;
}

export function streamsOf(
  snapshot: Snapshot,
  ctx: Context,
  group: GroupRecord,
  namePrefix = "",
): StreamRecord[] {
  const within = streamsPrefix(ctx, group) + textPrefix(namePrefix);
  const found: StreamRecord[] = [];
  for (const { value } of snapshot.range({ start: within, end: endOfPrefix(within) })) {
    found.push(streamCodec.decode(value));
  }
  return found;
}

function describe(
  snapshot: Snapshot,
  ctx: Context,
  group: GroupRecord,
  stream: StreamRecord,
): LogStream {
  const state = readState(snapshot, ctx, stream);
  return {
    logStreamName: stream.name,
    creationTime: stream.createdMs,
    ...timesOf(state, stream),
    arn: arnOfStream(ctx, group.name, stream.name),
    // For streams always 0 since 2019. Source: API reference, LogStream; recorded.
    storedBytes: 0,
  };
}

function timesOf(state: StreamState, stream: StreamRecord): Partial<LogStream> {
  if (state.firstMs === -1) return {};
  return {
    firstEventTimestamp: state.firstMs,
    lastEventTimestamp: state.lastMs,
    lastIngestionTime: state.ingestedMs,
    uploadSequenceToken: sequenceToken(stream, state.nextSequence),
  };
}
