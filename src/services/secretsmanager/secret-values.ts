import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  APIErrorType,
  GetSecretValueRequest,
  SecretsManager,
  SecretValueEntry,
} from "#models/secretsmanager.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { secretKey, valueKey } from "./keyspace.ts";
import { matching, pageOfSecrets } from "./list-secrets.ts";
import { openLiveSecret, openSecret, openToChange, type SecretContext } from "./open-secret.ts";
import { replicate } from "./replication.ts";
import {
  current,
  secretCodec,
  type SealedValue,
  type SecretRecord,
  valueCodec,
  type VersionRecord,
  versionWith,
} from "./secret-record.ts";
import { isSameValue, openValue, sealValue, type SecretValue } from "./sealed-values.ts";
import { withVersion } from "./versions.ts";

const dayMs = 86_400_000;

type ValueContext = SecretContext & Context<"DecryptionFailure">;

export type PutContext = SecretContext &
  Context<
    | "DecryptionFailure"
    | "EncryptionFailure"
    | "InvalidParameterException"
    | "LimitExceededException"
    | "ResourceExistsException"
  >;

export const secretValues = {
  GetSecretValue(ctx, input) {
    return readValue(ctx, input);
  },

  async BatchGetSecretValue(ctx, input) {
    const { SecretIdList: ids, Filters } = input;
    if ((ids === undefined) === (Filters === undefined)) {
      throw ctx.error(
        "InvalidParameterException",
        "Either SecretIdList or Filters must be given, and not both.",
      );
    }
    if (ids !== undefined && (input.MaxResults !== undefined || input.NextToken !== undefined)) {
      throw ctx.error("InvalidParameterException", "MaxResults is for requests with Filters.");
    }
    const page = await ctx.read((snapshot) =>
      pageOfSecrets(
        snapshot,
        ctx,
        { ...input, MaxResults: input.MaxResults ?? 20 },
        (secret) => secret.deletionAtMs === undefined && matching(secret, Filters ?? []),
      ),
    );
    const values: SecretValueEntry[] = [];
    const errors: APIErrorType[] = [];
    for (const SecretId of ids ?? page.items.map(({ arn }) => arn)) {
      try {
        values.push(await readValue(ctx, { SecretId }));
      } catch (refused) {
        if (!(refused instanceof ServiceError)) throw refused;
        errors.push({ SecretId, ErrorCode: refused.code, Message: refused.message });
      }
    }
    const NextToken = ids === undefined ? page.next : undefined;
    return { SecretValues: values, Errors: errors, NextToken };
  },

  async PutSecretValue(ctx, input) {
    if (input.RotationToken !== undefined) {
      throw ctx.error("NotImplemented", "RotationToken is not implemented by Tule yet.");
    }
    const token = tokenOf(ctx, input.ClientRequestToken);
    const value = valueOf(ctx, input);
    if (value === undefined) {
      throw ctx.error(
        "InvalidRequestException",
        "You must provide either SecretString or SecretBinary.",
      );
    }
    const put = await prepareVersion(ctx, input.SecretId, token, value);
    return ctx.transact((tx) => {
      const before = openToChange(tx, ctx, input.SecretId);
      const secret = put(tx, before, input.VersionStages);
      writeChange(tx, ctx, secret);
      const version = secret.versions.find(({ id }) => id === token);
      const { arn: ARN, name: Name } = secret;
      return { ARN, Name, VersionId: token, VersionStages: [...(version?.stages ?? [])] };
    });
  },

  ListSecretVersionIds(ctx, input) {
    return ctx.read((snapshot) => {
      const secret = openSecret(snapshot, ctx, input.SecretId);
      const isAll = input.IncludeDeprecated === true;
      const listed = secret.versions.filter(({ stages }) => isAll || stages.length > 0);
      const from = input.NextToken === undefined ? 0 : Number(input.NextToken);
      if (!Number.isSafeInteger(from) || from < 0 || from > listed.length) {
        throw ctx.error("InvalidNextTokenException", "The NextToken value is invalid.");
      }
      const end = from + (input.MaxResults ?? 100);
      return {
        ARN: secret.arn,
        Name: secret.name,
        Versions: listed.slice(from, end).map((version) => ({
          VersionId: version.id,
          VersionStages: version.stages.length === 0 ? undefined : [...version.stages],
          CreatedDate: version.createdAtMs,
          LastAccessedDate: version.accessedAtMs,
          // Recorded: what the AWS managed key is called here.
          KmsKeyIds: [version.kmsKeyId ?? "DefaultEncryptionKey"],
        })),
        NextToken: end < listed.length ? String(end) : undefined,
      };
    });
  },
} satisfies Handlers<SecretsManager>;

