import { constants, privateDecrypt, publicEncrypt } from "node:crypto";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { EncryptionAlgorithmSpec, KMS } from "#models/kms.ts";
import type { Snapshot } from "#store/store.ts";
import {
  type EncryptionContext,
  messageChanceBytes,
  openMessage,
  parseHeader,
  sealMessage,
} from "./ciphertext.ts";
import type { KeyRecord, MaterialRecord } from "./key-record.ts";
import { encryptionAlgorithmsOf } from "./key-specs.ts";
import { noteUse } from "./last-usage.ts";
import { withManagedKey } from "./managed-keys.ts";
import { currentMaterial, findMaterial, privateKeyOf, publicKeyOf, unsealed } from "./materials.ts";
import {
  checkDryRun,
  checkUse,
  findKey,
  openForUse,
  openKey,
  ownerOf,
  parseKeyName,
  type UsageContext,
} from "./open-key.ts";
import { refuseRecipient } from "./unbuilt-options.ts";

/** What uses a key's material: who owns the key, and what is to be encrypted or decrypted with it. */
export interface KeyInUse {
  /** Of the key's account. */
  readonly owner: Context;
  readonly key: KeyRecord;
  readonly material: MaterialRecord;
}

/** What Decrypt and ReEncrypt are given. */
interface Encrypted {
  readonly blob: Uint8Array;
  readonly keyId: string | undefined;
  readonly algorithm: EncryptionAlgorithmSpec;
  readonly context: EncryptionContext | undefined;
}

type DecryptContext = UsageContext &
  Context<"IncorrectKeyException" | "InvalidCiphertextException" | "NotFoundException">;

export const encryption = {
  async Encrypt(ctx, input) {
    const algorithm = input.EncryptionAlgorithm ?? "SYMMETRIC_DEFAULT";
    await withManagedKey(ctx, input.KeyId);
    const use = await ctx.read((snapshot) => openToEncrypt(snapshot, ctx, input.KeyId));
    checkAlgorithm(ctx, use.key, algorithm);
    checkDryRun(ctx, input);
    const CiphertextBlob = encrypted(ctx, use, algorithm, input.Plaintext, input.EncryptionContext);
    await noteUse(use.owner, use.key, "Encrypt");
    return { CiphertextBlob, KeyId: use.key.arn, EncryptionAlgorithm: algorithm };
  },

  async Decrypt(ctx, input) {
    refuseRecipient(ctx, input.Recipient);
    if (input.DryRunModifiers !== undefined) {
      throw ctx.error("NotImplemented", "KMS DryRunModifiers is not implemented by Tule yet.");
    }
    const algorithm = input.EncryptionAlgorithm ?? "SYMMETRIC_DEFAULT";
    const found = await ctx.read((snapshot) =>
      openToDecrypt(snapshot, ctx, {
        blob: blobOf(ctx, input.CiphertextBlob),
        keyId: input.KeyId,
        algorithm,
        context: input.EncryptionContext,
      }),
    );
    const { use, plain } = found();
    checkDryRun(ctx, input);
    await noteUse(use.owner, use.key, "Decrypt");
    return {
      KeyId: use.key.arn,
      Plaintext: plain,
      EncryptionAlgorithm: algorithm,
      KeyMaterialId: algorithm === "SYMMETRIC_DEFAULT" ? use.material.id : undefined,
    };
  },

  async ReEncrypt(ctx, input) {
    if (input.DryRunModifiers !== undefined) {
      throw ctx.error("NotImplemented", "KMS DryRunModifiers is not implemented by Tule yet.");
    }
    const from = input.SourceEncryptionAlgorithm ?? "SYMMETRIC_DEFAULT";
    const to = input.DestinationEncryptionAlgorithm ?? "SYMMETRIC_DEFAULT";
    const [found, destination] = await ctx.read((snapshot) => [
      openToDecrypt(snapshot, ctx, {
        blob: blobOf(ctx, input.CiphertextBlob),
        keyId: input.SourceKeyId,
        algorithm: from,
        context: input.SourceEncryptionContext,
      }),
      openToEncrypt(snapshot, ctx, input.DestinationKeyId),
    ]);
    const { use: source, plain } = found();
    checkAlgorithm(ctx, destination.key, to);
    checkDryRun(ctx, input);
    const context = input.DestinationEncryptionContext;
    const CiphertextBlob = encrypted(ctx, destination, to, plain, context);
    await noteUse(source.owner, source.key, "ReEncrypt");
    await noteUse(destination.owner, destination.key, "ReEncrypt");
    return {
      CiphertextBlob,
      SourceKeyId: source.key.arn,
      KeyId: destination.key.arn,
      SourceEncryptionAlgorithm: from,
      DestinationEncryptionAlgorithm: to,
      SourceKeyMaterialId: from === "SYMMETRIC_DEFAULT" ? source.material.id : undefined,
      DestinationKeyMaterialId: to === "SYMMETRIC_DEFAULT" ? destination.material.id : undefined,
    };
  },
} satisfies Handlers<KMS>;

function blobOf(ctx: Context, given: Uint8Array | undefined): Uint8Array {
  if (given !== undefined) return given;
  throw ctx.error(
    "ValidationException",
    "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
  );
}

export function openToEncrypt(snapshot: Snapshot, ctx: UsageContext, keyId: string): KeyInUse {
  const key = openForUse(snapshot, ctx, keyId, "ENCRYPT_DECRYPT");
  const owner = ownerOf(ctx, keyId);
  return { owner, key, material: currentMaterial(snapshot, owner, key) };
}

