import type {
  ExpirationModelType,
  KeySpec,
  KeyState,
  KeyUsageType,
  RotationType,
  Tag,
} from "#models/kms.ts";
import type { Codec } from "#store/store.ts";

/** A key. Shared and cached: never change one in place. */
export interface KeyRecord {
  readonly id: string;
  readonly arn: string;
  readonly spec: KeySpec;
  readonly usage: KeyUsageType;
  readonly origin: "AWS_KMS" | "EXTERNAL";
  readonly manager: "AWS" | "CUSTOMER";
  readonly createdAtMs: number;
  readonly description: string;
  readonly isEnabled: boolean;
  /** A replica that is not ready yet. */
  readonly isCreating?: boolean | undefined;
  /** Undefined for the default policy, which leaves everything to the account: then roots need not be asked about. */
  readonly policy: string | undefined;
  readonly tags: readonly Tag[];
  /** What encrypts and signs now; undefined until some is imported. */
  readonly materialId: string | undefined;
  /** Some material of an external key is not there: never imported, deleted or expired. */
  readonly isMaterialMissing: boolean;
  /** SPKI as base64. */
  readonly publicKey: string | undefined;
  readonly deletion: KeyDeletion | undefined;
  readonly rotation: AutomaticRotation | undefined;
  readonly onDemandRotations: number;
  readonly multiRegion: MultiRegionKeys | undefined;
}

interface KeyDeletion {
  readonly windowDays: number;
  /** Undefined while replicas are left: the time has not begun to run. */
  readonly atMs: number | undefined;
}

interface AutomaticRotation {
  readonly periodDays: number;
  readonly nextAtMs: number;
}

interface MultiRegionKeys {
  readonly primaryRegion: string;
  readonly replicaRegions: readonly string[];
}

/** What a key encrypts or signs with: the newest, and those that it decrypts with still. */
export interface MaterialRecord {
  readonly id: string;
  /** Counted from 0 in the order in which a key got its materials. */
  readonly order: number;
  /** Sealed with the vault, as base64; undefined where imported material was deleted or has expired. */
  readonly sealed: string | undefined;
  readonly createdAtMs: number;
  /** When it became the current one by a rotation. */
  readonly rotatedAtMs?: number | undefined;
  readonly rotationType?: RotationType | undefined;
  /** Imported, and waiting for a rotation. */
  readonly isPending?: boolean | undefined;
  readonly description?: string | undefined;
  readonly expirationModel?: ExpirationModelType | undefined;
  readonly expiresAtMs?: number | undefined;
}

export function stateOf(key: KeyRecord): KeyState {
  if (key.isCreating === true) return "Creating";
  if (key.deletion !== undefined) {
    return key.deletion.atMs === undefined ? "PendingReplicaDeletion" : "PendingDeletion";
  }
  if (key.isMaterialMissing) return "PendingImport";
  return key.isEnabled ? "Enabled" : "Disabled";
}

export function json<T>(): Codec<T> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString("utf8")) as T,
  };
}

export const keyCodec = json<KeyRecord>();
export const materialCodec = json<MaterialRecord>();
