import type { KeyMetadata, MultiRegionConfiguration } from "#models/kms.ts";
import { encryptionAlgorithmsOf, factsOfKey } from "./key-specs.ts";
import { type KeyRecord, type MaterialRecord, stateOf } from "./key-record.ts";

/** A key as DescribeKey tells of it. `material`: the current one. */
export function describeKey(key: KeyRecord, material: MaterialRecord | undefined): KeyMetadata {
  const { spec, usage, origin, deletion, multiRegion } = key;
  const state = stateOf(key);
  const isExternal = origin === "EXTERNAL";
  const isThere = isExternal && material?.sealed !== undefined;
  const [, , , , account] = key.arn.split(":");
  return {
    AWSAccountId: account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: key.createdAtMs,
    Enabled: state === "Enabled",
    Description: key.description,
    KeyUsage: usage,
    KeyState: state,
    DeletionDate: deletion?.atMs,
    PendingDeletionWindowInDays:
      deletion !== undefined && deletion.atMs === undefined ? deletion.windowDays : undefined,
    ValidTo: isThere ? material.expiresAtMs : undefined,
    Origin: origin,
    ExpirationModel: isThere ? material.expirationModel : undefined,
    KeyManager: key.manager,
    CustomerMasterKeySpec: spec as NonNullable<KeyMetadata["CustomerMasterKeySpec"]>,
    KeySpec: spec,
    ...algorithmsOf(key),
    MultiRegion: multiRegion !== undefined,
    MultiRegionConfiguration: configurationOf(key),
    // Recorded: only keys that can be rotated have one, and not while they wait for material or are being made.
    CurrentKeyMaterialId:
      spec === "SYMMETRIC_DEFAULT" && state !== "PendingImport" && state !== "Creating"
        ? key.materialId
        : undefined,
  };
}

/** What a key's usage lets it do, as DescribeKey and GetPublicKey list it. */
export function algorithmsOf(key: KeyRecord) {
  const { spec, usage } = key;
  const { signing, mac } = factsOfKey(key);
  return {
    EncryptionAlgorithms: encryptionAlgorithmsOf(spec, usage),
    SigningAlgorithms: usage === "SIGN_VERIFY" ? [...(signing ?? [])] : undefined,
    MacAlgorithms: mac === undefined ? undefined : [mac],
    KeyAgreementAlgorithms: usage === "KEY_AGREEMENT" ? ["ECDH" as const] : undefined,
    EncapsulationAlgorithms: usage === "ENCAPSULATE_DECAPSULATE" ? ["ML_KEM" as const] : undefined,
  };
}

function configurationOf({ arn, multiRegion }: KeyRecord): MultiRegionConfiguration | undefined {
  if (multiRegion === undefined) return undefined;
  const { primaryRegion, replicaRegions } = multiRegion;
  const related = (region: string) => ({ Arn: arnInRegion(arn, region), Region: region });
  return {
    MultiRegionKeyType: arn.split(":")[3] === primaryRegion ? "PRIMARY" : "REPLICA",
    PrimaryKey: related(primaryRegion),
    ReplicaKeys: replicaRegions.map(related),
  };
}

/** The same key's ARN in another region. */
export function arnInRegion(arn: string, region: string): string {
  const parts = arn.split(":");
  parts[3] = region;
  return parts.join(":");
}
