import type { Context, JobContext } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  ReplicaRegionType,
  ReplicationStatusType,
  SecretsManager,
} from "#models/secretsmanager.ts";
import type { Transaction } from "#store/store.ts";
import { secretKey, valueKey } from "./keyspace.ts";
import { findSecret, openSecret, openToChange } from "./open-secret.ts";
import {
  type ReplicaRecord,
  secretCodec,
  type SealedValue,
  type SecretRecord,
  valueCodec,
} from "./secret-record.ts";
import { openValue, sealValue } from "./sealed-values.ts";
import { forgetSecret } from "./secrets.ts";

/*
 * A secret in other regions. The primary's changes go to each replica by a job, which decrypts them here and encrypts
 * them there, with a key of that region. Source: User Guide, replicate-secrets.
 */

interface ReplicaJob {
  readonly name: string;
  readonly id: string;
  readonly region: string;
}

type ReplicaContext = Context<"InvalidParameterException">;

export const replication = {
  ReplicateSecretToRegions(ctx, input) {
    checkReplicas(ctx, input.AddReplicaRegions);
    return ctx.transact((tx) => {
      const before = openToChange(tx, ctx, input.SecretId);
      for (const { Region: region = "" } of input.AddReplicaRegions) {
        const taken = findSecret(tx, ctx.inRegion(region), before.name);
        const isOwn = before.replicas.some((one) => one.region === region);
        const mayOverwrite = input.ForceOverwriteReplicaSecret === true;
        if (isOwn || (taken !== undefined && !mayOverwrite)) {
          throw ctx.error(
            "InvalidParameterException",
            `A secret with this name already exists in the region ${region}.`,
          );
        }
      }
      const replicas = [...before.replicas, ...newReplicas(input.AddReplicaRegions)];
      const after = replicate(tx, ctx, { ...before, replicas });
      tx.putRecord(secretKey(ctx, after.name), secretCodec, after);
      return { ARN: after.arn, ReplicationStatus: replicationStatus(after) };
    });
  },

  RemoveRegionsFromReplication(ctx, input) {
    return ctx.transact((tx) => {
      const before = openToChange(tx, ctx, input.SecretId);
      const regions = new Set(input.RemoveReplicaRegions);
      for (const region of regions) {
        const there = ctx.inRegion(region);
        const replica = findSecret(tx, there, before.name);
        if (replica?.primaryRegion === ctx.region) forgetSecret(tx, there, replica);
        ctx.unschedule(tx, "replicateSecret", jobKey(before, region));
      }
      const replicas = before.replicas.filter(({ region }) => !regions.has(region));
      const after = { ...before, replicas };
      tx.putRecord(secretKey(ctx, after.name), secretCodec, after);
      return { ARN: after.arn, ReplicationStatus: replicationStatus(after) ?? [] };
    });
  },

  /** The replica becomes a secret of its own. */
  StopReplicationToReplica(ctx, input) {
    return ctx.transact((tx) => {
      const replica = openSecret(tx, ctx, input.SecretId);
      if (replica.primaryRegion === undefined) {
        throw ctx.error("InvalidRequestException", "The secret is not a replica.");
      }
      const there = ctx.inRegion(replica.primaryRegion);
      const primary = findSecret(tx, there, replica.name);
      if (primary?.id === replica.id) {
        const replicas = primary.replicas.filter(({ region }) => region !== ctx.region);
        tx.putRecord(secretKey(there, primary.name), secretCodec, { ...primary, replicas });
      }
      const after = { ...replica, primaryRegion: undefined };
      tx.putRecord(secretKey(ctx, replica.name), secretCodec, after);
      return { ARN: replica.arn };
    });
  },
} satisfies Handlers<SecretsManager>;

export function checkReplicas(ctx: ReplicaContext, given: readonly ReplicaRegionType[]): void {
  for (const { Region: region } of given) {
    if (region === undefined || region === ctx.region) {
      throw ctx.error("InvalidParameterException", "Invalid replica region.");
    }
    if (ctx.peerOf(region) !== undefined) {
      throw ctx.error(
        "NotImplemented",
        "Replicas in a region that another process serves are not implemented by Tule yet.",
      );
    }
  }
}

