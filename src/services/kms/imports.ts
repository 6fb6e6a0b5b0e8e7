import {
  constants,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
} from "node:crypto";
import type { Context } from "#kernel/context.ts";
import type { Handlers, JobHandler } from "#kernel/service.ts";
import type { AlgorithmSpec, ImportKeyMaterialRequest, KMS } from "#models/kms.ts";
import type { Transaction } from "#store/store.ts";
import { type KeyRecord, keyCodec, type MaterialRecord, materialCodec } from "./key-record.ts";
import { factsOfKey } from "./key-specs.ts";
import { keyKey, materialKey } from "./keyspace.ts";
import {
  findMaterial,
  type FreshMaterial,
  importedId,
  makeMaterial,
  materialsOf,
  sealMaterial,
  spkiOf,
} from "./materials.ts";
import { checkNotLeaving, findKey, openKey, parseKeyName } from "./open-key.ts";
import { wrongOrigin } from "./rotation.ts";
import { publishState } from "./state-changes.ts";

/*
 * Material that users bring along. Source: KMS Developer Guide, importing-keys. It travels encrypted with a key that is
 * made for it; the import token holds that key's private half, sealed: nothing is stored in between.
 */

const dayMs = 86_400_000;
const purpose = "kms import token";

interface ImportToken {
  readonly keyArn: string;
  readonly algorithm: AlgorithmSpec;
  /** PKCS #8 as base64. */
  readonly privateKey: string;
  readonly expiresAtMs: number;
}

type ImportContext = Context<
  | "ExpiredImportTokenException"
  | "IncorrectKeyMaterialException"
  | "InvalidCiphertextException"
  | "InvalidImportTokenException"
  | "KMSInvalidStateException"
  | "NotFoundException"
  | "UnsupportedOperationException"
>;

export const imports = {
  async GetParametersForImport(ctx, input) {
    const { WrappingAlgorithm: algorithm, WrappingKeySpec } = input;
    if (WrappingKeySpec === "SM2" || algorithm === "SM2PKE") {
      throw ctx.error("NotImplemented", "KMS SM2PKE is not implemented by Tule yet.");
    }
    const key = await ctx.read((snapshot) => {
      const found = openKey(snapshot, ctx, input.KeyId);
      if (found.origin !== "EXTERNAL") throw wrongOrigin(ctx, found);
      checkNotLeaving(ctx, found);
      return found;
    });
    // Source: API reference: AWS no longer takes it; and RSA keys are too large for it and its successors.
    if (algorithm === "RSAES_PKCS1_V1_5") {
      throw ctx.error(
        "UnsupportedOperationException",
        `Wrapping algorithm ${algorithm} is no longer supported.`,
      );
    }
    if (key.spec.startsWith("RSA") && !algorithm.startsWith("RSA_AES")) {
      throw ctx.error(
        "ValidationException",
        `Wrapping algorithm ${algorithm} is not valid for key spec ${key.spec}.`,
      );
    }
    const bits = Number(WrappingKeySpec.slice(4));
    const { plain, publicKey } = await makeMaterial(ctx, { kind: "rsa", bits });
    const expiresAtMs = ctx.now() + dayMs;
    const privateKey = plain.toString("base64");
    const token: ImportToken = { keyArn: key.arn, algorithm, privateKey, expiresAtMs };
    return {
      KeyId: key.arn,
      ImportToken: ctx.vault.seal(purpose, Buffer.from(JSON.stringify(token)), ""),
      PublicKey: publicKey,
      ParametersValidTo: expiresAtMs,
    };
  },

  async ImportKeyMaterial(ctx, input) {
    const expiration = expirationOf(ctx, input);
    const opened = ctx.vault.open(purpose, Buffer.from(input.ImportToken), "");
    const token = opened && (JSON.parse(opened.toString("utf8")) as ImportToken);
    const keyId = parseKeyName(input.KeyId).name;
    const found = await ctx.read((snapshot) => openKey(snapshot, ctx, input.KeyId));
    if (found.origin !== "EXTERNAL") throw wrongOrigin(ctx, found);
    if (token === undefined || token.keyArn !== found.arn) {
      throw ctx.error("InvalidImportTokenException", "");
    }
    if (token.expiresAtMs <= ctx.now()) throw ctx.error("ExpiredImportTokenException", "");
    const { plain, publicKey } = readMaterial(ctx, found, unwrapped(ctx, token, input));
    const id = importedId(keyId, plain);
    const sealed = sealMaterial(ctx, keyId, id, plain);
    return ctx.transact((tx) => {
      const before = openKey(tx, ctx, input.KeyId);
      checkNotLeaving(ctx, before);
      const place = placeOf(tx, ctx, before, id, input);
      const material: MaterialRecord = {
        createdAtMs: ctx.now(),
        description: input.KeyMaterialDescription,
        ...place,
        id,
        sealed,
        ...expiration,
      };
      putImported(tx, ctx, before, material);
      const isFirst = before.materialId === undefined;
      const key: KeyRecord = {
        ...before,
        materialId: isFirst ? id : before.materialId,
        publicKey: publicKey?.toString("base64"),
        isMaterialMissing: isSomeMissing(tx, ctx, before.id),
      };
      tx.putRecord(keyKey(ctx, key.id), keyCodec, key);
      publishState(tx, ctx, before, key);
      return {
        KeyId: key.arn,
        KeyMaterialId: key.spec === "SYMMETRIC_DEFAULT" ? id : undefined,
      };
    });
  },

  DeleteImportedKeyMaterial(ctx, input) {
    return ctx.transact((tx) => {
      const key = openKey(tx, ctx, input.KeyId);
      if (key.origin !== "EXTERNAL") throw wrongOrigin(ctx, key);
      const id = input.KeyMaterialId ?? key.materialId;
      const material = findMaterial(tx, ctx, key.id, id);
      if (material === undefined && input.KeyMaterialId !== undefined) {
        throw ctx.error("NotFoundException", `Key material ${input.KeyMaterialId} does not exist`);
      }
      if (material !== undefined) forgetMaterial(tx, ctx, key, material);
      return {
        KeyId: key.arn,
        KeyMaterialId: key.spec === "SYMMETRIC_DEFAULT" ? id : undefined,
      };
    });
  },
} satisfies Handlers<KMS>;

