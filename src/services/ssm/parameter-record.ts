import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { ParameterType, Tag } from "#models/ssm.ts";
import type { Codec, Snapshot } from "#store/store.ts";
import { parameterKey, versionKey, versionsPrefix } from "./keyspace.ts";

/** A parameter without its values. Shared and cached: never change one in place. */
export interface ParameterRecord {
  readonly name: string;
  readonly latestVersion: number;
  readonly tags: readonly Tag[];
  /** Label → version. */
  readonly labels: Readonly<Record<string, number>>;
}

/** A version. Shared and cached: never change one in place. */
export interface VersionRecord {
  readonly version: number;
  readonly type: ParameterType;
  readonly value: StoredValue;
  /** Of SecureStrings: as it was given, or the AWS managed key's alias. */
  readonly keyId: string | undefined;
  readonly description: string | undefined;
  readonly allowedPattern: string | undefined;
  readonly tier: "Standard" | "Advanced";
  readonly policies: readonly ParameterPolicy[];
  readonly dataType: string;
  readonly modifiedAtMs: number;
  readonly modifiedBy: string;
}

/** In clear, or what KMS made of it; with an advanced parameter, what a data key of KMS's made of it. All base64. */
export type StoredValue =
  | { readonly kind: "plain"; readonly text: string }
  | { readonly kind: "direct"; readonly bytes: string }
  | {
      readonly kind: "enveloped";
      readonly dataKey: string;
      readonly iv: string;
      readonly bytes: string;
    };

export interface ParameterPolicy {
  readonly text: string;
  /** When the parameter expires. */
  readonly atMs: number;
}

function json<T>(): Codec<T> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString("utf8")) as T,
  };
}

export const parameterCodec = json<ParameterRecord>();
export const versionCodec = json<VersionRecord>();

export function findParameter(
  snapshot: Snapshot,
  ctx: Context,
  name: string,
): ParameterRecord | undefined {
  return snapshot.record(parameterKey(ctx, name), parameterCodec);
}

export function findVersion(
  snapshot: Snapshot,
  ctx: Context,
  name: string,
  version: number,
): VersionRecord | undefined {
  return snapshot.record(versionKey(ctx, name, version), versionCodec);
}

export function latestVersion(
  snapshot: Snapshot,
  ctx: Context,
  { name, latestVersion: number }: ParameterRecord,
): VersionRecord {
  const found = findVersion(snapshot, ctx, name, number);
  if (found === undefined) throw new Error(`parameter ${name} has lost its latest version`);
  return found;
}

/** The oldest first. */
export function versionsOf(snapshot: Snapshot, ctx: Context, name: string): VersionRecord[] {
  const start = versionsPrefix(ctx, name);
  return [...snapshot.range({ start, end: endOfPrefix(start) })].map(({ value }) =>
    versionCodec.decode(value),
  );
}

export function labelsOf({ labels }: ParameterRecord, version: number): string[] {
  return Object.keys(labels)
    .filter((label) => labels[label] === version)
    .toSorted();
}
