import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { StoredValue, VersionRecord } from "./parameter-record.ts";

/*
 * SecureStrings. Standard ones are encrypted by KMS itself, advanced ones with a data key. Source: Systems Manager User
 * Guide, secure-string-parameter-kms-encryption ("How AWS Systems Manager Parameter Store uses AWS KMS").
 */

export const managedKey = "alias/aws/ssm";
const ivBytes = 12;
const tagBytes = 16;

type KeyContext = Context<"InvalidKeyId">;

/** Asks KMS: not in a transaction. */
export async function sealedText(
  ctx: KeyContext,
  arn: string,
  { keyId, tier }: Pick<VersionRecord, "keyId" | "tier">,
  text: string,
): Promise<StoredValue> {
  const KeyId = keyId ?? managedKey;
  const EncryptionContext = { PARAMETER_ARN: arn };
  const Plaintext = Buffer.from(text);
  if (tier === "Standard") {
    const { CiphertextBlob } = await askKms(ctx, () =>
      ctx.services.kms.Encrypt({ KeyId, Plaintext, EncryptionContext }),
    );
    return { kind: "direct", bytes: base64(CiphertextBlob!) };
  }
  const made = await askKms(ctx, () =>
    ctx.services.kms.GenerateDataKey({ KeyId, KeySpec: "AES_256", EncryptionContext }),
  );
  const iv = ctx.random.bytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", made.Plaintext!, iv);
  const bytes = Buffer.concat([cipher.update(Plaintext), cipher.final(), cipher.getAuthTag()]);
  return {
    kind: "enveloped",
    dataKey: base64(made.CiphertextBlob!),
    iv: base64(iv),
    bytes: base64(bytes),
  };
}

/** The value as answers have it: a SecureString's in clear only for who asks for that. */
export async function shownText(
  ctx: KeyContext,
  arn: string,
  value: StoredValue,
  isDecrypted: boolean | undefined,
): Promise<string> {
  if (value.kind === "plain") return value.text;
  if (isDecrypted !== true) return value.bytes;
  const EncryptionContext = { PARAMETER_ARN: arn };
  const CiphertextBlob = Buffer.from(
    value.kind === "direct" ? value.bytes : value.dataKey,
    "base64",
  );
  const { Plaintext } = await askKms(ctx, () =>
    ctx.services.kms.Decrypt({ CiphertextBlob, EncryptionContext }),
  );
  if (value.kind === "direct") return Buffer.from(Plaintext!).toString("utf8");
  const bytes = Buffer.from(value.bytes, "base64");
  const decipher = createDecipheriv("aes-256-gcm", Plaintext!, Buffer.from(value.iv, "base64"));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  const start = decipher.update(bytes.subarray(0, -tagBytes));
  return Buffer.concat([start, decipher.final()]).toString("utf8");
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

async function askKms<T>(ctx: KeyContext, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (refused) {
    if (!(refused instanceof ServiceError)) throw refused;
    throw ctx.error("InvalidKeyId", refused.message === "" ? refused.code : refused.message);
  }
}
