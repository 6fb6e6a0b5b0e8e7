import type { Context } from "#kernel/context.ts";
import type { Handlers, JobHandler } from "#kernel/service.ts";
import type { KeyMaterialState, KMS, RotationsListEntry, RotationType } from "#models/kms.ts";
import type { Transaction } from "#store/store.ts";
import {
  keyCodec,
  type KeyRecord,
  type MaterialRecord,
  materialCodec,
  stateOf,
} from "./key-record.ts";
import { keyKey, materialKey } from "./keyspace.ts";
import { materialsOf, newMaterialId, sealMaterial } from "./materials.ts";
import { checkEnabled, findKey, openKey, parseKeyName, type StateContext } from "./open-key.ts";
import { pageOfList } from "./paging.ts";
import { changeRelated } from "./related-keys.ts";

/*
 * New material for the same key. Source: KMS Developer Guide, rotate-keys. What was encrypted stays readable: a key keeps
 * all that it ever had. Only symmetric keys rotate; imported material does on demand alone, and with what was imported.
 */

const dayMs = 86_400_000;
const defaultPeriodDays = 365;
/** Source: KMS Developer Guide, resource-limits, "On-demand rotation". */
const onDemandAtMost = 25;

type RotationContext = StateContext & Context<"UnsupportedOperationException">;

export const rotation = {
  EnableKeyRotation(ctx, input) {
    const periodDays = input.RotationPeriodInDays ?? defaultPeriodDays;
    return ctx.transact((tx) => {
      const key = openRotating(tx, ctx, input.KeyId);
      checkEnabled(ctx, key);
      checkOwn(ctx, key);
      const begun = firstRotation(tx, ctx, key.id, periodDays);
      changeRelated(tx, ctx, key, (one) => ({ ...one, rotation: begun }));
    });
  },

  DisableKeyRotation(ctx, input) {
    return ctx.transact((tx) => {
      const key = openRotating(tx, ctx, input.KeyId);
      checkEnabled(ctx, key);
      checkOwn(ctx, key);
      ctx.unschedule(tx, "rotateKey", key.id);
      changeRelated(tx, ctx, key, (one) => ({ ...one, rotation: undefined }));
    });
  },

  GetKeyRotationStatus(ctx, input) {
    return ctx.read((snapshot) => {
      const key = openKey(snapshot, ctx, input.KeyId);
      checkSymmetric(ctx, key);
      const isLeaving = key.deletion !== undefined;
      const isOn = key.rotation !== undefined && !isLeaving;
      return {
        KeyId: key.arn,
        KeyRotationEnabled: isOn,
        RotationPeriodInDays: isOn ? key.rotation.periodDays : undefined,
        NextRotationDate: isOn ? key.rotation.nextAtMs : undefined,
      };
    });
  },

  async RotateKeyOnDemand(ctx, input) {
    const fresh = freshMaterial(ctx, parseKeyName(input.KeyId).name);
    return ctx.transact((tx) => {
      const key = openKey(tx, ctx, input.KeyId);
      checkSymmetric(ctx, key);
      checkEnabled(ctx, key);
      checkPrimary(ctx, key);
      if (key.manager === "AWS") throw notForRotation(ctx, key);
      if (key.onDemandRotations >= onDemandAtMost) {
        throw ctx.error(
          "LimitExceededException",
          `The on-demand rotations limit has been reached for ${key.arn}.`,
        );
      }
      if (key.origin === "EXTERNAL") rotateToImported(tx, ctx, key);
      else rotate(tx, ctx, key, { ...fresh, type: "ON_DEMAND", atMs: ctx.now() });
      return { KeyId: key.arn };
    });
  },

  ListKeyRotations(ctx, input) {
    return ctx.read((snapshot) => {
      const key = openKey(snapshot, ctx, input.KeyId);
      checkSymmetric(ctx, key);
      const isAll = input.IncludeKeyMaterial === "ALL_KEY_MATERIAL";
      const listed = materialsOf(snapshot, ctx, key.id).filter(
        ({ rotatedAtMs }) => isAll || rotatedAtMs !== undefined,
      );
      const page = pageOfList(ctx, listed, input);
      const { items, NextMarker, Truncated } = page;
      return { Rotations: items.map((one) => entryOf(key, one)), NextMarker, Truncated };
    });
  },
} satisfies Handlers<KMS>;

function entryOf(key: KeyRecord, material: MaterialRecord): RotationsListEntry {
  const isExternal = key.origin === "EXTERNAL";
  const isThere = material.sealed !== undefined;
  return {
    KeyId: key.arn,
    KeyMaterialId: material.id,
    KeyMaterialDescription: material.description,
    ImportState: isExternal ? (isThere ? "IMPORTED" : "PENDING_IMPORT") : undefined,
    KeyMaterialState: materialState(key, material),
    ExpirationModel: isExternal && isThere ? material.expirationModel : undefined,
    ValidTo: isThere ? material.expiresAtMs : undefined,
    RotationDate: material.rotatedAtMs,
    RotationType: material.rotationType,
  };
}

function materialState(key: KeyRecord, { id, isPending }: MaterialRecord): KeyMaterialState {
  if (id === key.materialId) return "CURRENT";
  return isPending === true ? "PENDING_ROTATION" : "NON_CURRENT";
}

