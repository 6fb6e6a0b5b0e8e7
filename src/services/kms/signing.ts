import { constants, sign, verify, type KeyObject } from "node:crypto";
import type { Handlers } from "#kernel/service.ts";
import type { KMS, MessageType, SigningAlgorithmSpec } from "#models/kms.ts";
import type { KeyRecord } from "./key-record.ts";
import { algorithmsOf } from "./key-description.ts";
import { factsOfKey, isAsymmetric } from "./key-specs.ts";
import { noteUse } from "./last-usage.ts";
import { currentMaterial, privateKeyOf, publicKeyOf } from "./materials.ts";
import { checkDryRun, openEnabledKey, openForUse, type UsageContext } from "./open-key.ts";
import { type HashName, signDigest, verifyDigest } from "./prehashed-signatures.ts";

/** A message, or what was already made of it, and how it is to be signed. */
interface Signed {
  readonly message: Uint8Array;
  readonly isDigest: boolean;
  readonly algorithm: SigningAlgorithmSpec;
  /** Undefined for algorithms that hash for themselves. */
  readonly hash: HashName | undefined;
}

export const signing = {
  async Sign(ctx, input) {
    const { key, material } = await ctx.read((snapshot) => {
      const found = openForUse(snapshot, ctx, input.KeyId, "SIGN_VERIFY");
      return { key: found, material: currentMaterial(snapshot, ctx, found) };
    });
    const signed = signedOf(ctx, key, input);
    checkDryRun(ctx, input);
    const salt = ctx.random.bytes(64);
    const Signature = signatureOf(signed, privateKeyOf(ctx, key, material), salt);
    await noteUse(ctx, key, "Sign");
    return { KeyId: key.arn, Signature, SigningAlgorithm: input.SigningAlgorithm };
  },

  async Verify(ctx, input) {
    const key = await ctx.read((snapshot) => openForUse(snapshot, ctx, input.KeyId, "SIGN_VERIFY"));
    const signed = signedOf(ctx, key, input);
    checkDryRun(ctx, input);
    if (!isSignature(signed, publicKeyOf(key), input.Signature)) {
      // Recorded: it says no more.
      throw ctx.error("KMSInvalidSignatureException", "");
    }
    await noteUse(ctx, key, "Verify");
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm };
  },

  async GetPublicKey(ctx, input) {
    return ctx.read((snapshot) => {
      const key = openEnabledKey(snapshot, ctx, input.KeyId, true);
      if (!isAsymmetric(key.spec)) {
        throw ctx.error(
          "UnsupportedOperationException",
          `${key.arn} key spec is ${key.spec} which is not valid for GetPublicKey.`,
        );
      }
      const { MacAlgorithms: _, ...algorithms } = algorithmsOf(key);
      return {
        KeyId: key.arn,
        PublicKey: Buffer.from(key.publicKey!, "base64"),
        CustomerMasterKeySpec: key.spec as "RSA_2048",
        KeySpec: key.spec,
        KeyUsage: key.usage,
        ...algorithms,
      };
    });
  },
} satisfies Handlers<KMS>;

function signedOf(
  ctx: UsageContext,
  key: KeyRecord,
  input: {
    readonly Message: Uint8Array;
    readonly MessageType?: MessageType | undefined;
    readonly SigningAlgorithm: SigningAlgorithmSpec;
  },
): Signed {
  const { Message: message, MessageType: type = "RAW", SigningAlgorithm: algorithm } = input;
  if (factsOfKey(key).signing?.includes(algorithm) !== true) {
    throw ctx.error(
      "InvalidKeyUsageException",
      `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`,
    );
  }
  if (type === "EXTERNAL_MU" || algorithm === "ED25519_PH_SHA_512") {
    const what = type === "EXTERNAL_MU" ? type : algorithm;
    throw ctx.error("NotImplemented", `KMS ${what} is not implemented by Tule yet.`);
  }
  const bits = /^(?:RSASSA|ECDSA).*_(256|384|512)$/.exec(algorithm)?.[1];
  const hash = bits === undefined ? undefined : (`sha${bits}` as HashName);
  const isDigest = type === "DIGEST";
  if (isDigest && hash === undefined) {
    throw ctx.error(
      "ValidationException",
      `MessageType DIGEST is not supported for algorithm ${algorithm}.`,
    );
  }
  if (isDigest && message.length !== Number(bits) / 8) {
    // Recorded.
    throw ctx.error("ValidationException", `Digest is invalid length for algorithm ${algorithm}.`);
  }
  return { message, isDigest, algorithm, hash };
}

/** Source: symm-asymm-choose-key-spec: PSS salts are as long as the digest; ECDSA signatures are DER. */
function optionsOf(key: KeyObject, algorithm: SigningAlgorithmSpec) {
  return algorithm.startsWith("RSASSA_PSS")
    ? {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      }
    : { key };
}

function signatureOf(
  { message, isDigest, algorithm, hash }: Signed,
  key: KeyObject,
  chance: Buffer,
): Buffer {
  if (isDigest && hash !== undefined) {
    const salt = chance.subarray(0, message.length);
    return signDigest(key, schemeOf(algorithm), hash, message, salt);
  }
  return sign(hash, message, optionsOf(key, algorithm));
}

function isSignature(
  { message, isDigest, algorithm, hash }: Signed,
  key: KeyObject,
  signature: Uint8Array,
): boolean {
  if (isDigest && hash !== undefined) {
    return verifyDigest(key, schemeOf(algorithm), hash, message, signature);
  }
  return verify(hash, message, optionsOf(key, algorithm), signature);
}

function schemeOf(algorithm: SigningAlgorithmSpec): "pss" | "pkcs1" | "ecdsa" {
  if (algorithm.startsWith("ECDSA")) return "ecdsa";
  return algorithm.startsWith("RSASSA_PSS") ? "pss" : "pkcs1";
}
