import type { Need } from "#kernel/authorization/access.ts";
import {
  contextOf,
  type ContextValue,
  type RequestContext,
} from "#kernel/authorization/request-context.ts";
import type { Context } from "#kernel/context.ts";
import type { Tag } from "#models/kms.ts";
import type { Snapshot } from "#store/store.ts";
import { aliasesOfKey } from "./aliases.ts";
import type { KeyRecord } from "./key-record.ts";

/** What policies can ask of a call. Source: KMS Developer Guide, policy-conditions. */
export function conditionKeys(
  snapshot: Snapshot,
  ctx: Context,
  { input, operation }: Need,
  key: KeyRecord | undefined,
): RequestContext {
  const text = (name: string): string | undefined => textOf(input[name]);
  const keyId = text("KeyId");
  const context = Object.entries((input["EncryptionContext"] ?? {}) as Record<string, string>);
  const constraints = Object.keys(input["Constraints"] ?? {});
  const tags = (input["Tags"] ?? []) as readonly Tag[];
  const [source, destination] = [text("SourceKeyId"), text("DestinationKeyId")];
  return contextOf({
    "kms:CallerAccount": ctx.caller.account,
    ...Object.fromEntries(context.map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
    "kms:EncryptionContextKeys": listOf(context.map(([name]) => name)),
    "kms:EncryptionAlgorithm": text("EncryptionAlgorithm") ?? algorithmOf(operation),
    "kms:SigningAlgorithm": text("SigningAlgorithm"),
    "kms:MessageType": text("MessageType") ?? (operation === "Sign" ? "RAW" : undefined),
    "kms:MacAlgorithm": text("MacAlgorithm"),
    "kms:KeyAgreementAlgorithm": text("KeyAgreementAlgorithm"),
    "kms:DataKeyPairSpec": text("KeyPairSpec"),
    "kms:KeySpec":
      key?.spec ?? text("KeySpec") ?? (operation === "CreateKey" ? "SYMMETRIC_DEFAULT" : undefined),
    "kms:KeyUsage": key?.usage ?? text("KeyUsage"),
    "kms:KeyOrigin":
      key?.origin ?? text("Origin") ?? (operation === "CreateKey" ? "AWS_KMS" : undefined),
    "kms:MultiRegion": String(
      key === undefined ? input["MultiRegion"] === true : key.multiRegion !== undefined,
    ),
    "kms:MultiRegionKeyType": kindOf(ctx, key),
    "kms:PrimaryRegion": text("PrimaryRegion"),
    "kms:ReplicaRegion": text("ReplicaRegion"),
    "kms:RequestAlias":
      keyId?.includes("alias/") === true ? keyId.slice(keyId.indexOf("alias/")) : undefined,
    "kms:ResourceAliases": key && listOf(aliasesOfKey(snapshot, ctx, key.id)),
    "kms:GranteePrincipal": text("GranteePrincipal"),
    "kms:RetiringPrincipal": text("RetiringPrincipal"),
    "kms:GrantOperations": listOf((input["Operations"] ?? []) as readonly string[]),
    "kms:GrantConstraintType": listOf(constraints),
    "kms:GrantIsForAWSResource":
      operation === "CreateGrant" ? String(ctx.caller.kind === "service") : undefined,
    "kms:ScheduleKeyDeletionPendingWindowInDays": text("PendingWindowInDays"),
    "kms:RotationPeriodInDays": text("RotationPeriodInDays"),
    "kms:BypassPolicyLockoutSafetyCheck": text("BypassPolicyLockoutSafetyCheck"),
    "kms:WrappingAlgorithm": text("WrappingAlgorithm"),
    "kms:WrappingKeySpec": text("WrappingKeySpec"),
    "kms:ExpirationModel": text("ExpirationModel"),
    "kms:ReEncryptOnSameKey":
      operation === "ReEncrypt" && source !== undefined
        ? String(source === destination)
        : undefined,
    ...Object.fromEntries(
      (key?.tags ?? []).map(({ TagKey, TagValue }) => [`aws:ResourceTag/${TagKey}`, TagValue]),
    ),
    ...Object.fromEntries(
      tags.map(({ TagKey, TagValue }) => [`aws:RequestTag/${TagKey}`, TagValue]),
    ),
    "aws:TagKeys": listOf(
      (input["TagKeys"] as readonly string[] | undefined) ?? tags.map(({ TagKey }) => TagKey),
    ),
  });
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

const listOf = (values: readonly string[]): ContextValue | undefined =>
  values.length === 0 ? undefined : values;

const encrypting = new Set([
  "Encrypt",
  "Decrypt",
  "ReEncrypt",
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
]);
const algorithmOf = (operation: string): string | undefined =>
  encrypting.has(operation) ? "SYMMETRIC_DEFAULT" : undefined;

function kindOf(ctx: Context, key: KeyRecord | undefined): string | undefined {
  if (key?.multiRegion === undefined) return undefined;
  return key.multiRegion.primaryRegion === ctx.region ? "PRIMARY" : "REPLICA";
}
