import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CreateGrantRequest, GrantListEntry, GrantOperation, KMS } from "#models/kms.ts";
import { type GrantRecord, grantCodec, grantsOf, putGrant, removeGrant } from "./grant-records.ts";
import type { KeyRecord } from "./key-record.ts";
import { grantKey, grantsPrefix, retirablesPrefix } from "./keyspace.ts";
import { checkDryRun, checkNotLeaving, openEnabledKey, openKey, ownerOf } from "./open-key.ts";
import { pageUnder } from "./paging.ts";

/** Source: KMS Developer Guide, resource-limits. */
const grantsAtMost = 50_000;
const tokenPurpose = "kms grant token";

export const grants = {
  async CreateGrant(ctx, input) {
    const principals = principalsOf(ctx, input);
    const id = ctx.random.bytes(32).toString("hex");
    const made = await ctx.transact((tx) => {
      const key = openEnabledKey(tx, ctx, input.KeyId);
      checkOperations(ctx, key, input.Operations);
      checkDryRun(ctx, input);
      const wanted: GrantRecord = {
        id,
        keyId: key.id,
        keyArn: key.arn,
        name: input.Name,
        createdAtMs: ctx.now(),
        ...principals,
        issuingAccount: `arn:aws:iam::${ctx.caller.account}:root`,
        operations: input.Operations,
        constraints: input.Constraints,
      };
      const all = grantsOf(tx, ctx, key.id);
      const found = input.Name === undefined ? undefined : all.find((one) => isSame(one, wanted));
      if (found !== undefined) return found;
      if (all.length >= grantsAtMost) {
        throw ctx.error("LimitExceededException", `${key.arn} has ${grantsAtMost} grants already.`);
      }
      putGrant(tx, ctx, wanted);
      return wanted;
    });
    return { GrantId: made.id, GrantToken: tokenOf(ctx, made) };
  },

  ListGrants(ctx, input) {
    return ctx.read((snapshot) => {
      const key = openKey(snapshot, ctx, input.KeyId);
      checkNotLeaving(ctx, key);
      const { GrantId, GranteePrincipal, GranteeServicePrincipal } = input;
      const grantee = GranteePrincipal ?? GranteeServicePrincipal;
      const Limit = input.Limit ?? 50;
      const prefix = grantsPrefix(ctx, key.id);
      const page = pageUnder(snapshot, ctx, prefix, { ...input, Limit }, (value) => {
        const grant = grantCodec.decode(value);
        const isWanted =
          (GrantId ?? grant.id) === grant.id && (grantee ?? grant.grantee) === grant.grantee;
        return isWanted ? entryOf(grant) : undefined;
      });
      const { items, NextMarker, Truncated } = page;
      return { Grants: items, NextMarker, Truncated };
    });
  },

  ListRetirableGrants(ctx, input) {
    const principal = input.RetiringPrincipal ?? input.RetiringServicePrincipal;
    if (principal === undefined) {
      throw ctx.error("ValidationException", "RetiringPrincipal is required.");
    }
    return ctx.read((snapshot) => {
      const Limit = input.Limit ?? 50;
      const prefix = retirablesPrefix(ctx, principal);
      const page = pageUnder(snapshot, ctx, prefix, { ...input, Limit }, (value) => {
        const [keyId = "", id = ""] = JSON.parse(value.toString("utf8")) as string[];
        const grant = snapshot.record(grantKey(ctx, keyId, id), grantCodec);
        return grant && entryOf(grant);
      });
      const { items, NextMarker, Truncated } = page;
      return { Grants: items, NextMarker, Truncated };
    });
  },

  RevokeGrant(ctx, input) {
    return ctx.transact((tx) => {
      const key = openKey(tx, ctx, input.KeyId);
      checkNotLeaving(ctx, key);
      const grant = tx.record(grantKey(ctx, key.id, input.GrantId), grantCodec);
      if (grant === undefined) throw noGrant(ctx, input.GrantId);
      checkDryRun(ctx, input);
      removeGrant(tx, ctx, grant);
    });
  },

  RetireGrant(ctx, input) {
    const { GrantToken, KeyId, GrantId } = input;
    const named = GrantToken === undefined ? undefined : readToken(ctx, GrantToken);
    if (GrantToken !== undefined && named === undefined) {
      throw ctx.error("InvalidGrantTokenException", "The grant token is not valid.");
    }
    const keyId = named?.keyArn ?? KeyId;
    const grantId = named?.grantId ?? GrantId;
    if (keyId === undefined || grantId === undefined) {
      throw ctx.error(
        "ValidationException",
        "Either a grant token, or the ID of a grant and its key ARN, must be given.",
      );
    }
    return ctx.transact((tx) => {
      const key = openKey(tx, ctx, keyId);
      checkNotLeaving(ctx, key);
      const owner = ownerOf(ctx, keyId);
      const grant = tx.record(grantKey(owner, key.id, grantId), grantCodec);
      if (grant === undefined) throw noGrant(ctx, grantId);
      checkDryRun(ctx, input);
      removeGrant(tx, owner, grant);
    });
  },
} satisfies Handlers<KMS>;

