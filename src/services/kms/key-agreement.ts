import {
  createPublicKey,
  decapsulate,
  diffieHellman,
  encapsulate,
  type KeyObject,
} from "node:crypto";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { KeyUsageType, KMS } from "#models/kms.ts";
import type { KeyRecord, MaterialRecord } from "./key-record.ts";
import { factsOfKey } from "./key-specs.ts";
import { noteUse } from "./last-usage.ts";
import { currentMaterial, privateKeyOf, publicKeyOf } from "./materials.ts";
import { checkDryRun, openForUse, type UsageContext } from "./open-key.ts";
import { refuseRecipient } from "./unbuilt-options.ts";

/** Secrets that two sides come to share: by Diffie and Hellman on elliptic curves, and by encapsulation. */
export const keyAgreement = {
  async DeriveSharedSecret(ctx, input) {
    refuseRecipient(ctx, input.Recipient);
    const { key, material } = await openCurrent(ctx, input.KeyId, "KEY_AGREEMENT");
    const publicKey = peersKey(ctx, key, input.PublicKey);
    checkDryRun(ctx, input);
    const privateKey = privateKeyOf(ctx, key, material);
    const SharedSecret = diffieHellman({ privateKey, publicKey });
    await noteUse(ctx, key, "DeriveSharedSecret");
    return {
      KeyId: key.arn,
      SharedSecret,
      KeyAgreementAlgorithm: input.KeyAgreementAlgorithm,
      KeyOrigin: key.origin,
    };
  },

  async Encapsulate(ctx, input) {
    const { key } = await openCurrent(ctx, input.KeyId, "ENCAPSULATE_DECAPSULATE");
    checkDryRun(ctx, input);
    const { sharedKey, ciphertext } = encapsulate(publicKeyOf(key));
    await noteUse(ctx, key, "Encapsulate");
    return {
      KeyId: key.arn,
      SharedSecret: sharedKey,
      SharedSecretCiphertextBlob: ciphertext,
      EncapsulationAlgorithm: input.EncapsulationAlgorithm,
    };
  },

  async Decapsulate(ctx, input) {
    const { key, material } = await openCurrent(ctx, input.KeyId, "ENCAPSULATE_DECAPSULATE");
    const blob = input.SharedSecretCiphertextBlob;
    if (blob.length !== ciphertextBytes[key.spec])
      throw ctx.error("InvalidCiphertextException", "");
    checkDryRun(ctx, input);
    const SharedSecret = decapsulate(privateKeyOf(ctx, key, material), blob);
    await noteUse(ctx, key, "Decapsulate");
    return {
      KeyId: key.arn,
      SharedSecret,
      EncapsulationAlgorithm: input.EncapsulationAlgorithm,
    };
  },
} satisfies Handlers<KMS>;

/** Source: FIPS 203, table 3. */
const ciphertextBytes: Readonly<Partial<Record<KeyRecord["spec"], number>>> = {
  ML_KEM_512: 768,
  ML_KEM_768: 1088,
  ML_KEM_1024: 1568,
};

async function openCurrent(
  ctx: UsageContext & Context,
  keyId: string,
  usage: KeyUsageType,
): Promise<{ readonly key: KeyRecord; readonly material: MaterialRecord }> {
  return ctx.read((snapshot) => {
    const key = openForUse(snapshot, ctx, keyId, usage);
    return { key, material: currentMaterial(snapshot, ctx, key) };
  });
}

/** The other side's public key, which must be on the same curve. Recorded: AWS says nothing of what is wrong with it. */
function peersKey(ctx: Context, key: KeyRecord, bytes: Uint8Array): KeyObject {
  const { form } = factsOfKey(key);
  try {
    const found = createPublicKey({ key: Buffer.from(bytes), format: "der", type: "spki" });
    const curve = found.asymmetricKeyDetails?.namedCurve;
    if (form.kind === "ec" && curve === form.curve) return found;
  } catch {
    // What is no key at all is refused like one of another curve.
  }
  throw ctx.error("ValidationException", "");
}
