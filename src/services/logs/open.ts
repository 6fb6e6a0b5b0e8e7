import type { Context } from "#kernel/context.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { groupKey, nextNumberKey, streamKey } from "./keyspace.ts";
import { checkNameLengths } from "./names.ts";
import {
  groupCodec,
  type GroupRecord,
  numberCodec,
  streamCodec,
  type StreamRecord,
} from "./records.ts";

type OpenContext = Context<"InvalidParameterException" | "ResourceNotFoundException">;

/** Words: recorded. */
const noGroup = "The specified log group does not exist.";
export const noStream = "The specified log stream does not exist.";

export function findGroup(snapshot: Snapshot, ctx: Context, name: string): GroupRecord | undefined {
  return snapshot.record(groupKey(ctx, name), groupCodec);
}

export function openGroup(snapshot: Snapshot, ctx: OpenContext, name: string): GroupRecord {
  checkNameLengths(ctx, name);
  return existingGroup(snapshot, ctx, name);
}

export function existingGroup(
  snapshot: Snapshot,
  ctx: Context<"ResourceNotFoundException">,
  name: string,
): GroupRecord {
  const group = findGroup(snapshot, ctx, name);
  if (group === undefined) throw ctx.error("ResourceNotFoundException", noGroup);
  return group;
}

export function putGroup(tx: Transaction, ctx: Context, group: GroupRecord): void {
  tx.putRecord(groupKey(ctx, group.name), groupCodec, group);
}

export function openStream(
  snapshot: Snapshot,
  ctx: OpenContext,
  group: GroupRecord,
  name: string,
): StreamRecord {
  checkNameLengths(ctx, name);
  const stream = snapshot.record(streamKey(ctx, group, name), streamCodec);
  if (stream === undefined) throw ctx.error("ResourceNotFoundException", noStream);
  return stream;
}

export function nextNumber(tx: Transaction, ctx: Context): number {
  const number = tx.record(nextNumberKey(ctx), numberCodec) ?? 1;
  tx.putRecord(nextNumberKey(ctx), numberCodec, number + 1);
  return number;
}
