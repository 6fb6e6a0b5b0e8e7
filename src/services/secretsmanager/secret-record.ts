import type { StatusType, Tag } from "#models/secretsmanager.ts";
import type { Codec } from "#store/store.ts";

/** A secret without its values. Shared and cached: never change one in place. */
export interface SecretRecord {
  readonly name: string;
  /** The name and six characters that no other secret of the name had: the end of the ARN. */
  readonly id: string;
  readonly arn: string;
  readonly description: string | undefined;
  /** As it was given; undefined for the AWS managed key. */
  readonly kmsKeyId: string | undefined;
  /** Undefined if there never were any: answers tell the difference. */
  readonly tags: readonly Tag[] | undefined;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  /** To the day. */
  readonly accessedAtMs: number | undefined;
  /** When it goes for good; undefined if it was not deleted. */
  readonly deletionAtMs: number | undefined;
  readonly policy: string | undefined;
  /** In the order in which they were made. */
  readonly versions: readonly VersionRecord[];
  /** Of a replica: where its primary secret is, which alone can be changed. */
  readonly primaryRegion: string | undefined;
  readonly replicas: readonly ReplicaRecord[];
}

export interface VersionRecord {
  readonly id: string;
  /** Sorted. Without one the version is deprecated. */
  readonly stages: readonly string[];
  readonly createdAtMs: number;
  readonly accessedAtMs: number | undefined;
  readonly kmsKeyId: string | undefined;
}

export interface ReplicaRecord {
  readonly region: string;
  readonly kmsKeyId: string | undefined;
  readonly status: StatusType;
  readonly statusMessage: string | undefined;
}

/** A value, encrypted with a data key that KMS has encrypted. All as base64. */
export interface SealedValue {
  readonly kind: "string" | "binary";
  readonly dataKey: string;
  readonly iv: string;
  readonly bytes: string;
}

function json<T>(): Codec<T> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString("utf8")) as T,
  };
}

export const secretCodec = json<SecretRecord>();
export const valueCodec = json<SealedValue>();

export const current = "AWSCURRENT";
export const previous = "AWSPREVIOUS";

export function versionWith(secret: SecretRecord, stage: string): VersionRecord | undefined {
  return secret.versions.find(({ stages }) => stages.includes(stage));
}

/** What answers hold of each version that has stages; undefined if there is none. */
export function stagesByVersion({ versions }: SecretRecord): Record<string, string[]> | undefined {
  const staged = versions.filter(({ stages }) => stages.length > 0);
  if (staged.length === 0) return undefined;
  return Object.fromEntries(staged.map(({ id, stages }) => [id, [...stages]]));
}
