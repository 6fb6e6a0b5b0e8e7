import type {
  FoundAccess,
  KnownResource,
  Need,
  OperationAccess,
  ServiceAccess,
} from "#kernel/authorization/access.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { aliasCodec } from "./alias-record.ts";
import { conditionKeys } from "./condition-keys.ts";
import { keyOfCiphertext } from "./encryption.ts";
import { grantsOf, grantStatements } from "./grant-records.ts";
import { readToken } from "./grants.ts";
import { policyOf } from "./key-policies.ts";
import type { KeyRecord } from "./key-record.ts";
import { aliasKey } from "./keyspace.ts";
import { findKey, parseKeyName } from "./open-key.ts";

/*
 * What each operation needs to be allowed. Source: KMS Developer Guide, kms-api-permissions-reference; which operations
 * other accounts can use: the same page. A key's policy must allow it, whoever asks: it is what lets the account's own
 * policies decide.
 */

type Input = Readonly<Record<string, unknown>>;

/** A key's resource from what a request calls it: `key/...` or `alias/...`, unless it is an ARN. */
function resourceOf(name: unknown): string {
  if (typeof name !== "string") return "*";
  return name.startsWith("arn:") || name.startsWith("alias/") ? name : `key/${name}`;
}

function onKey(action: string, isCrossAccount = false): OperationAccess {
  const rules = (input: Input): FoundAccess[] => [
    { action: `kms:${action}`, resource: resourceOf(input["KeyId"]), input },
  ];
  return { rules, isCrossAccount };
}

const onShared = (action: string): OperationAccess => onKey(action, true);
const onAll = (action: string): OperationAccess => ({
  rules: [{ action: `kms:${action}`, resource: "*" }],
});

function onAlias(action: string): OperationAccess {
  const rules = (input: Input): FoundAccess[] => {
    const found = { action: `kms:${action}`, input };
    const target = input["TargetKeyId"];
    return [
      { ...found, resource: String(input["AliasName"]) },
      ...(target === undefined ? [] : [{ ...found, resource: resourceOf(target) }]),
    ];
  };
  return { rules };
}

const decrypting: OperationAccess = {
  rules: (input: Input, { region }: Context): FoundAccess[] => {
    const key = keyOfCiphertext(region, blobOf(input), input["KeyId"] as string | undefined);
    return [{ action: "kms:Decrypt", resource: resourceOf(key), input }];
  },
  isCrossAccount: true,
};

const reEncrypting: OperationAccess = {
  rules: (input: Input, { region }: Context): FoundAccess[] => {
    const source = keyOfCiphertext(
      region,
      blobOf(input),
      input["SourceKeyId"] as string | undefined,
    );
    return [
      {
        action: "kms:ReEncryptFrom",
        resource: resourceOf(source),
        input: { ...input, EncryptionContext: input["SourceEncryptionContext"] },
      },
      {
        action: "kms:ReEncryptTo",
        resource: resourceOf(input["DestinationKeyId"]),
        input: { ...input, EncryptionContext: input["DestinationEncryptionContext"] },
      },
    ];
  },
  isCrossAccount: true,
};

const retiring: OperationAccess = {
  rules: (input: Input, ctx: Context): FoundAccess[] => {
    const token = input["GrantToken"] as string | undefined;
    const named = token === undefined ? undefined : readToken(ctx, token);
    const resource = named?.keyArn ?? resourceOf(input["KeyId"]);
    const GrantId = named?.grantId ?? input["GrantId"];
    return [{ action: "kms:RetireGrant", resource, input: { ...input, GrantId } }];
  },
  isCrossAccount: true,
};

const blobOf = (input: Input): Uint8Array | undefined =>
  input["CiphertextBlob"] as Uint8Array | undefined;

