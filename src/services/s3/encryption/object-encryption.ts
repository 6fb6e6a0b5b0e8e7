import type { Context } from "#kernel/context.ts";
import type { BucketRecord } from "../bucket-record.ts";
import { invalidArgument, notBuilt, s3Error } from "../errors.ts";
import {
  customerKeyOf,
  isSameKey,
  keptOf,
  type CustomerEncryption,
  type CustomerKeyInput,
} from "./customer-keys.ts";
import { kmsKeyFor, openKmsKey, refuseKeyWithoutKms, type KmsEncryption } from "./kms-keys.ts";

/**
 * With what an object is encrypted beside the server's own key, which encrypts every blob (SSE-S3 is that alone):
 * a key of its customer's, or one that KMS made.
 */
export type ObjectEncryption = CustomerEncryption | KmsEncryption;

/** How a new object is encrypted: what its record keeps, and the key while its bytes come in. */
export interface Encryption {
  readonly stored: ObjectEncryption;
  readonly key: Buffer;
}

export interface EncryptionInput extends CustomerKeyInput {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSEKMSEncryptionContext?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
}

const header = "x-amz-server-side-encryption";

/** What can be refused before anything is read. Words and their order as recorded. */
export function checkEncryption(input: EncryptionInput): void {
  const { ServerSideEncryption: algorithm } = input;
  const isCustomers = customerKeyOf(input) !== undefined;
  if (isCustomers && algorithm !== undefined) {
    const message =
      "Server Side Encryption with Customer provided key is incompatible with the encryption method specified";
    throw invalidArgument(message, header, algorithm);
  }
  if (algorithm === "aws:kms:dsse") throw notBuilt("Encryption by KMS in two layers");
  if (algorithm !== undefined && algorithm !== "AES256" && algorithm !== "aws:kms") {
    throw invalidArgument("The encryption method specified is not supported", header, algorithm);
  }
  refuseKeyWithoutKms(algorithm, input.SSEKMSKeyId);
}

/** Undefined where the server's own key is all: what the request asks for, or else what its bucket does. */
export async function encryptionFor(
  ctx: Context,
  bucket: BucketRecord,
  objectKey: string,
  input: EncryptionInput,
): Promise<Encryption | undefined> {
  const customers = customerKeyOf(input);
  if (customers !== undefined) return { stored: keptOf(ctx, customers), key: customers };
  const usual = bucket.encryption;
  const algorithm = input.ServerSideEncryption ?? usual?.algorithm;
  if (algorithm !== "aws:kms") return undefined;
  const isUsual = usual?.algorithm === "aws:kms";
  return kmsKeyFor(ctx, bucket, objectKey, {
    keyId: input.SSEKMSKeyId ?? (isUsual ? usual.keyId : undefined),
    hasBucketKey: input.BucketKeyEnabled ?? usual?.isBucketKeyEnabled ?? false,
    context: input.SSEKMSEncryptionContext,
  });
}

/** The key to an object's bytes; undefined where it needs none. Words as recorded. */
export async function openingKey(
  ctx: Context,
  bucket: BucketRecord,
  stored: ObjectEncryption | undefined,
  input: CustomerKeyInput,
): Promise<Buffer | undefined> {
  const given = checkedCustomerKey(stored, input);
  return stored?.kind === "kms" ? openKmsKey(ctx, bucket, stored) : given;
}

/** The customer's key, if the object is encrypted with one: then the request must have the same. */
export function checkedCustomerKey(
  stored: ObjectEncryption | undefined,
  input: CustomerKeyInput,
): Buffer | undefined {
  const given = customerKeyOf(input);
  if (stored?.kind !== "customer") {
    if (given === undefined) return undefined;
    const message = "The encryption parameters are not applicable to this object.";
    throw s3Error("InvalidRequest", { message });
  }
  if (given === undefined) {
    const message =
      "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.";
    throw s3Error("InvalidRequest", { message });
  }
  if (isSameKey(stored, given)) return given;
  const message =
    "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.";
  throw s3Error("AccessDenied", { message });
}

/** What answers say of it. */
export function encryptionMembers(
  stored: ObjectEncryption | undefined,
  input: CustomerKeyInput,
): {
  readonly ServerSideEncryption?: "AES256" | "aws:kms";
  readonly SSEKMSKeyId?: string;
  readonly BucketKeyEnabled?: boolean;
  readonly SSECustomerAlgorithm?: string;
  readonly SSECustomerKeyMD5?: string | undefined;
} {
  if (stored === undefined) return serverOwn;
  if (stored.kind === "customer") {
    return { SSECustomerAlgorithm: "AES256", SSECustomerKeyMD5: input.SSECustomerKeyMD5 };
  }
  return {
    ServerSideEncryption: "aws:kms",
    SSEKMSKeyId: stored.keyArn,
    ...(stored.hasBucketKey && { BucketKeyEnabled: true }),
  };
}

const serverOwn = { ServerSideEncryption: "AES256" } as const;
