import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CreateKeyRequest, KeySpec, KeyUsageType, KMS } from "#models/kms.ts";
import type { Transaction } from "#store/store.ts";
import { describeKey } from "./key-description.ts";
import { checkPolicy } from "./key-policies.ts";
import { type KeyRecord, keyCodec, type MaterialRecord, materialCodec } from "./key-record.ts";
import { factsOfSpec, type SpecFacts } from "./key-specs.ts";
import { keyKey, keysPrefix, materialKey } from "./keyspace.ts";
import { withManagedKey } from "./managed-keys.ts";
import {
  findMaterial,
  type FreshMaterial,
  makeMaterial,
  newMaterialId,
  sealMaterial,
} from "./materials.ts";
import { checkNotLeaving, checkUsable, openKey } from "./open-key.ts";
import { pageUnder } from "./paging.ts";
import { publishState } from "./state-changes.ts";
import { checkTags } from "./tags.ts";
import { refuseKeyStore, refuseSm2 } from "./unbuilt-options.ts";

/** Keys as resources: what is done with their material is in other files. */
export const keys = {
  async CreateKey(ctx, input) {
    refuseKeyStore(ctx, input.CustomKeyStoreId ?? input.XksKeyId);
    const spec = specOf(ctx, input);
    const { facts, usage } = checkSpec(ctx, spec, input.KeyUsage);
    const origin = input.Origin ?? "AWS_KMS";
    if (origin !== "AWS_KMS" && origin !== "EXTERNAL") {
      refuseKeyStore(ctx, origin);
      throw new Error("refused");
    }
    checkTags(ctx, [], input.Tags ?? []);
    checkPolicy(ctx, input.Policy, input.BypassPolicyLockoutSafetyCheck);
    const id = input.MultiRegion === true ? newMultiRegionId(ctx) : ctx.random.uuid();
    const fresh = origin === "EXTERNAL" ? undefined : await makeMaterial(ctx, facts.form);
    const { key, material } = newKey(ctx, { id, spec, usage, origin, manager: "CUSTOMER", fresh });
    const made: KeyRecord = {
      ...key,
      description: input.Description ?? "",
      policy: input.Policy,
      tags: input.Tags ?? [],
      multiRegion:
        input.MultiRegion === true ? { primaryRegion: ctx.region, replicaRegions: [] } : undefined,
    };
    return ctx.transact((tx) => {
      putKey(tx, ctx, made, material);
      return { KeyMetadata: describeKey(made, material) };
    });
  },

  async DescribeKey(ctx, input) {
    await withManagedKey(ctx, input.KeyId);
    return ctx.read((snapshot) => {
      const key = openKey(snapshot, ctx, input.KeyId, true);
      return { KeyMetadata: describeKey(key, findMaterial(snapshot, ctx, key.id, key.materialId)) };
    });
  },

  ListKeys(ctx, input) {
    if (input.ResourceOwners?.includes("OTHER_ACCOUNTS_VIA_RAM") === true) {
      throw ctx.error("NotImplemented", "KMS ResourceOwners is not implemented by Tule yet.");
    }
    return ctx.read((snapshot) => {
      const page = pageUnder(snapshot, ctx, keysPrefix(ctx), input, (value) => {
        const { id, arn } = keyCodec.decode(value);
        return { KeyId: id, KeyArn: arn };
      });
      const { items, NextMarker, Truncated } = page;
      return { Keys: items, NextMarker, Truncated };
    });
  },

  UpdateKeyDescription(ctx, input) {
    return ctx.transact((tx) => {
      const key = openKey(tx, ctx, input.KeyId);
      checkNotLeaving(ctx, key);
      tx.putRecord(keyKey(ctx, key.id), keyCodec, { ...key, description: input.Description });
    });
  },

  EnableKey(ctx, input) {
    return ctx.transact((tx) => setEnabled(tx, ctx, input.KeyId, true));
  },

  DisableKey(ctx, input) {
    return ctx.transact((tx) => setEnabled(tx, ctx, input.KeyId, false));
  },
} satisfies Handlers<KMS>;

function setEnabled(
  tx: Transaction,
  ctx: Context<"NotFoundException" | "KMSInvalidStateException">,
  keyId: string,
  isEnabled: boolean,
): void {
  const before = openKey(tx, ctx, keyId);
  checkUsable(ctx, before);
  const key = { ...before, isEnabled };
  tx.putRecord(keyKey(ctx, key.id), keyCodec, key);
  publishState(tx, ctx, before, key);
}

function specOf(ctx: Context, input: CreateKeyRequest): KeySpec {
  if (input.KeySpec !== undefined && input.CustomerMasterKeySpec !== undefined) {
    throw ctx.error(
      "ValidationException",
      "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
    );
  }
  return input.KeySpec ?? input.CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT";
}

function checkSpec(
  ctx: Context,
  spec: KeySpec,
  given: KeyUsageType | undefined,
): { readonly facts: SpecFacts; readonly usage: KeyUsageType } {
  if (given === undefined && spec !== "SYMMETRIC_DEFAULT") {
    throw ctx.error(
      "ValidationException",
      "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
    );
  }
  const usage = given ?? "ENCRYPT_DECRYPT";
  const facts = factsOfSpec(spec);
  if (facts === undefined) throw refuseSm2(ctx);
  if (!facts.usages.includes(usage)) {
    // Recorded.
    throw ctx.error(
      "ValidationException",
      `KeyUsage ${usage} is not compatible with KeySpec ${spec}`,
    );
  }
  return { facts, usage };
}

/** Source: multi-region-keys-overview: the id says what the key is, and is the same in all regions. */
function newMultiRegionId(ctx: Context): string {
  return `mrk-${ctx.random.bytes(16).toString("hex")}`;
}

/** A key and its first material. Draws chance. */
export function newKey(
  ctx: Context,
  given: Pick<KeyRecord, "id" | "spec" | "usage" | "origin" | "manager"> & {
    /** Undefined where it is to be imported. */
    readonly fresh: FreshMaterial | undefined;
  },
): { readonly key: KeyRecord; readonly material: MaterialRecord | undefined } {
  const { id, spec, usage, origin, manager, fresh } = given;
  const createdAtMs = ctx.now();
  const material = fresh && firstMaterial(ctx, id, fresh);
  const key: KeyRecord = {
    id,
    arn: ctx.arn(`key/${id}`),
    spec,
    usage,
    origin,
    manager,
    createdAtMs,
    description: "",
    isEnabled: true,
    policy: undefined,
    tags: [],
    materialId: material?.id,
    isMaterialMissing: fresh === undefined,
    publicKey: fresh?.publicKey?.toString("base64"),
    deletion: undefined,
    rotation: undefined,
    onDemandRotations: 0,
    multiRegion: undefined,
  };
  return { key, material };
}

function firstMaterial(ctx: Context, keyId: string, { plain }: FreshMaterial): MaterialRecord {
  const id = newMaterialId(ctx);
  const sealed = sealMaterial(ctx, keyId, id, plain);
  return { id, order: 0, sealed, createdAtMs: ctx.now() };
}

export function putKey(
  tx: Transaction,
  ctx: Context,
  key: KeyRecord,
  material: MaterialRecord | undefined,
): void {
  tx.putRecord(keyKey(ctx, key.id), keyCodec, key);
  if (material !== undefined) {
    tx.putRecord(materialKey(ctx, key.id, material.id), materialCodec, material);
  }
}
