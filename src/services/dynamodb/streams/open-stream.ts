import { AuthorizationNeeded } from "#kernel/authorization/authorize.ts";
import type { Context } from "#kernel/context.ts";
import type { LogShard } from "#kernel/log-shards.ts";
import { type Log, logAt, shardsOf } from "#kernel/sharded-log.ts";
import type { Snapshot } from "#store/store.ts";
import { streamKey, streamLogKey } from "../keyspace.ts";
import { obeyPolicy } from "../tables/open-table.ts";
import { shardIdOf } from "./shards.ts";
import { streamCodec, type StreamRecord } from "./stream-record.ts";

type StreamContext = Context<"ResourceNotFoundException">;

const arnPattern =
  /^arn:[a-z-]+:dynamodb:([a-z0-9-]+):(\d{12}):table\/([a-zA-Z0-9_.-]{3,255})\/stream\/([0-9T:.-]+)$/;

export interface StreamName {
  readonly region: string;
  readonly account: string;
  readonly tableName: string;
  readonly label: string;
}

/** The parts of a stream's ARN. */
export function streamNameOf(ctx: Context, arn: string): StreamName {
  const [, region, account, tableName, label] = arnPattern.exec(arn) ?? [];
  if (!region || !account || !tableName || !label) {
    throw ctx.error("ValidationException", "Invalid StreamArn");
  }
  return { region, account, tableName, label };
}

export interface OpenStream {
  readonly stream: StreamRecord;
  readonly log: Log;
  readonly shards: readonly LogShard[];
}

/** The stream in whatever state. */
export function openStream(snapshot: Snapshot, ctx: StreamContext, arn: string): OpenStream {
  const { region, account, tableName, label } = streamNameOf(ctx, arn);
  if (account !== ctx.account && !ctx.isAuthorized) throw new AuthorizationNeeded();
  const found =
    region === ctx.region
      ? snapshot.record(streamKey(ctx, tableName, label), streamCodec)
      : undefined;
  if (found === undefined) {
    throw ctx.error(
      "ResourceNotFoundException",
      `Requested resource not found: Stream: ${arn} not found`,
    );
  }
  obeyPolicy(ctx, found.resourcePolicy);
  const log = logAt(streamLogKey(ctx, found));
  return { stream: found, log, shards: shardsOf(snapshot, log) };
}

export function openShard(ctx: StreamContext, { shards }: OpenStream, shardId: string): LogShard {
  const shard = shards.find((candidate) => shardIdOf(candidate) === shardId);
  if (shard !== undefined) return shard;
  throw ctx.error(
    "ResourceNotFoundException",
    "Requested resource not found: Shard does not exist",
  );
}
