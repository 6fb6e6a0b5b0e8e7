import type { DefaultEncryption } from "./encryption/bucket-encryption.ts";
import type { Tenant } from "#kernel/context.ts";
import type { Codec } from "#store/store.ts";
import type { Ownership } from "./access-control/ownership-controls.ts";
import type { PublicAccessBlock } from "./access-control/public-access-block.ts";

/** A bucket as it is stored. Its account and region are where its objects stand. */
export interface BucketRecord extends Tenant {
  readonly name: string;
  /** Objects stand under it: a new bucket of an old name never meets what is left of its forerunner. */
  readonly id: string;
  readonly createdMs: number;
  /** As it was given; undefined for us-east-1. "EU" stands for eu-west-1. */
  readonly locationConstraint?: string | undefined;
  /** Undefined until it was first enabled. */
  readonly versioning?: "Enabled" | "Suspended" | undefined;
  /** Whether its versions can be locked; never taken back. */
  readonly objectLock?: true | undefined;
  /** It has a policy, which is asked even for what its owner's root wants. */
  readonly hasPolicy?: true | undefined;
  /** Its new versions may have replicas elsewhere. */
  readonly isReplicated?: true | undefined;
  /** Undefined until it was first said. */
  readonly acceleration?: "Enabled" | "Suspended" | undefined;
  /** Who asks pays, and has to say that they know. */
  readonly requesterPays?: true | undefined;
  /** Undefined for the server's own key. */
  readonly encryption?: DefaultEncryption | undefined;
  /** Undefined for what new buckets have: "BucketOwnerEnforced". "none": it was taken away. */
  readonly ownership?: Ownership | "none" | undefined;
  /** Undefined for what new buckets have: everything is blocked. */
  readonly publicAccessBlock?: PublicAccessBlock | "none" | undefined;
}

export const bucketCodec: Codec<BucketRecord> = {
  encode: (bucket) => Buffer.from(JSON.stringify(bucket)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as BucketRecord,
};

export const arnOfBucket = (name: string): string => `arn:aws:s3:::${name}`;
