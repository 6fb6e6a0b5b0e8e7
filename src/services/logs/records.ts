import type { LogGroupClass, Tags } from "#models/logs.ts";
import type { Codec } from "#store/store.ts";

/** Shared and cached: never change one in place. */
export interface GroupRecord {
  readonly number: number;
  readonly name: string;
  readonly createdMs: number;
  readonly class: LogGroupClass;
  readonly tags: Tags;
  readonly retentionDays?: number;
  readonly isProtected: boolean;
  /** How many it has: most groups have none, and whoever puts events need not look for them. */
  readonly metricFilters: number;
  readonly subscriptions: number;
  /** Its index policy: as it was given, and the fields that it names. */
  readonly index?: {
    readonly fields: readonly string[];
    readonly document: string;
    readonly updatedMs: number;
  };
}

export interface StreamRecord {
  readonly number: number;
  readonly name: string;
  readonly createdMs: number;
}

export function json<T>(): Codec<T> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString("utf8")) as T,
  };
}

export const groupCodec = json<GroupRecord>();
export const streamCodec = json<StreamRecord>();
export const numberCodec = json<number>();
