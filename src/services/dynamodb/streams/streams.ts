import { endOfPrefix, keyAfter } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { Context } from "#kernel/context.ts";
import type { LogShard } from "#kernel/log-shards.ts";
import type { DescribeStreamInput, DynamoDBStreams } from "#models/dynamodbstreams.ts";
import { streamKey, streamsPrefix } from "../keyspace.ts";
import { keySchema } from "../tables/table-description.ts";
import { openStream, streamNameOf } from "./open-stream.ts";
import { shardDescription, shardIdOf } from "./shards.ts";
import { streamCodec, type StreamRecord } from "./stream-record.ts";

const pageAtMost = 100;

export const streams = {
  /** By table name, then by age: also those that ended within the last day. */
  ListStreams(ctx, input) {
    const pageSize = pageSizeOf(ctx, input.Limit);
    const { TableName: tableName, ExclusiveStartStreamArn: after } = input;
    const last = after === undefined ? undefined : streamNameOf(ctx, after);
    return ctx.read((snapshot) => {
      const prefix = streamsPrefix(ctx, tableName);
      const start =
        last === undefined ? prefix : keyAfter(streamKey(ctx, last.tableName, last.label));
      const end = endOfPrefix(prefix);
      const found: StreamRecord[] = [];
      // A place in another table's streams is before all of this one's, or after them.
      const from = start < prefix ? prefix : start;
      if (from < end) {
        for (const { value } of snapshot.range({ start: from, end, limit: pageSize + 1 })) {
          found.push(streamCodec.decode(value));
        }
      }
      const page = found.slice(0, pageSize);
      return {
        Streams: page.map(({ arn, label, tableName: name }) => ({
          StreamArn: arn,
          TableName: name,
          StreamLabel: label,
        })),
        LastEvaluatedStreamArn: found.length > pageSize ? page.at(-1)?.arn : undefined,
      };
    });
  },

  DescribeStream(ctx, input) {
    const pageSize = pageSizeOf(ctx, input.Limit);
    checkFilter(ctx, input);
    return ctx.read((snapshot) => {
      const { stream, shards } = openStream(snapshot, ctx, input.StreamArn);
      const found = filtered(shards, input);
      const page = found.slice(0, pageSize);
      const last = page.at(-1);
      return {
        StreamDescription: {
          StreamArn: stream.arn,
          StreamLabel: stream.label,
          StreamStatus: stream.status,
          StreamViewType: stream.viewType,
          CreationRequestDateTime: stream.createdAtMs,
          TableName: stream.tableName,
          KeySchema: keySchema(stream.key),
          Shards: page.map((shard) => shardDescription(shard, shards)),
          LastEvaluatedShardId: last && found.length > pageSize ? shardIdOf(last) : undefined,
        },
      };
    });
  },
} satisfies Handlers<DynamoDBStreams>;

/** Message: DynamoDB Local 3.3.1. */
function pageSizeOf(ctx: Context, limit: number | undefined): number {
  if (limit !== undefined && limit > pageAtMost) {
    throw ctx.error(
      "ValidationException",
      `One or more parameter values were invalid: Limit cannot be greater than the maximum allowed size: ${pageAtMost}`,
    );
  }
  return limit ?? pageAtMost;
}

/** Message: DynamoDB Local 3.3.1. */
function checkFilter(ctx: Context, { ShardFilter: filter }: DescribeStreamInput): void {
  if (filter !== undefined && filter.Type === undefined) {
    throw ctx.error(
      "ValidationException",
      "1 validation error detected: Value 'null' at 'shardFilter.type' failed to satisfy constraint: Member must be CHILD_SHARDS",
    );
  }
}

/** Oldest first, which is also the order of the ids. A shard that is not there has no children. */
function filtered(
  shards: readonly LogShard[],
  { ShardFilter: filter, ExclusiveStartShardId: after }: DescribeStreamInput,
): readonly LogShard[] {
  const parent = shards.find((shard) => shardIdOf(shard) === filter?.ShardId);
  return shards.filter((shard) => {
    if (filter !== undefined && (parent === undefined || shard.parentId !== parent.id))
      return false;
    return after === undefined || shardIdOf(shard) > after;
  });
}
