import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Context } from "#kernel/context.ts";
import { invalidArgument, s3Error } from "../errors.ts";

/*
 * Keys that customers bring along with each request (SSE-C). Of a key nothing is kept but what tells whether it is the
 * same one again. Words as recorded.
 */

export interface CustomerKeyInput {
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly SSECustomerKey?: string | undefined;
  readonly SSECustomerKeyMD5?: string | undefined;
}

/** What is kept of a customer's key. */
export interface CustomerEncryption {
  readonly kind: "customer";
  /** Base64, sixteen random bytes. */
  readonly salt: string;
  /** Base64: of the key, salted. */
  readonly check: string;
}

const header = "x-amz-server-side-encryption";
const prefix =
  "Requests specifying Server Side Encryption with Customer provided keys must provide";

/** The key that a request gives, checked; undefined where it gives none. */
export function customerKeyOf(input: CustomerKeyInput): Buffer | undefined {
  const { SSECustomerAlgorithm: algorithm, SSECustomerKey, SSECustomerKeyMD5 } = input;
  if (algorithm === undefined && SSECustomerKey === undefined && SSECustomerKeyMD5 === undefined) {
    return undefined;
  }
  const refuse = (message: string): Error => invalidArgument(message, header, undefined);
  if (algorithm === undefined) throw refuse(`${prefix} a valid encryption algorithm.`);
  if (algorithm !== "AES256") {
    throw s3Error("InvalidEncryptionAlgorithmError", {
      members: { ArgumentName: header, ArgumentValue: algorithm },
    });
  }
  if (SSECustomerKey === undefined) throw refuse(`${prefix} an appropriate secret key.`);
  const key = Buffer.from(SSECustomerKey, "base64");
  if (SSECustomerKeyMD5 === undefined || key.length !== 32) {
    throw refuse("The secret key was invalid for the specified algorithm.");
  }
  if (createHash("md5").update(key).digest("base64") !== SSECustomerKeyMD5) {
    throw refuse("The calculated MD5 hash of the key did not match the hash that was provided.");
  }
  return key;
}

export function keptOf(ctx: Context, key: Buffer): CustomerEncryption {
  const salt = ctx.random.bytes(16).toString("base64");
  return { kind: "customer", salt, check: checkOf(key, salt).toString("base64") };
}

const checkOf = (key: Buffer, salt: string): Buffer =>
  createHmac("sha256", key).update(Buffer.from(salt, "base64")).digest();

export function isSameKey({ salt, check }: CustomerEncryption, key: Buffer): boolean {
  return timingSafeEqual(checkOf(key, salt), Buffer.from(check, "base64"));
}
