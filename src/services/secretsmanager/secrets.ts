import type { Context } from "#kernel/context.ts";
import type { Handlers, JobHandler } from "#kernel/service.ts";
import type {
  CreateSecretRequest,
  DescribeSecretResponse,
  SecretsManager,
  Tag,
} from "#models/secretsmanager.ts";
import type { Transaction } from "#store/store.ts";
import { secretKey, valueKey } from "./keyspace.ts";
import {
  checkIsPrimary,
  checkName,
  findSecret,
  openLiveSecret,
  openSecret,
  openToChange,
  valueKeysOf,
} from "./open-secret.ts";
import { checkReplicas, newReplicas, replicationStatus } from "./replication.ts";
import {
  current,
  secretCodec,
  type SecretRecord,
  stagesByVersion,
  valueCodec,
} from "./secret-record.ts";
import { isSameValue, openValue, sealValue } from "./sealed-values.ts";
import { prepareVersion, tokenOf, valueOf, writeChange } from "./secret-values.ts";
import { withVersion } from "./versions.ts";

const dayMs = 86_400_000;
const defaultWindowDays = 30;
const tagsAtMost = 50;
const suffixAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Secrets as resources; their values are in another file. */
export const secrets = {
  async CreateSecret(ctx, input) {
    refuseWhatIsNotBuilt(ctx, input);
    checkName(ctx, input.Name);
    const token = tokenOf(ctx, input.ClientRequestToken);
    const value = valueOf(ctx, input);
    const tags = input.Tags === undefined ? undefined : withTags(ctx, [], input.Tags);
    checkReplicas(ctx, input.AddReplicaRegions ?? []);
    const known = await ctx.read((snapshot) => {
      const secret = findSecret(snapshot, ctx, input.Name);
      if (secret === undefined) return { secret, sealed: undefined };
      return { secret, sealed: snapshot.record(valueKey(ctx, secret.id, token), valueCodec) };
    });
    if (known.secret !== undefined && known.sealed !== undefined && value !== undefined) {
      const { arn, name, deletionAtMs } = known.secret;
      const before = await openValue(ctx, { arn, versionId: token }, known.sealed);
      if (deletionAtMs === undefined && isSameValue(before, value)) {
        return { ARN: arn, Name: name, VersionId: token };
      }
    }
    const id = `${input.Name}-${suffixOf(ctx.random.bytes(6))}`;
    const arn = ctx.arn(`secret:${id}`);
    const kmsKeyId = input.KmsKeyId;
    const sealed = value && (await sealValue(ctx, { arn, versionId: token, kmsKeyId }, value));
    return ctx.transact((tx) => {
      checkIsFree(ctx, findSecret(tx, ctx, input.Name));
      const empty: SecretRecord = {
        name: input.Name,
        id,
        arn,
        description: input.Description,
        kmsKeyId,
        tags,
        createdAtMs: ctx.now(),
        changedAtMs: ctx.now(),
        accessedAtMs: undefined,
        deletionAtMs: undefined,
        policy: undefined,
        versions: [],
        primaryRegion: undefined,
        replicas: newReplicas(input.AddReplicaRegions ?? []),
      };
      const version = { id: token, kmsKeyId };
      const secret = sealed ? withVersion(tx, ctx, empty, version, [current]) : empty;
      if (sealed) tx.putRecord(valueKey(ctx, id, token), valueCodec, sealed);
      writeChange(tx, ctx, secret);
      return {
        ARN: arn,
        Name: input.Name,
        VersionId: sealed && token,
        ReplicationStatus: replicationStatus(secret),
      };
    });
  },

  async UpdateSecret(ctx, input) {
    if (input.Type !== undefined) throw notBuilt(ctx, "Type");
    const value = valueOf(ctx, input);
    const token = value === undefined ? undefined : tokenOf(ctx, input.ClientRequestToken);
    const put =
      value === undefined || token === undefined
        ? undefined
        : await prepareVersion(ctx, input.SecretId, token, value, input.KmsKeyId);
    return ctx.transact((tx) => {
      const before = openToChange(tx, ctx, input.SecretId);
      const described: SecretRecord = {
        ...before,
        description: input.Description ?? before.description,
        kmsKeyId: input.KmsKeyId ?? before.kmsKeyId,
      };
      const secret = put === undefined ? described : put(tx, described, undefined);
      writeChange(tx, ctx, secret);
      return { ARN: secret.arn, Name: secret.name, VersionId: token };
    });
  },

  DescribeSecret(ctx, input) {
    return ctx.read((snapshot) => describeSecret(openSecret(snapshot, ctx, input.SecretId)));
  },

  DeleteSecret(ctx, input) {
    const { RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: isForced = false } = input;
    if (days !== undefined && isForced) {
      throw ctx.error(
        "InvalidParameterException",
        "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
      );
    }
    if (days !== undefined && (days < 7 || days > 30)) {
      throw ctx.error(
        "InvalidParameterException",
        "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
      );
    }
    const suffix = suffixOf(ctx.random.bytes(6));
    return ctx.transact((tx) => {
      // Source: API reference: with force, a secret that is not there is no failure.
      if (isForced && findSecret(tx, ctx, input.SecretId) === undefined) {
        const Name = input.SecretId;
        return { ARN: ctx.arn(`secret:${Name}-${suffix}`), Name, DeletionDate: ctx.now() };
      }
      const secret = isForced
        ? openSecret(tx, ctx, input.SecretId)
        : openLiveSecret(tx, ctx, input.SecretId);
      checkIsPrimary(ctx, secret);
      if (secret.replicas.length > 0) {
        throw ctx.error(
          "InvalidRequestException",
          "You can't delete secret that still has a replica region(s). You must first remove all replica regions.",
        );
      }
      const { arn: ARN, name: Name } = secret;
      if (isForced) {
        forgetSecret(tx, ctx, secret);
        return { ARN, Name, DeletionDate: ctx.now() };
      }
      const at = ctx.now() + (days ?? defaultWindowDays) * dayMs;
      tx.putRecord(secretKey(ctx, Name), secretCodec, { ...secret, deletionAtMs: at });
      const payload = { name: Name, id: secret.id };
      ctx.schedule(tx, { at, job: "deleteSecret", key: secret.id, payload });
      return { ARN, Name, DeletionDate: at };
    });
  },

  RestoreSecret(ctx, input) {
    return ctx.transact((tx) => {
      const secret = openSecret(tx, ctx, input.SecretId);
      ctx.unschedule(tx, "deleteSecret", secret.id);
      const after = { ...secret, deletionAtMs: undefined };
      tx.putRecord(secretKey(ctx, secret.name), secretCodec, after);
      return { ARN: secret.arn, Name: secret.name };
    });
  },

  TagResource(ctx, input) {
    return ctx.transact((tx) => {
      const secret = openLiveSecret(tx, ctx, input.SecretId);
      const tags = withTags(ctx, secret.tags ?? [], input.Tags);
      tx.putRecord(secretKey(ctx, secret.name), secretCodec, { ...secret, tags });
    });
  },

  UntagResource(ctx, input) {
    return ctx.transact((tx) => {
      const secret = openLiveSecret(tx, ctx, input.SecretId);
      const tags = (secret.tags ?? []).filter(({ Key }) => !input.TagKeys.includes(Key ?? ""));
      tx.putRecord(secretKey(ctx, secret.name), secretCodec, { ...secret, tags });
    });
  },
} satisfies Handlers<SecretsManager>;

