import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import { parameterGroupKey, parameterGroupsPrefix } from "./keyspace.ts";
import type { ParameterValues } from "./parameters.ts";

export interface ParameterGroupRecord {
  readonly name: string;
  readonly description: string | undefined;
  readonly values: ParameterValues;
}

/** Everybody has it, and nobody can change it. */
export const defaultParameterGroup = "default.dax1.0";
export const defaultGroup: ParameterGroupRecord = {
  name: defaultParameterGroup,
  description: "Default parameter group for dax1.0",
  values: {},
};

const groupCodec: Codec<ParameterGroupRecord> = {
  encode: (group) => Buffer.from(JSON.stringify(group)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as ParameterGroupRecord,
};

export function findParameterGroup(
  snapshot: Snapshot,
  ctx: Context,
  name: string,
): ParameterGroupRecord | undefined {
  if (name === defaultParameterGroup) return defaultGroup;
  return snapshot.record(parameterGroupKey(ctx, name), groupCodec);
}

export function openParameterGroup(
  snapshot: Snapshot,
  ctx: Context<"ParameterGroupNotFoundFault">,
  name: string,
): ParameterGroupRecord {
  const found = findParameterGroup(snapshot, ctx, name);
  if (found === undefined) {
    throw ctx.error("ParameterGroupNotFoundFault", `Parameter group ${name} not found.`);
  }
  return found;
}

export function listParameterGroups(snapshot: Snapshot, ctx: Context): ParameterGroupRecord[] {
  const prefix = parameterGroupsPrefix(ctx);
  const found: ParameterGroupRecord[] = [];
  for (const { value } of snapshot.range({ start: prefix, end: endOfPrefix(prefix) })) {
    found.push(groupCodec.decode(value));
  }
  return found;
}

export function putParameterGroup(
  tx: Transaction,
  ctx: Context,
  group: ParameterGroupRecord,
): void {
  tx.putRecord(parameterGroupKey(ctx, group.name), groupCodec, group);
}

export function removeParameterGroup(
  tx: Transaction,
  ctx: Context,
  group: ParameterGroupRecord,
): void {
  tx.delete(parameterGroupKey(ctx, group.name));
}