export const kmsAccess: ServiceAccess = {
  resource: knownKey,
  operations: {
    CreateKey: {
      rules: [
        { action: "kms:CreateKey", resource: "*" },
        { action: "kms:TagResource", resource: "*", ifGiven: "Tags" },
      ],
    },
    DescribeKey: onShared("DescribeKey"),
    ListKeys: onAll("ListKeys"),
    UpdateKeyDescription: onKey("UpdateKeyDescription"),
    EnableKey: onKey("EnableKey"),
    DisableKey: onKey("DisableKey"),
    ScheduleKeyDeletion: onKey("ScheduleKeyDeletion"),
    CancelKeyDeletion: onKey("CancelKeyDeletion"),
    GetKeyLastUsage: onKey("GetKeyLastUsage"),

    CreateAlias: onAlias("CreateAlias"),
    UpdateAlias: onAlias("UpdateAlias"),
    DeleteAlias: onAlias("DeleteAlias"),
    ListAliases: onAll("ListAliases"),

    PutKeyPolicy: onKey("PutKeyPolicy"),
    GetKeyPolicy: onKey("GetKeyPolicy"),
    ListKeyPolicies: onKey("ListKeyPolicies"),
    TagResource: onKey("TagResource"),
    UntagResource: onKey("UntagResource"),
    ListResourceTags: onKey("ListResourceTags"),

    CreateGrant: onShared("CreateGrant"),
    ListGrants: onShared("ListGrants"),
    ListRetirableGrants: onAll("ListRetirableGrants"),
    RevokeGrant: onShared("RevokeGrant"),
    RetireGrant: retiring,

    Encrypt: onShared("Encrypt"),
    Decrypt: decrypting,
    ReEncrypt: reEncrypting,
    GenerateDataKey: onShared("GenerateDataKey"),
    GenerateDataKeyWithoutPlaintext: onShared("GenerateDataKeyWithoutPlaintext"),
    GenerateDataKeyPair: onShared("GenerateDataKeyPair"),
    GenerateDataKeyPairWithoutPlaintext: onShared("GenerateDataKeyPairWithoutPlaintext"),
    GenerateRandom: onAll("GenerateRandom"),
    Sign: onShared("Sign"),
    Verify: onShared("Verify"),
    GetPublicKey: onShared("GetPublicKey"),
    GenerateMac: onShared("GenerateMac"),
    VerifyMac: onShared("VerifyMac"),
    DeriveSharedSecret: onShared("DeriveSharedSecret"),
    Encapsulate: onShared("Encapsulate"),
    Decapsulate: onShared("Decapsulate"),

    EnableKeyRotation: onKey("EnableKeyRotation"),
    DisableKeyRotation: onKey("DisableKeyRotation"),
    GetKeyRotationStatus: onShared("GetKeyRotationStatus"),
    RotateKeyOnDemand: onKey("RotateKeyOnDemand"),
    ListKeyRotations: onKey("ListKeyRotations"),
    GetParametersForImport: onKey("GetParametersForImport"),
    ImportKeyMaterial: onKey("ImportKeyMaterial"),
    DeleteImportedKeyMaterial: onKey("DeleteImportedKeyMaterial"),
    ReplicateKey: onKey("ReplicateKey"),
    UpdatePrimaryRegion: onKey("UpdatePrimaryRegion"),
  },
};

const aliasOperations = new Set(["CreateAlias", "UpdateAlias", "DeleteAlias"]);

/** The policy that speaks for a key, its grants included, and keys for conditions. */
function knownKey(snapshot: Snapshot, ctx: Context, need: Need): KnownResource {
  const { kind, name, region } = parseKeyName(need.resource);
  if (need.resource === "*" || (region ?? ctx.region) !== ctx.region) {
    return { keys: conditionKeys(snapshot, ctx, need, undefined) };
  }
  if (kind === "alias" && aliasOperations.has(need.operation)) return {};
  const keyId = kind === "key" ? name : snapshot.record(aliasKey(ctx, name), aliasCodec)?.keyId;
  const key = keyId === undefined ? undefined : findKey(snapshot, ctx, keyId);
  const keys = conditionKeys(snapshot, ctx, need, key);
  if (key === undefined) return { keys };
  return { policy: policyWithGrants(snapshot, ctx, key), mustAllow: true, resource: key.arn, keys };
}

function policyWithGrants(snapshot: Snapshot, ctx: Context, key: KeyRecord): string {
  const policy = policyOf(key);
  const { caller } = ctx;
  const names = [caller.arn, caller.issuerArn, `arn:aws:iam::${caller.account}:root`];
  const own = grantsOf(snapshot, ctx, key.id).filter(
    ({ grantee, retiring: retires }) => names.includes(grantee) || names.includes(retires),
  );
  if (own.length === 0) return policy;
  const document = JSON.parse(policy) as { Statement: object | object[] };
  const statements = [document.Statement].flat();
  // Grants speak of values as they are; only the newer language can say a dollar sign.
  return JSON.stringify({
    ...document,
    Version: "2012-10-17",
    Statement: [...statements, ...own.flatMap(grantStatements)],
  });
}
