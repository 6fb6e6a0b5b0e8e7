import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { SealedValue } from "./secret-record.ts";

/*
 * Each version is encrypted with a data key of its own, which KMS encrypts. Source: Secrets Manager User Guide,
 * security-encryption; the encryption context is AWS's.
 */

/** A value in the clear. */
export type SecretValue =
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "binary"; readonly bytes: Uint8Array };

const ivBytes = 12;
const tagBytes = 16;
const managedKey = "alias/aws/secretsmanager";

/** Asks KMS: not in a transaction. */
export async function sealValue(
  ctx: Context<"EncryptionFailure">,
  place: {
    readonly arn: string;
    readonly versionId: string;
    readonly kmsKeyId: string | undefined;
  },
  value: SecretValue,
): Promise<SealedValue> {
  const { CiphertextBlob, Plaintext } = await askKms(ctx, "EncryptionFailure", () =>
    ctx.services.kms.GenerateDataKey({
      KeyId: place.kmsKeyId ?? managedKey,
      KeySpec: "AES_256",
      EncryptionContext: contextOf(place),
    }),
  );
  const iv = ctx.random.bytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", Plaintext!, iv);
  const plain = value.kind === "string" ? Buffer.from(value.text) : value.bytes;
  const bytes = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return {
    kind: value.kind,
    dataKey: Buffer.from(CiphertextBlob!).toString("base64"),
    iv: iv.toString("base64"),
    bytes: bytes.toString("base64"),
  };
}

export async function openValue(
  ctx: Context<"DecryptionFailure">,
  place: { readonly arn: string; readonly versionId: string },
  sealed: SealedValue,
): Promise<SecretValue> {
  const { Plaintext } = await askKms(ctx, "DecryptionFailure", () =>
    ctx.services.kms.Decrypt({
      CiphertextBlob: Buffer.from(sealed.dataKey, "base64"),
      EncryptionContext: contextOf(place),
    }),
  );
  const bytes = Buffer.from(sealed.bytes, "base64");
  const decipher = createDecipheriv("aes-256-gcm", Plaintext!, Buffer.from(sealed.iv, "base64"));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  const start = decipher.update(bytes.subarray(0, -tagBytes));
  const plain = Buffer.concat([start, decipher.final()]);
  return sealed.kind === "string"
    ? { kind: "string", text: plain.toString("utf8") }
    : { kind: "binary", bytes: plain };
}

export function isSameValue(one: SecretValue, other: SecretValue): boolean {
  if (one.kind === "string") return other.kind === "string" && one.text === other.text;
  return other.kind === "binary" && Buffer.from(one.bytes).equals(other.bytes);
}

const contextOf = (place: { readonly arn: string; readonly versionId: string }) => ({
  SecretARN: place.arn,
  SecretVersionId: place.versionId,
});

async function askKms<T>(
  ctx: Context<string>,
  code: "EncryptionFailure" | "DecryptionFailure",
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (refused) {
    if (!(refused instanceof ServiceError)) throw refused;
    const verb = code === "EncryptionFailure" ? "encrypt" : "decrypt";
    const why = refused.message === "" ? refused.code : refused.message;
    throw ctx.error(
      code,
      `Secrets Manager can't ${verb} the protected secret text using the provided KMS key: ${why}`,
    );
  }
}
