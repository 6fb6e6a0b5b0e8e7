import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DataKeyPairSpec, DataKeySpec, KMS } from "#models/kms.ts";
import { encrypted, type KeyInUse, openToEncrypt } from "./encryption.ts";
import type { EncryptionContext } from "./ciphertext.ts";
import { factsOfSpec } from "./key-specs.ts";
import { noteUse } from "./last-usage.ts";
import { withManagedKey } from "./managed-keys.ts";
import { makeMaterial } from "./materials.ts";
import { checkDryRun, type UsageContext } from "./open-key.ts";
import { refuseKeyStore, refuseRecipient, refuseSm2 } from "./unbuilt-options.ts";

/** Keys that are made here and used elsewhere: in the clear, and encrypted with a key that stays. */
export const dataKeys = {
  async GenerateDataKey(ctx, input) {
    refuseRecipient(ctx, input.Recipient);
    const lengthBytes = lengthOf(ctx, input);
    const use = await openSymmetric(ctx, input.KeyId);
    checkDryRun(ctx, input);
    const Plaintext = ctx.random.bytes(lengthBytes);
    const CiphertextBlob = sealed(ctx, use, Plaintext, input.EncryptionContext);
    await noteUse(use.owner, use.key, "GenerateDataKey");
    return { CiphertextBlob, Plaintext, KeyId: use.key.arn, KeyMaterialId: use.material.id };
  },

  async GenerateDataKeyWithoutPlaintext(ctx, input) {
    const lengthBytes = lengthOf(ctx, input);
    const use = await openSymmetric(ctx, input.KeyId);
    checkDryRun(ctx, input);
    const plain = ctx.random.bytes(lengthBytes);
    const CiphertextBlob = sealed(ctx, use, plain, input.EncryptionContext);
    await noteUse(use.owner, use.key, "GenerateDataKeyWithoutPlaintext");
    return { CiphertextBlob, KeyId: use.key.arn, KeyMaterialId: use.material.id };
  },

  async GenerateDataKeyPair(ctx, input) {
    refuseRecipient(ctx, input.Recipient);
    const use = await openSymmetric(ctx, input.KeyId);
    checkDryRun(ctx, input);
    const { plain, publicKey } = await makePair(ctx, input.KeyPairSpec);
    const PrivateKeyCiphertextBlob = sealed(ctx, use, plain, input.EncryptionContext);
    await noteUse(use.owner, use.key, "GenerateDataKeyPair");
    return {
      PrivateKeyCiphertextBlob,
      PrivateKeyPlaintext: plain,
      PublicKey: publicKey,
      KeyId: use.key.arn,
      KeyPairSpec: input.KeyPairSpec,
      KeyMaterialId: use.material.id,
    };
  },

  async GenerateDataKeyPairWithoutPlaintext(ctx, input) {
    const use = await openSymmetric(ctx, input.KeyId);
    checkDryRun(ctx, input);
    const { plain, publicKey } = await makePair(ctx, input.KeyPairSpec);
    const PrivateKeyCiphertextBlob = sealed(ctx, use, plain, input.EncryptionContext);
    await noteUse(use.owner, use.key, "GenerateDataKeyPairWithoutPlaintext");
    return {
      PrivateKeyCiphertextBlob,
      PublicKey: publicKey,
      KeyId: use.key.arn,
      KeyPairSpec: input.KeyPairSpec,
      KeyMaterialId: use.material.id,
    };
  },

  GenerateRandom(ctx, input) {
    refuseKeyStore(ctx, input.CustomKeyStoreId);
    refuseRecipient(ctx, input.Recipient);
    if (input.NumberOfBytes === undefined) {
      throw ctx.error("ValidationException", "NumberOfBytes is required.");
    }
    return { Plaintext: ctx.random.bytes(input.NumberOfBytes) };
  },
} satisfies Handlers<KMS>;

/** Source: API reference, GenerateDataKey: "You must specify either the KeySpec or the NumberOfBytes parameter (but not both)". */
function lengthOf(
  ctx: Context,
  given: {
    readonly KeySpec?: DataKeySpec | undefined;
    readonly NumberOfBytes?: number | undefined;
  },
): number {
  if ((given.KeySpec === undefined) === (given.NumberOfBytes === undefined)) {
    throw ctx.error("ValidationException", "Please specify either number of bytes or key spec.");
  }
  return given.NumberOfBytes ?? (given.KeySpec === "AES_128" ? 16 : 32);
}

async function openSymmetric(ctx: UsageContext, keyId: string): Promise<KeyInUse> {
  await withManagedKey(ctx, keyId);
  const use = await ctx.read((snapshot) => openToEncrypt(snapshot, ctx, keyId));
  const { arn, spec } = use.key;
  if (spec === "SYMMETRIC_DEFAULT") return use;
  throw ctx.error(
    "InvalidKeyUsageException",
    `${arn} key spec is ${spec} which is not valid for ${ctx.operation}.`,
  );
}

function sealed(
  ctx: Context,
  use: KeyInUse,
  plain: Buffer,
  context: EncryptionContext | undefined,
): Buffer {
  return encrypted(ctx, use, "SYMMETRIC_DEFAULT", plain, context);
}

async function makePair(ctx: Context, spec: DataKeyPairSpec) {
  const facts = factsOfSpec(spec);
  if (facts === undefined) throw refuseSm2(ctx);
  return makeMaterial(ctx, facts.form);
}