function checkAlgorithm(
  ctx: UsageContext,
  key: KeyRecord,
  algorithm: EncryptionAlgorithmSpec,
): void {
  if (encryptionAlgorithmsOf(key.spec, key.usage)?.includes(algorithm) === true) return;
  throw ctx.error(
    "InvalidKeyUsageException",
    `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`,
  );
}

/** Draws chance: not in a transaction. */
export function encrypted(
  ctx: Context,
  { owner, key, material }: KeyInUse,
  algorithm: EncryptionAlgorithmSpec,
  plain: Uint8Array,
  context: EncryptionContext | undefined,
): Buffer {
  if (algorithm === "SYMMETRIC_DEFAULT") {
    const header = { account: owner.account, keyId: key.id, materialId: material.id };
    const chance = ctx.random.bytes(messageChanceBytes);
    return sealMessage(header, unsealed(owner, key.id, material), plain, context, chance);
  }
  refuseContext(ctx, context);
  const padding = paddingOf(algorithm);
  // Source: symm-asymm-choose-key-spec: what the padding takes of the modulus.
  const most = Number(key.spec.slice(4)) / 8 - 2 - 2 * (algorithm.endsWith("SHA_1") ? 20 : 32);
  if (plain.length > most) {
    // Recorded.
    throw ctx.error(
      "ValidationException",
      `Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ${most} bytes.`,
    );
  }
  return publicEncrypt({ key: publicKeyOf(key), ...padding }, plain);
}

function paddingOf(algorithm: EncryptionAlgorithmSpec) {
  const oaepHash = algorithm === "RSAES_OAEP_SHA_1" ? "sha1" : "sha256";
  return { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
}

function refuseContext(ctx: Context, context: EncryptionContext | undefined): void {
  if (context === undefined) return;
  throw ctx.error(
    "ValidationException",
    "EncryptionContext is not supported for asymmetric encryption algorithms.",
  );
}

/** Finds what opens a ciphertext; what comes back opens it, and throws what AWS answers if it does not. */
function openToDecrypt(
  snapshot: Snapshot,
  ctx: DecryptContext,
  given: Encrypted,
): () => { use: KeyInUse; plain: Buffer } {
  if (given.algorithm !== "SYMMETRIC_DEFAULT") return openAsymmetric(snapshot, ctx, given);
  const { blob, keyId, context } = given;
  // Whether the named key is right matters more to AWS than what state it is in.
  const named = keyId === undefined ? undefined : openKey(snapshot, ctx, keyId, true);
  if (named !== undefined) checkUse(ctx, named, "ENCRYPT_DECRYPT", "Decrypt");
  if (named !== undefined) checkAlgorithm(ctx, named, given.algorithm);
  const header = parseHeader(blob);
  if (header === undefined) throw ctx.error("InvalidCiphertextException", "");
  if (named !== undefined && named.id !== header.keyId) throw incorrectKey(ctx);
  const arn = `arn:aws:kms:${ctx.region}:${header.account}:key/${header.keyId}`;
  const owner = ownerOf(ctx, arn);
  if (findKey(snapshot, owner, header.keyId) === undefined) throw unknownKey(ctx);
  const key = openForUse(snapshot, ctx, arn, "ENCRYPT_DECRYPT", "Decrypt");
  const material = findMaterial(snapshot, owner, key.id, header.materialId);
  if (material?.sealed === undefined) throw ctx.error("InvalidCiphertextException", "");
  return () => {
    const plain = openMessage(blob, unsealed(owner, key.id, material), context);
    if (plain === undefined) throw ctx.error("InvalidCiphertextException", "");
    return { use: { owner, key, material }, plain };
  };
}

function openAsymmetric(
  snapshot: Snapshot,
  ctx: DecryptContext,
  { blob, keyId, algorithm, context }: Encrypted,
): () => { use: KeyInUse; plain: Buffer } {
  if (keyId === undefined) {
    throw ctx.error(
      "ValidationException",
      `KeyId is required for the ${algorithm} encryption algorithm.`,
    );
  }
  refuseContext(ctx, context);
  const use = openToEncrypt(snapshot, ctx, keyId);
  checkAlgorithm(ctx, use.key, algorithm);
  return () => {
    const key = privateKeyOf(use.owner, use.key, use.material);
    try {
      return { use, plain: privateDecrypt({ key, ...paddingOf(algorithm) }, blob) };
    } catch {
      throw ctx.error("InvalidCiphertextException", "");
    }
  };
}

/** Source: API reference, Decrypt; AWS's words. */
function incorrectKey(ctx: Context<"IncorrectKeyException">): Error {
  return ctx.error(
    "IncorrectKeyException",
    "The key ID in the request does not identify a CMK that can perform this operation.",
  );
}

/** AWS's words for a ciphertext whose key it does not find here. */
function unknownKey(ctx: Context): Error {
  return ctx.error(
    "AccessDeniedException",
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
  );
}

/** Whose key a ciphertext says that it needs: for the policies. */
export function keyOfCiphertext(
  region: string,
  blob: Uint8Array | undefined,
  keyId: string | undefined,
): string | undefined {
  const header = blob === undefined ? undefined : parseHeader(blob);
  if (keyId !== undefined && parseKeyName(keyId).kind === "key") return keyId;
  if (header !== undefined) return `arn:aws:kms:${region}:${header.account}:key/${header.keyId}`;
  return keyId;
}
