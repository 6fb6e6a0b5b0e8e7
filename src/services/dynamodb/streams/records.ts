import { createHash } from "node:crypto";
import type { Context } from "#kernel/context.ts";
import { firstUntrimmed, type LogShard } from "#kernel/log-shards.ts";
import type { Handlers } from "#kernel/service.ts";
import { entriesOf, type LogEntry, nextSequenceOf, sequenceAtTime } from "#kernel/sharded-log.ts";
import type {
  DynamoDBStreams,
  GetShardIteratorInput,
  RecordShape,
} from "#models/dynamodbstreams.ts";
import type { Snapshot } from "#store/store.ts";
import { readChange } from "./change-record.ts";
import { noteRead } from "./observe-request.ts";
import { openShard, type OpenStream, openStream } from "./open-stream.ts";
import { decodeIterator, encodeIterator, iteratorLifeMs } from "./shard-iterator.ts";
import { parseSequence, sequenceText } from "./shards.ts";
import type { StreamRecord } from "./stream-record.ts";

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html */
const recordsAtMost = 1_000;
const bytesAtMost = 2 ** 20;

const invalid = "One or more parameter values were invalid: ";

export const records = {
  GetShardIterator(ctx, input) {
    const asked = askedSequence(ctx, input);
    return ctx.read((snapshot) => {
      const open = openStream(snapshot, ctx, input.StreamArn);
      const shard = openShard(ctx, open, input.ShardId);
      const sequence = startOf(snapshot, ctx, open, shard, input, asked);
      const issuedAtMs = ctx.now();
      const { arn: streamArn } = open.stream;
      return {
        ShardIterator: encodeIterator({ streamArn, shard: shard.id, sequence, issuedAtMs }),
      };
    });
  },

  /** Up to 1,000 records or 1 MB from where the iterator stands. No next iterator: the shard is read to its end. */
  GetRecords(ctx, input) {
    const limit = input.Limit ?? recordsAtMost;
    if (limit > recordsAtMost) {
      throw ctx.error(
        "ValidationException",
        `${invalid}Limit should be less than or equal to ${recordsAtMost}`,
      );
    }
    const position = decodeIterator(input.ShardIterator);
    if (position === undefined) throw ctx.error("ValidationException", "Invalid ShardIterator");
    return ctx.read((snapshot) => {
      const nowMs = ctx.now();
      const open = openStream(snapshot, ctx, position.streamArn);
      if (nowMs - position.issuedAtMs > iteratorLifeMs) {
        throw ctx.error("ExpiredIteratorException", "The shard iterator has expired");
      }
      const shard = open.shards.find(({ id }) => id === position.shard);
      if (shard === undefined || position.sequence < firstUntrimmed(shard)) throw trimmed(ctx);
      const page = pageOf(snapshot, open, shard, position.sequence, limit);
      const last = page.entries.at(-1);
      const { tableName, label } = open.stream;
      const bytes = page.entries.reduce((sum, { value }) => sum + value.length, 0);
      noteRead(ctx, { tableName, label, records: page.entries.length, bytes });
      const sequence = last === undefined ? position.sequence : last.sequence + 1;
      const isRead = !page.hasMore && shard.closed !== undefined;
      return {
        Records: page.entries.map((entry) => recordOf(ctx, open.stream, entry)),
        NextShardIterator: isRead
          ? undefined
          : encodeIterator({ ...position, sequence, issuedAtMs: nowMs }),
      };
    });
  },
} satisfies Handlers<DynamoDBStreams>;

type ReadContext = Context<"TrimmedDataAccessException">;

/** Message: of AWS, as reported in ironSource/node-dynamodb-stream#13. */
function trimmed(ctx: ReadContext): Error {
  return ctx.error(
    "TrimmedDataAccessException",
    "The data you are trying to access has been trimmed",
  );
}

/** The sequence number that a request names, as far as it may and must. Messages: DynamoDB Local 3.3.1. */
function askedSequence(
  ctx: Context,
  { ShardIteratorType: type, SequenceNumber: text, Timestamp: atMs }: GetShardIteratorInput,
): number | undefined {
  const refuse = (problem: string): Error => ctx.error("ValidationException", invalid + problem);
  if (type === "AT_TIMESTAMP" && atMs === undefined) throw refuse("Invalid Timestamp");
  if (type !== "AT_SEQUENCE_NUMBER" && type !== "AFTER_SEQUENCE_NUMBER") {
    if (text === undefined) return undefined;
    throw refuse("SequenceNumber should not be passed for this iterator type");
  }
  const sequence = text === undefined ? undefined : parseSequence(text);
  if (sequence === undefined) throw refuse("Invalid SequenceNumber");
  return sequence;
}

function startOf(
  snapshot: Snapshot,
  ctx: ReadContext,
  { log }: OpenStream,
  shard: LogShard,
  input: GetShardIteratorInput,
  asked: number | undefined,
): number {
  switch (input.ShardIteratorType) {
    case "TRIM_HORIZON":
      return firstUntrimmed(shard);
    case "LATEST":
      return shard.closed?.lastSequence ?? nextSequenceOf(snapshot, log);
    case "AT_TIMESTAMP":
      return sequenceAtTime(snapshot, log, shard, input.Timestamp!);
    case "AT_SEQUENCE_NUMBER":
    case "AFTER_SEQUENCE_NUMBER": {
      const last = shard.closed?.lastSequence ?? nextSequenceOf(snapshot, log);
      if (asked! < shard.firstSequence || asked! > last) {
        throw ctx.error("ValidationException", `${invalid}Invalid SequenceNumber for the shard`);
      }
      const start = input.ShardIteratorType === "AT_SEQUENCE_NUMBER" ? asked! : asked! + 1;
      if (start < firstUntrimmed(shard)) throw trimmed(ctx);
      return start;
    }
  }
}

interface Page {
  readonly entries: LogEntry[];
  readonly hasMore: boolean;
}

function pageOf(
  snapshot: Snapshot,
  { log }: OpenStream,
  shard: LogShard,
  fromSequence: number,
  limit: number,
): Page {
  const entries: LogEntry[] = [];
  let bytes = 0;
  for (const entry of entriesOf(snapshot, log, shard.id, fromSequence, limit + 1)) {
    bytes += entry.value.length;
    const isFull = entries.length === limit || (bytes > bytesAtMost && entries.length > 0);
    if (isFull) return { entries, hasMore: true };
    entries.push(entry);
  }
  return { entries, hasMore: false };
}

function recordOf(ctx: Context, stream: StreamRecord, entry: LogEntry): RecordShape {
  const change = readChange(entry.value);
  const record: RecordShape = {
    eventID: eventIdOf(stream, entry.sequence),
    eventName: change.event,
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: ctx.region,
    dynamodb: {
      // AWS tells whole seconds.
      ApproximateCreationDateTime: Math.floor(entry.atMs / 1000) * 1000,
      Keys: change.keys,
      NewImage: change.newImage,
      OldImage: change.oldImage,
      SequenceNumber: sequenceText(entry.sequence),
      SizeBytes: change.sizeBytes,
      StreamViewType: stream.viewType,
    },
  };
  if (change.cause === "expiry") {
    record.userIdentity = { Type: "Service", PrincipalId: "dynamodb.amazonaws.com" };
  }
  return record;
}

/** 32 hexadecimal digits, unique, and the same for each reader. */
function eventIdOf({ arn }: StreamRecord, sequence: number): string {
  return createHash("md5").update(`${arn} ${sequence}`).digest("hex");
}
