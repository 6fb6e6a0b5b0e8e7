import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
} from "node:crypto";
import { promisify } from "node:util";
import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { SharedKind } from "#kernel/kernel.ts";
import type { Snapshot } from "#store/store.ts";
import { type KeyRecord, materialCodec, type MaterialRecord } from "./key-record.ts";
import type { MaterialForm } from "./key-specs.ts";
import { materialKey, materialsPrefix } from "./keyspace.ts";

/*
 * Key material: bytes of chance, or a private key as PKCS #8. It lies in the store sealed with the vault, and is opened
 * for the moment of its use. Pairs of keys, and what signatures need of chance, come from OpenSSL's own generator.
 */

const purpose = "kms key material";
const generate = promisify(generateKeyPair);

/** Fresh material, in the clear. */
export interface FreshMaterial {
  readonly plain: Buffer;
  /** SPKI; undefined for bytes. */
  readonly publicKey: Buffer | undefined;
}

/** Takes a second or more for large RSA keys: not in a transaction. */
export async function makeMaterial(ctx: Context, form: MaterialForm): Promise<FreshMaterial> {
  if (form.kind === "bytes") return { plain: ctx.random.bytes(form.length), publicKey: undefined };
  const { privateKey, publicKey } = await makePair(form);
  return { plain: pkcs8Of(privateKey), publicKey: spkiOf(publicKey) };
}

function makePair(
  form: Exclude<MaterialForm, { kind: "bytes" }>,
): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  if (form.kind === "rsa") return generate("rsa", { modulusLength: form.bits });
  if (form.kind === "ec") return generate("ec", { namedCurve: form.curve });
  // The types know only some of the names that OpenSSL 3.5 knows.
  return generate(form.type as "ed25519");
}

export const pkcs8Of = (key: KeyObject): Buffer => key.export({ type: "pkcs8", format: "der" });
export const spkiOf = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });

/** The id of imported material follows from it, so that the same material is known again. */
export function importedId(keyId: string, plain: Buffer): string {
  return createHmac("sha256", plain).update(`kms material of ${keyId}`).digest("hex");
}

/** 64 hexadecimal digits. */
export const newMaterialId = (ctx: Context): string => ctx.random.bytes(32).toString("hex");

/** A key's sealed material is the same in all regions of the process. */
export function sealMaterial(ctx: Context, keyId: string, id: string, plain: Buffer): string {
  return ctx.vault.seal(purpose, plain, `${keyId} ${id}`).toString("base64");
}

export function unsealed(ctx: Context, keyId: string, { id, sealed }: MaterialRecord): Buffer {
  const plain =
    sealed === undefined
      ? undefined
      : ctx.vault.open(purpose, Buffer.from(sealed, "base64"), `${keyId} ${id}`);
  if (plain === undefined) {
    throw new Error(`the material of key ${keyId} does not open: the master key is another one`);
  }
  return plain;
}

export function findMaterial(
  snapshot: Snapshot,
  ctx: Context,
  keyId: string,
  materialId: string | undefined,
): MaterialRecord | undefined {
  if (materialId === undefined) return undefined;
  return snapshot.record(materialKey(ctx, keyId, materialId), materialCodec);
}

/** All that a key ever had, in the order in which it got them. */
export function materialsOf(snapshot: Snapshot, ctx: Context, keyId: string): MaterialRecord[] {
  const start = materialsPrefix(ctx, keyId);
  return [...snapshot.range({ start, end: endOfPrefix(start) })]
    .map(({ value }) => materialCodec.decode(value))
    .toSorted((one, other) => one.order - other.order);
}

/** The current material of a key that is enabled. */
export function currentMaterial(snapshot: Snapshot, ctx: Context, key: KeyRecord): MaterialRecord {
  const found = findMaterial(snapshot, ctx, key.id, key.materialId);
  if (found === undefined) throw new Error(`key ${key.id} has lost its material`);
  return found;
}

/** Private keys that were used lately: reading one takes longer than signing with it. */
const privateKeys: SharedKind<Map<string, KeyObject>> = { make: () => new Map() };
const privateKeysKept = 256;

export function privateKeyOf(ctx: Context, key: KeyRecord, material: MaterialRecord): KeyObject {
  const known = ctx.shared(privateKeys);
  const name = `${key.arn} ${material.id}`;
  let found = known.get(name);
  if (found === undefined) {
    const bytes = unsealed(ctx, key.id, material);
    found = createPrivateKey({ key: bytes, format: "der", type: "pkcs8" });
    if (known.size >= privateKeysKept) known.delete(known.keys().next().value!);
    known.set(name, found);
  }
  return found;
}

export function publicKeyOf({ id, publicKey }: KeyRecord): KeyObject {
  if (publicKey === undefined) throw new Error(`key ${id} has lost its public key`);
  return createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
}
