import { createHmac, timingSafeEqual } from "node:crypto";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { KMS, MacAlgorithmSpec } from "#models/kms.ts";
import type { KeyRecord } from "./key-record.ts";
import { factsOfKey } from "./key-specs.ts";
import { noteUse } from "./last-usage.ts";
import { currentMaterial, unsealed } from "./materials.ts";
import { checkDryRun, openForUse, type UsageContext } from "./open-key.ts";

/** Message authentication codes. */
export const macs = {
  async GenerateMac(ctx, input) {
    const { key, material } = await openHmac(ctx, input.KeyId, input.MacAlgorithm);
    checkDryRun(ctx, input);
    const Mac = macOf(material, input.MacAlgorithm, input.Message);
    await noteUse(ctx, key, "GenerateMac");
    return { Mac, MacAlgorithm: input.MacAlgorithm, KeyId: key.arn };
  },

  async VerifyMac(ctx, input) {
    const { key, material } = await openHmac(ctx, input.KeyId, input.MacAlgorithm);
    checkDryRun(ctx, input);
    const right = macOf(material, input.MacAlgorithm, input.Message);
    if (right.length !== input.Mac.length || !timingSafeEqual(right, input.Mac)) {
      // Recorded: it says no more.
      throw ctx.error("KMSInvalidMacException", "");
    }
    await noteUse(ctx, key, "VerifyMac");
    return { KeyId: key.arn, MacValid: true, MacAlgorithm: input.MacAlgorithm };
  },
} satisfies Handlers<KMS>;

async function openHmac(
  ctx: UsageContext & Context,
  keyId: string,
  algorithm: MacAlgorithmSpec,
): Promise<{ readonly key: KeyRecord; readonly material: Buffer }> {
  return ctx.read((snapshot) => {
    const key = openForUse(snapshot, ctx, keyId, "GENERATE_VERIFY_MAC");
    if (factsOfKey(key).mac !== algorithm) {
      // Recorded.
      throw ctx.error(
        "InvalidKeyUsageException",
        `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`,
      );
    }
    return { key, material: unsealed(ctx, key.id, currentMaterial(snapshot, ctx, key)) };
  });
}

function macOf(material: Buffer, algorithm: MacAlgorithmSpec, message: Uint8Array): Buffer {
  return createHmac(`sha${algorithm.slice(-3)}`, material)
    .update(message)
    .digest();
}