export function newReplicas(given: readonly ReplicaRegionType[]): ReplicaRecord[] {
  return given.map(({ Region: region = "", KmsKeyId: kmsKeyId }) => ({
    region,
    kmsKeyId,
    status: "InProgress",
    statusMessage: undefined,
  }));
}

export function replicationStatus({ replicas }: SecretRecord): ReplicationStatusType[] | undefined {
  if (replicas.length === 0) return undefined;
  return replicas.map(({ region, kmsKeyId, status, statusMessage }) => ({
    Region: region,
    KmsKeyId: kmsKeyId ?? "alias/aws/secretsmanager",
    Status: status,
    StatusMessage: statusMessage,
  }));
}

const jobKey = ({ id }: { readonly id: string }, region: string): string => `${id} ${region}`;

/** Has each replica told of the secret as it is now. */
export function replicate(tx: Transaction, ctx: Context, secret: SecretRecord): SecretRecord {
  if (secret.replicas.length === 0) return secret;
  for (const { region } of secret.replicas) {
    const payload: ReplicaJob = { name: secret.name, id: secret.id, region };
    const key = jobKey(secret, region);
    ctx.schedule(tx, { at: ctx.now(), job: "replicateSecret", key, payload });
  }
  const replicas = secret.replicas.map((one) => ({ ...one, status: "InProgress" as const }));
  return { ...secret, replicas };
}

export async function replicateSecret(ctx: JobContext, job: ReplicaJob): Promise<void> {
  const { name, id, region } = job;
  const there = ctx.inRegion(region);
  const found = await ctx.read((snapshot) => {
    const secret = findSecret(snapshot, ctx, name);
    const replica = secret?.replicas.find((one) => one.region === region);
    if (secret?.id !== id || replica === undefined) return undefined;
    const known = findSecret(snapshot, there, name);
    const isReplica = known?.id === id && known.primaryRegion === ctx.region;
    const missing = secret.versions.filter(
      ({ id: version }) => !isReplica || snapshot.get(valueKey(there, id, version)) === undefined,
    );
    const sealed = missing.map(
      (one) => [one.id, snapshot.record(valueKey(ctx, id, one.id), valueCodec)!] as const,
    );
    return { secret, replica, sealed };
  });
  if (found === undefined) return;
  const { secret, replica, sealed } = found;
  const arn = secret.arn.replace(`:${ctx.region}:`, `:${region}:`);
  const values: (readonly [string, SealedValue])[] = [];
  try {
    for (const [versionId, value] of sealed) {
      const plain = await openValue(ctx, { arn: secret.arn, versionId }, value);
      const place = { arn, versionId, kmsKeyId: replica.kmsKeyId };
      values.push([versionId, await sealValue(there, place, plain)]);
    }
  } catch (refused) {
    if (!(refused instanceof ServiceError)) throw refused;
    return ctx.transact((tx) => {
      ctx.complete(tx);
      settle(tx, ctx, job, { status: "Failed", statusMessage: refused.message });
    });
  }
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const now = findSecret(tx, ctx, name);
    if (now?.id !== id || !now.replicas.some((one) => one.region === region)) return;
    const before = findSecret(tx, there, name);
    if (before !== undefined && before.id !== id) forgetSecret(tx, there, before);
    for (const [versionId, value] of values) {
      tx.putRecord(valueKey(there, id, versionId), valueCodec, value);
    }
    const versions = secret.versions.map((one) => ({ ...one, kmsKeyId: replica.kmsKeyId }));
    tx.putRecord(secretKey(there, name), secretCodec, {
      ...secret,
      arn,
      versions,
      kmsKeyId: replica.kmsKeyId,
      primaryRegion: ctx.region,
      replicas: [],
      policy: before?.policy,
    });
    settle(tx, ctx, job, { status: "InSync", statusMessage: undefined });
  });
}

function settle(
  tx: Transaction,
  ctx: Context,
  { name, id, region }: ReplicaJob,
  outcome: Pick<ReplicaRecord, "status" | "statusMessage">,
): void {
  const secret = findSecret(tx, ctx, name);
  if (secret?.id !== id) return;
  const replicas = secret.replicas.map((one) =>
    one.region === region ? { ...one, ...outcome } : one,
  );
  tx.putRecord(secretKey(ctx, name), secretCodec, { ...secret, replicas });
}
