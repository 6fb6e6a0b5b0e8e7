import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { SSESpecification } from "#models/dynamodb.ts";
import type { TableRecord } from "./table-record.ts";

/*
 * The KMS key of a table. Messages are AWS's, as they were measured in October 2026 (ack-api-quirks, DDB-TABLE-027 to 044
 * and 442); those about the key itself have KMS's words.
 */

const invalid = "One or more parameter values were invalid: ";

/**
 * Tells, at its place among the checks of a request, with which key the table is to be encrypted, or throws what is
 * wrong with that; undefined with keys that AWS owns.
 */
export type EncryptionLookup = () => TableRecord["encryption"];

/**
 * Asks KMS for the key: before the transaction, for no service can be called within. At hand where nothing is to be
 * asked: whoever does not wait then begins the transaction at once, which the simulation counts on.
 */
export function findEncryption(
  ctx: Context,
  given: SSESpecification | undefined,
): EncryptionLookup | Promise<EncryptionLookup> {
  const problem = problemOf(given);
  if (problem !== undefined) {
    return () => {
      throw ctx.error("ValidationException", `${invalid}${problem}`);
    };
  }
  if (given?.Enabled !== true && given?.SSEType === undefined) return () => undefined;
  return usableKey(ctx, given.KMSMasterKeyId ?? "alias/aws/dynamodb").then(
    (kmsKeyArn) => () => ({ kmsKeyArn }),
    (failure: unknown) => () => {
      throw failure;
    },
  );
}

function problemOf(given: SSESpecification | undefined): string | undefined {
  const { Enabled, SSEType, KMSMasterKeyId } = given ?? {};
  if (Enabled === false && SSEType !== undefined) {
    return "SSEType can not be specified if Enabled is false";
  }
  if (Enabled === false && KMSMasterKeyId !== undefined) {
    return "KMSMasterKeyId can not be specified if Enabled is false";
  }
  if (SSEType === "AES256") return "SSEType AES256 is not supported";
  if (KMSMasterKeyId !== undefined && SSEType === undefined) {
    return "SSEType KMS is required if KMSMasterKeyId is specified";
  }
  return undefined;
}

/** Source: Developer Guide, encryption.usagenotes: symmetric keys, in the table's region, that are enabled. */
async function usableKey(ctx: Context, KeyId: string): Promise<string> {
  const { KeyMetadata: key } = await describedKey(ctx, KeyId);
  if (key?.Arn === undefined) throw new Error("KMS describes a key without its ARN");
  if (key.KeySpec !== "SYMMETRIC_DEFAULT" || key.KeyUsage !== "ENCRYPT_DECRYPT") {
    throw keyProblem(ctx, `${key.Arn} is not a symmetric encryption key.`);
  }
  if (key.KeyState === "Enabled") return key.Arn;
  const state = key.KeyState === "Disabled" ? "disabled" : `in the state ${key.KeyState}`;
  throw keyProblem(ctx, `${key.Arn} is ${state}.`);
}

async function describedKey(ctx: Context, KeyId: string) {
  try {
    return await ctx.services.kms.DescribeKey({ KeyId });
  } catch (refused) {
    if (refused instanceof ServiceError) throw keyProblem(ctx, refused.message);
    throw refused;
  }
}

function keyProblem(ctx: Context, message: string): Error {
  return ctx.error("ValidationException", `KMS validation error: ${message}`);
}

/** Refuses what needs the items of a table whose key cannot be used. No recording tells AWS's words. */
export function checkIsReadable(ctx: Context, { encryption }: TableRecord): void {
  if (encryption?.inaccessibleSinceMs === undefined) return;
  throw ctx.error(
    "AccessDeniedException",
    `The KMS key that encrypts the table is not accessible: ${encryption.kmsKeyArn}`,
  );
}