async function readValue(
  ctx: ValueContext,
  input: GetSecretValueRequest,
): Promise<SecretValueEntry> {
  const { secret, version, sealed } = await ctx.read((snapshot) => findValue(snapshot, ctx, input));
  const value = await openValue(ctx, { arn: secret.arn, versionId: version.id }, sealed);
  await noteAccess(ctx, secret, version);
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    SecretString: value.kind === "string" ? value.text : undefined,
    SecretBinary: value.kind === "binary" ? value.bytes : undefined,
    VersionStages: version.stages.length === 0 ? undefined : [...version.stages],
    CreatedDate: version.createdAtMs,
  };
}

function findValue(
  snapshot: Snapshot,
  ctx: SecretContext,
  { SecretId, VersionId, VersionStage }: GetSecretValueRequest,
): { secret: SecretRecord; version: VersionRecord; sealed: SealedValue } {
  const secret = openLiveSecret(snapshot, ctx, SecretId);
  const notFound = (what: string): Error =>
    ctx.error(
      "ResourceNotFoundException",
      `Secrets Manager can't find the specified secret value for ${what}`,
    );
  const version =
    VersionId === undefined
      ? versionWith(secret, VersionStage ?? current)
      : secret.versions.find(({ id }) => id === VersionId);
  if (version === undefined) {
    throw notFound(
      VersionId === undefined
        ? `staging label: ${VersionStage ?? current}`
        : `VersionId: ${VersionId}`,
    );
  }
  if (VersionId !== undefined && VersionStage !== undefined) {
    const isRight = version.stages.includes(VersionStage);
    if (!isRight) {
      throw ctx.error(
        "InvalidRequestException",
        "You provided a VersionStage that is not associated to the provided VersionId.",
      );
    }
  }
  const sealed = snapshot.record(valueKey(ctx, secret.id, version.id), valueCodec);
  if (sealed === undefined) throw new Error(`secret ${secret.arn} has lost a value`);
  return { secret, version, sealed };
}

/** Dates of access count in days: one write a day. */
async function noteAccess(
  ctx: Context,
  { name, id }: SecretRecord,
  version: VersionRecord,
): Promise<void> {
  const accessedAtMs = ctx.now() - (ctx.now() % dayMs);
  if (version.accessedAtMs === accessedAtMs) return;
  await ctx.transact((tx) => {
    const secret = tx.record(secretKey(ctx, name), secretCodec);
    if (secret?.id !== id) return;
    const versions = secret.versions.map((one) =>
      one.id === version.id ? { ...one, accessedAtMs } : one,
    );
    tx.putRecord(secretKey(ctx, name), secretCodec, { ...secret, versions, accessedAtMs });
  });
}

/** SDKs make one up. Recorded. */
export function tokenOf(
  ctx: Context<"InvalidRequestException">,
  given: string | undefined,
): string {
  if (given !== undefined) return given;
  throw ctx.error(
    "InvalidRequestException",
    "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
  );
}

export function valueOf(
  ctx: Context<"InvalidParameterException">,
  input: {
    readonly SecretString?: string | undefined;
    readonly SecretBinary?: Uint8Array | undefined;
  },
): SecretValue | undefined {
  const { SecretString: text, SecretBinary: bytes } = input;
  if (text !== undefined && bytes !== undefined) {
    throw ctx.error(
      "InvalidParameterException",
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  if (text !== undefined) return { kind: "string", text };
  return bytes === undefined ? undefined : { kind: "binary", bytes };
}

/**
 * Encrypts a value for a secret that is there, before the transaction; what comes back puts it. A version that the token
 * has made already stays as it is, if its value is the same.
 */
export async function prepareVersion(
  ctx: PutContext,
  secretId: string,
  token: string,
  value: SecretValue,
  newKeyId?: string,
): Promise<
  (tx: Transaction, secret: SecretRecord, stages: readonly string[] | undefined) => SecretRecord
> {
  const { secret, made } = await ctx.read((snapshot) => {
    const found = openToChange(snapshot, ctx, secretId);
    const place = valueKey(ctx, found.id, token);
    return { secret: found, made: snapshot.record(place, valueCodec) };
  });
  const place = { arn: secret.arn, versionId: token };
  if (made !== undefined) {
    if (isSameValue(await openValue(ctx, place, made), value)) return (_, before) => before;
    throw ctx.error(
      "ResourceExistsException",
      `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${secret.arn}.`,
    );
  }
  const kmsKeyId = newKeyId ?? secret.kmsKeyId;
  const sealed = await sealValue(ctx, { ...place, kmsKeyId }, value);
  return (tx, before, stages) => {
    if (before.id !== secret.id) {
      throw ctx.error(
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
      );
    }
    tx.putRecord(valueKey(ctx, secret.id, token), valueCodec, sealed);
    return withVersion(tx, ctx, before, { id: token, kmsKeyId }, stages ?? [current]);
  };
}

/** Stores a secret that was changed, and tells its replicas. */
export function writeChange(tx: Transaction, ctx: Context, secret: SecretRecord): void {
  const after = { ...secret, changedAtMs: ctx.now() };
  tx.putRecord(secretKey(ctx, after.name), secretCodec, replicate(tx, ctx, after));
}
