import type { Context } from "#kernel/context.ts";
import type { Handlers, JobHandler } from "#kernel/service.ts";
import type { KMS } from "#models/kms.ts";
import type { Snapshot } from "#store/store.ts";
import { arnInRegion, describeKey } from "./key-description.ts";
import { checkPolicy, policyOf } from "./key-policies.ts";
import { type KeyRecord, keyCodec, materialCodec } from "./key-record.ts";
import { keyKey, materialKey } from "./keyspace.ts";
import { findMaterial, materialsOf } from "./materials.ts";
import { checkEnabled, findKey, openKey, type StateContext } from "./open-key.ts";
import { changeRelated } from "./related-keys.ts";
import { checkTags } from "./tags.ts";

/** Keys of one id in several regions. Source: KMS Developer Guide, multi-region-keys-overview. */
export const multiRegion = {
  ReplicateKey(ctx, input) {
    const { ReplicaRegion: region } = input;
    checkTags(ctx, [], input.Tags ?? []);
    checkPolicy(ctx, input.Policy, input.BypassPolicyLockoutSafetyCheck);
    if (ctx.peerOf(region) !== undefined) {
      throw ctx.error(
        "NotImplemented",
        "KMS ReplicateKey into a region that another process serves is not implemented by Tule yet.",
      );
    }
    if (ctx.links.isCut(ctx.region, region)) {
      throw ctx.error("KMSInternalException", `${region} cannot be reached.`);
    }
    const there = ctx.inRegion(region);
    return ctx.transact((tx) => {
      const primary = openPrimary(tx, ctx, input.KeyId);
      if (findKey(tx, there, primary.id) !== undefined) {
        throw ctx.error(
          "AlreadyExistsException",
          `${arnInRegion(primary.arn, region)} already exists.`,
        );
      }
      const related = primary.multiRegion!;
      const replicaRegions = [...related.replicaRegions, region];
      changeRelated(tx, ctx, primary, (one) => ({
        ...one,
        multiRegion: { ...one.multiRegion!, replicaRegions },
      }));
      const replica: KeyRecord = {
        ...primary,
        arn: arnInRegion(primary.arn, region),
        createdAtMs: ctx.now(),
        description: input.Description ?? "",
        policy: input.Policy,
        tags: input.Tags ?? [],
        isEnabled: true,
        isCreating: true,
        // Source: multi-region-keys-import: a replica's material is imported on its own.
        isMaterialMissing: primary.origin === "EXTERNAL",
        multiRegion: { ...related, replicaRegions },
      };
      tx.putRecord(keyKey(there, replica.id), keyCodec, replica);
      for (const material of materialsOf(tx, ctx, primary.id)) {
        const copied =
          primary.origin === "EXTERNAL"
            ? { ...material, sealed: undefined, expiresAtMs: undefined }
            : material;
        tx.putRecord(materialKey(there, replica.id, material.id), materialCodec, copied);
      }
      const at = ctx.now();
      there.schedule(tx, { at, job: "activateReplica", key: replica.id, payload: replica.id });
      return {
        ReplicaKeyMetadata: describeKey(replica, undefined),
        ReplicaPolicy: policyOf(replica),
        ReplicaTags: input.Tags,
      };
    });
  },

  UpdatePrimaryRegion(ctx, input) {
    const { PrimaryRegion: region } = input;
    return ctx.transact((tx) => {
      const primary = openPrimary(tx, ctx, input.KeyId);
      const { replicaRegions, primaryRegion } = primary.multiRegion!;
      const there = ctx.inRegion(region);
      const next = replicaRegions.includes(region) ? findKey(tx, there, primary.id) : undefined;
      if (next === undefined) {
        throw ctx.error(
          "NotFoundException",
          `Key '${arnInRegion(primary.arn, region)}' does not exist`,
        );
      }
      checkEnabled(ctx, next);
      const replicas = replicaRegions.map((one) => (one === region ? primaryRegion : one));
      changeRelated(tx, ctx, primary, (one) => ({
        ...one,
        multiRegion: { primaryRegion: region, replicaRegions: replicas },
      }));
      // The rotations go on where the primary is now.
      if (primary.rotation === undefined) return;
      ctx.unschedule(tx, "rotateKey", primary.id);
      const at = primary.rotation.nextAtMs;
      there.schedule(tx, { at, job: "rotateKey", key: primary.id, payload: primary.id });
    });
  },
} satisfies Handlers<KMS>;

function openPrimary(
  snapshot: Snapshot,
  ctx: StateContext & Context<"UnsupportedOperationException">,
  keyId: string,
): KeyRecord {
  const key = openKey(snapshot, ctx, keyId);
  checkEnabled(ctx, key);
  if (key.multiRegion?.primaryRegion === ctx.region) return key;
  // Recorded.
  throw ctx.error("UnsupportedOperationException", `${key.arn} is not a multi-region primary key.`);
}

/** A replica that was asked for is there. */
export const activateReplica: JobHandler = (ctx, keyId: string) =>
  ctx.transact((tx) => {
    ctx.complete(tx);
    const key = findKey(tx, ctx, keyId);
    if (key?.isCreating !== true) return;
    const isMaterialMissing = findMaterial(tx, ctx, keyId, key.materialId)?.sealed === undefined;
    tx.putRecord(keyKey(ctx, keyId), keyCodec, { ...key, isCreating: false, isMaterialMissing });
  });