function principalsOf(ctx: Context, input: CreateGrantRequest) {
  const grantee = input.GranteePrincipal ?? input.GranteeServicePrincipal;
  if (grantee === undefined) {
    throw ctx.error("ValidationException", "GranteePrincipal is required.");
  }
  for (const one of [input.GranteePrincipal, input.RetiringPrincipal]) {
    if (one !== undefined && !isPrincipal(one)) {
      throw ctx.error("ValidationException", `Invalid principal ARN: ${one}`);
    }
  }
  return {
    grantee,
    isGranteeService: input.GranteePrincipal === undefined,
    retiring: input.RetiringPrincipal ?? input.RetiringServicePrincipal,
    isRetiringService: input.RetiringPrincipal === undefined,
  };
}

const principalPattern =
  /^arn:aws[a-z-]*:(iam::\d{12}:(root|(user|role)\/[^*?]+)|sts::\d{12}:(assumed-role\/[^*?/]+\/[^*?/]+|federated-user\/[^*?]+))$/;
const servicePattern = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$/;
const isPrincipal = (name: string): boolean =>
  principalPattern.test(name) || servicePattern.test(name);

/** Source: API reference, CreateGrant: what keys of each usage can be granted for. */
const grantable: Readonly<Record<KeyRecord["usage"], readonly GrantOperation[]>> = {
  ENCRYPT_DECRYPT: ["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"],
  SIGN_VERIFY: ["Sign", "Verify", "GetPublicKey"],
  GENERATE_VERIFY_MAC: ["GenerateMac", "VerifyMac"],
  KEY_AGREEMENT: ["DeriveSharedSecret", "GetPublicKey"],
  ENCAPSULATE_DECAPSULATE: ["Encapsulate", "Decapsulate", "GetPublicKey"],
};
const grantableForData: readonly GrantOperation[] = [
  "GenerateDataKey",
  "GenerateDataKeyWithoutPlaintext",
  "GenerateDataKeyPair",
  "GenerateDataKeyPairWithoutPlaintext",
];

function checkOperations(
  ctx: Context,
  { usage, spec }: KeyRecord,
  operations: readonly GrantOperation[],
): void {
  const isSymmetric = spec === "SYMMETRIC_DEFAULT";
  const known = new Set<GrantOperation>([
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    ...grantable[usage],
    ...(isSymmetric
      ? grantableForData
      : usage === "ENCRYPT_DECRYPT"
        ? ["GetPublicKey" as const]
        : []),
  ]);
  const wrong = operations.filter((operation) => !known.has(operation));
  if (operations.length > 0 && wrong.length === 0) return;
  throw ctx.error(
    "ValidationException",
    operations.length === 0
      ? "At least one operation must be given."
      : `Grant operations ${wrong.join(", ")} are not supported for keys of usage ${usage} and spec ${spec}.`,
  );
}

/** Source: API reference, CreateGrant: with a name, a request that is repeated makes no second grant. */
function isSame(one: GrantRecord, other: GrantRecord): boolean {
  const told = (grant: GrantRecord): string =>
    JSON.stringify({ ...grant, id: undefined, createdAtMs: undefined });
  return told(one) === told(other);
}

function entryOf(grant: GrantRecord): GrantListEntry {
  const { isGranteeService, isRetiringService, grantee, retiring } = grant;
  return {
    KeyId: grant.keyArn,
    GrantId: grant.id,
    Name: grant.name ?? "",
    CreationDate: grant.createdAtMs,
    GranteePrincipal: grantee,
    GranteeServicePrincipal: isGranteeService ? grantee : undefined,
    RetiringPrincipal: retiring,
    RetiringServicePrincipal: isRetiringService ? retiring : undefined,
    IssuingAccount: grant.issuingAccount,
    Operations: [...grant.operations],
    Constraints: grant.constraints,
  };
}

function noGrant(ctx: Context<"NotFoundException">, grantId: string): Error {
  return ctx.error("NotFoundException", `Grant ID ${grantId} not found`);
}

/** Grants hold at once here; their tokens only name them. */
function tokenOf(ctx: Context, { keyArn, id }: GrantRecord): string {
  const sealed = ctx.vault.seal(tokenPurpose, Buffer.from(JSON.stringify([keyArn, id])), "");
  return sealed.toString("base64");
}

export function readToken(
  ctx: Context,
  token: string,
): { readonly keyArn: string; readonly grantId: string } | undefined {
  const opened = ctx.vault.open(tokenPurpose, Buffer.from(token, "base64"), "");
  if (opened === undefined) return undefined;
  const [keyArn = "", grantId = ""] = JSON.parse(opened.toString("utf8")) as string[];
  return { keyArn, grantId };
}