function openRotating(tx: Transaction, ctx: RotationContext, keyId: string): KeyRecord {
  const key = openKey(tx, ctx, keyId);
  checkSymmetric(ctx, key);
  checkPrimary(ctx, key);
  if (key.origin === "EXTERNAL") throw wrongOrigin(ctx, key);
  return key;
}

/** Users do not decide on the rotation of the keys that AWS manages. */
function checkOwn(ctx: RotationContext, key: KeyRecord): void {
  if (key.manager === "AWS") throw notForRotation(ctx, key);
}

function notForRotation(ctx: RotationContext, { arn }: KeyRecord): Error {
  return ctx.error(
    "UnsupportedOperationException",
    `${arn} is managed by AWS, which is not valid for ${ctx.operation}.`,
  );
}

function checkSymmetric(ctx: Context<"UnsupportedOperationException">, key: KeyRecord): void {
  if (key.spec === "SYMMETRIC_DEFAULT") return;
  throw ctx.error(
    "UnsupportedOperationException",
    `${key.arn} key spec is ${key.spec} which is not valid for ${ctx.operation}.`,
  );
}

/** Recorded for imports. */
export function wrongOrigin(
  ctx: Context<"UnsupportedOperationException">,
  { arn, origin }: KeyRecord,
): Error {
  return ctx.error(
    "UnsupportedOperationException",
    `${arn} origin is ${origin} which is not valid for this operation.`,
  );
}

/** Source: multi-region-keys-overview: replicas rotate with their primary. */
function checkPrimary(ctx: Context<"UnsupportedOperationException">, key: KeyRecord): void {
  const { multiRegion, arn } = key;
  if (multiRegion === undefined || multiRegion.primaryRegion === ctx.region) return;
  throw ctx.error("UnsupportedOperationException", `${arn} is not a multi-region primary key.`);
}

/** Begins to rotate the key by the calendar; the job is keyed by the key's id. */
export function firstRotation(
  tx: Transaction,
  ctx: Context,
  keyId: string,
  periodDays: number,
): NonNullable<KeyRecord["rotation"]> {
  const nextAtMs = ctx.now() + periodDays * dayMs;
  ctx.schedule(tx, { at: nextAtMs, job: "rotateKey", key: keyId, payload: keyId });
  return { periodDays, nextAtMs };
}

/** A rotation's date has come. One run for each: a clock that was moved by years makes up for all of them. */
export const rotateKey: JobHandler = async (ctx, keyId: string) => {
  const fresh = freshMaterial(ctx, keyId);
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const key = findKey(tx, ctx, keyId);
    if (key?.rotation === undefined || key.rotation.nextAtMs > ctx.now()) return;
    const { periodDays, nextAtMs: atMs } = key.rotation;
    const nextAtMs = atMs + periodDays * dayMs;
    ctx.schedule(tx, { at: nextAtMs, job: "rotateKey", key: keyId, payload: keyId });
    changeRelated(tx, ctx, key, (one) => ({ ...one, rotation: { periodDays, nextAtMs } }));
    // Source: rotate-keys, "Disabled KMS keys", "KMS keys pending deletion": these are passed over.
    if (stateOf(key) !== "Enabled") return;
    rotate(tx, ctx, findKey(tx, ctx, keyId)!, { ...fresh, type: "AUTOMATIC", atMs });
  });
};

interface FreshMaterial {
  readonly id: string;
  readonly sealed: string;
}

/** Draws chance: not in a transaction. */
function freshMaterial(ctx: Context, keyId: string): FreshMaterial {
  const id = newMaterialId(ctx);
  return { id, sealed: sealMaterial(ctx, keyId, id, ctx.random.bytes(32)) };
}

interface NewMaterial extends FreshMaterial {
  readonly type: RotationType;
  readonly atMs: number;
}

/** Gives the key and those that are related to it a new current material. */
function rotate(tx: Transaction, ctx: Context, key: KeyRecord, made: NewMaterial): void {
  const { id, sealed, type, atMs } = made;
  const material: MaterialRecord = {
    id,
    order: materialsOf(tx, ctx, key.id).length,
    sealed,
    createdAtMs: atMs,
    rotatedAtMs: atMs,
    rotationType: type,
  };
  changeRelated(tx, ctx, key, (one, there) => {
    tx.putRecord(materialKey(there, key.id, id), materialCodec, material);
    return withCurrent(one, id, type);
  });
}

/** The material that was imported and waits becomes the current one. */
function rotateToImported(
  tx: Transaction,
  ctx: Context<"KMSInvalidStateException">,
  key: KeyRecord,
): void {
  const waiting = materialsOf(tx, ctx, key.id).find(({ isPending }) => isPending === true);
  if (waiting === undefined) {
    throw ctx.error(
      "KMSInvalidStateException",
      `No available key material pending rotation for the key: ${key.arn}.`,
    );
  }
  const { isPending: _, ...rest } = waiting;
  const rotated: MaterialRecord = {
    ...rest,
    rotatedAtMs: ctx.now(),
    rotationType: "ON_DEMAND",
  };
  tx.putRecord(materialKey(ctx, key.id, rotated.id), materialCodec, rotated);
  tx.putRecord(keyKey(ctx, key.id), keyCodec, withCurrent(key, rotated.id, "ON_DEMAND"));
}

function withCurrent(key: KeyRecord, materialId: string, type: RotationType): KeyRecord {
  const counted = type === "ON_DEMAND" ? 1 : 0;
  return { ...key, materialId, onDemandRotations: key.onDemandRotations + counted };
}