/** What was imported for a time is gone when that is over. */
export const expireMaterial: JobHandler = (
  ctx,
  { keyId, materialId }: { keyId: string; materialId: string },
) =>
  ctx.transact((tx) => {
    ctx.complete(tx);
    const key = findKey(tx, ctx, keyId);
    const material = findMaterial(tx, ctx, keyId, materialId);
    const isOver = material?.expiresAtMs !== undefined && material.expiresAtMs <= ctx.now();
    if (key !== undefined && isOver) forgetMaterial(tx, ctx, key, material);
  });

function forgetMaterial(
  tx: Transaction,
  ctx: Context,
  before: KeyRecord,
  material: MaterialRecord,
): void {
  const place = materialKey(ctx, before.id, material.id);
  // What never was in use leaves no gap.
  if (material.isPending === true) tx.delete(place);
  else
    tx.putRecord(place, materialCodec, { ...material, sealed: undefined, expiresAtMs: undefined });
  ctx.unschedule(tx, "expireMaterial", expiryOf(before, material));
  const key = { ...before, isMaterialMissing: isSomeMissing(tx, ctx, before.id) };
  tx.putRecord(keyKey(ctx, key.id), keyCodec, key);
  publishState(tx, ctx, before, key);
}

const expiryOf = (key: KeyRecord, material: MaterialRecord): string => `${key.id} ${material.id}`;

function putImported(
  tx: Transaction,
  ctx: Context,
  key: KeyRecord,
  material: MaterialRecord,
): void {
  tx.putRecord(materialKey(ctx, key.id, material.id), materialCodec, material);
  const name = expiryOf(key, material);
  ctx.unschedule(tx, "expireMaterial", name);
  const at = material.expiresAtMs;
  if (at === undefined) return;
  const payload = { keyId: key.id, materialId: material.id };
  ctx.schedule(tx, { at, job: "expireMaterial", key: name, payload });
}

/** A key is usable while all is there that it ever used. */
function isSomeMissing(tx: Transaction, ctx: Context, keyId: string): boolean {
  const used = materialsOf(tx, ctx, keyId).filter(({ isPending }) => isPending !== true);
  return used.length === 0 || used.some(({ sealed }) => sealed === undefined);
}