function refuseWhatIsNotBuilt(ctx: Context, input: CreateSecretRequest): void {
  if (input.Type !== undefined) throw notBuilt(ctx, "Type");
  if (input.CrossAccountPrimaryARN !== undefined) throw notBuilt(ctx, "CrossAccountPrimaryARN");
}

const notBuilt = (ctx: Context, member: string): Error =>
  ctx.error("NotImplemented", `${ctx.operation} with ${member} is not implemented by Tule yet.`);

function checkIsFree(
  ctx: Context<"ResourceExistsException" | "InvalidRequestException">,
  found: SecretRecord | undefined,
): void {
  if (found === undefined) return;
  if (found.deletionAtMs !== undefined) {
    // Recorded.
    throw ctx.error(
      "InvalidRequestException",
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  throw ctx.error(
    "ResourceExistsException",
    `The operation failed because the secret ${found.name} already exists.`,
  );
}

/** Six letters and digits. */
function suffixOf(chance: Buffer): string {
  return [...chance].map((byte) => suffixAlphabet[byte % suffixAlphabet.length]).join("");
}

export function describeSecret(secret: SecretRecord): DescribeSecretResponse {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    LastChangedDate: secret.changedAtMs,
    LastAccessedDate: secret.accessedAtMs,
    DeletedDate: secret.deletionAtMs,
    Tags: secret.tags && [...secret.tags],
    VersionIdsToStages: stagesByVersion(secret),
    CreatedDate: secret.createdAtMs,
    PrimaryRegion: secret.primaryRegion ?? primaryRegionOf(secret),
    ReplicationStatus: replicationStatus(secret),
  };
}

/** A secret with replicas is its own primary. */
function primaryRegionOf({ replicas, arn }: SecretRecord): string | undefined {
  return replicas.length === 0 ? undefined : arn.split(":")[3];
}

function withTags(
  ctx: Context<"InvalidParameterException" | "InvalidRequestException">,
  before: readonly Tag[],
  given: readonly Tag[],
): Tag[] {
  if (given.some(({ Key }) => Key?.startsWith("aws:") === true)) {
    throw ctx.error("InvalidParameterException", "Tag keys that begin with aws: are reserved");
  }
  const names = new Set(given.map(({ Key }) => Key));
  const after = [...before.filter(({ Key }) => !names.has(Key)), ...given];
  if (after.length > tagsAtMost) {
    throw ctx.error("InvalidRequestException", `A secret can have at most ${tagsAtMost} tags`);
  }
  return after;
}

/** The recovery window is over. */
export const deleteSecret: JobHandler = (ctx, { name, id }: { name: string; id: string }) =>
  ctx.transact((tx) => {
    ctx.complete(tx);
    const secret = findSecret(tx, ctx, name);
    const at = secret?.deletionAtMs;
    if (secret?.id === id && at !== undefined && at <= ctx.now()) forgetSecret(tx, ctx, secret);
  });

export function forgetSecret(tx: Transaction, ctx: Context, secret: SecretRecord): void {
  for (const key of valueKeysOf(tx, ctx, secret)) tx.delete(key);
  tx.delete(secretKey(ctx, secret.name));
  ctx.unschedule(tx, "deleteSecret", secret.id);
}