/** Where among the key's materials this one belongs: it is the first, one that it had, or one to rotate to. */
function placeOf(
  tx: Transaction,
  ctx: ImportContext,
  key: KeyRecord,
  id: string,
  { ImportType: type, KeyMaterialId: named }: ImportKeyMaterialRequest,
): Pick<MaterialRecord, "order"> & Partial<MaterialRecord> {
  const all = materialsOf(tx, ctx, key.id);
  const known = all.find((one) => one.id === id);
  if (named !== undefined && named !== id) throw incorrectMaterial(ctx);
  if (known !== undefined) return known;
  if (all.length === 0) return { order: 0 };
  const isNew = type === "NEW_KEY_MATERIAL" && key.spec === "SYMMETRIC_DEFAULT";
  if (!isNew) throw incorrectMaterial(ctx);
  if (key.multiRegion !== undefined) {
    throw ctx.error(
      "NotImplemented",
      "KMS NEW_KEY_MATERIAL of multi-Region keys is not implemented by Tule yet.",
    );
  }
  if (all.some(({ isPending }) => isPending === true)) {
    throw ctx.error(
      "KMSInvalidStateException",
      `${key.arn} has key material that is pending rotation.`,
    );
  }
  return { order: all.length, isPending: true };
}

function incorrectMaterial(ctx: Context<"IncorrectKeyMaterialException">): Error {
  return ctx.error("IncorrectKeyMaterialException", "");
}

function expirationOf(
  ctx: Context,
  { ExpirationModel: model = "KEY_MATERIAL_EXPIRES", ValidTo: validTo }: ImportKeyMaterialRequest,
): Pick<MaterialRecord, "expirationModel" | "expiresAtMs"> {
  const doesExpire = model === "KEY_MATERIAL_EXPIRES";
  if (doesExpire !== (validTo !== undefined)) {
    throw ctx.error(
      "ValidationException",
      doesExpire
        ? "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
        : "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
    );
  }
  // Source: API reference: in the future, and no more than a year from now.
  if (validTo !== undefined && (validTo <= ctx.now() || validTo > ctx.now() + 365 * dayMs)) {
    throw ctx.error("ValidationException", "ValidTo must be within the next 365 days");
  }
  return { expirationModel: model, expiresAtMs: validTo };
}

const wrapVector = Buffer.from("a65959a6", "hex");

/** What was encrypted for the import: with RSA, or with an AES key (RFC 5649) that comes before it, encrypted with RSA. */
function unwrapped(
  ctx: ImportContext,
  { algorithm, privateKey }: ImportToken,
  { EncryptedKeyMaterial: bytes }: ImportKeyMaterialRequest,
): Buffer {
  const key = createPrivateKey({
    key: Buffer.from(privateKey, "base64"),
    format: "der",
    type: "pkcs8",
  });
  const oaepHash = algorithm.endsWith("SHA_1") ? "sha1" : "sha256";
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  try {
    if (!algorithm.startsWith("RSA_AES")) return privateDecrypt({ key, oaepHash, padding }, bytes);
    const modulusBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
    const wrapped = bytes.subarray(0, modulusBytes);
    const aesKey = privateDecrypt({ key, oaepHash, padding }, wrapped);
    const unwrap = createDecipheriv("id-aes256-wrap-pad", aesKey, wrapVector);
    return Buffer.concat([unwrap.update(bytes.subarray(modulusBytes)), unwrap.final()]);
  } catch {
    throw ctx.error("InvalidCiphertextException", "");
  }
}

/** The material, if it is such as the key's spec asks for; a private key in one form, whatever it came in. */
function readMaterial(ctx: ImportContext, key: KeyRecord, bytes: Buffer): FreshMaterial {
  const { form } = factsOfKey(key);
  if (form.kind === "bytes") {
    if (bytes.length !== form.length) throw incorrectMaterial(ctx);
    return { plain: bytes, publicKey: undefined };
  }
  try {
    const privateKey = createPrivateKey({ key: bytes, format: "der", type: "pkcs8" });
    const { modulusLength, namedCurve } = privateKey.asymmetricKeyDetails ?? {};
    const isRight =
      form.kind === "rsa"
        ? modulusLength === form.bits
        : form.kind === "ec"
          ? namedCurve === form.curve
          : privateKey.asymmetricKeyType === form.type;
    if (isRight) {
      const plain = privateKey.export({ type: "pkcs8", format: "der" });
      return { plain, publicKey: spkiOf(createPublicKey(privateKey)) };
    }
  } catch {
    // What is no private key is refused like one of another kind.
  }
  throw incorrectMaterial(ctx);
}
