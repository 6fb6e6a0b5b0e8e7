import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import type { Files, Random } from "#world/world.ts";

/*
 * Secrets as they lie in the store, or travel with clients: sealed under the data folder's master key, which is no part
 * of the state. A copy of the store alone tells nobody's secrets.
 */

const ivBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** Seals small secrets (AES-256-GCM). What was sealed for one purpose opens for no other. */
export class Vault {
  readonly #masterKey: Buffer;
  readonly #random: Random;
  readonly #keys = new Map<string, Buffer>();

  constructor(masterKey: Buffer, random: Random) {
    this.#masterKey = masterKey;
    this.#random = random;
  }

  /** Draws chance: outside of transactions. `about`: what the secret belongs to, and opens with. */
  seal(purpose: string, plain: Buffer, about: string): Buffer {
    const iv = this.#random.bytes(ivBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#keyFor(purpose), iv);
    cipher.setAAD(Buffer.from(about));
    return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** Undefined for what was not sealed here, for this purpose and about this. */
  open(purpose: string, sealed: Buffer, about: string): Buffer | undefined {
    if (sealed.length < ivBytes + tagBytes) return undefined;
    const iv = sealed.subarray(0, ivBytes);
    const decipher = createDecipheriv("aes-256-gcm", this.#keyFor(purpose), iv);
    decipher.setAAD(Buffer.from(about));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    try {
      const plain = decipher.update(sealed.subarray(ivBytes, -tagBytes));
      return Buffer.concat([plain, decipher.final()]);
    } catch {
      return undefined;
    }
  }

  /** A secret of 32 bytes that is the same for as long as the master key is: what needs not be stored. */
  secretFor(purpose: string): Buffer {
    return Buffer.from(this.#keyFor(`secret: ${purpose}`));
  }

  #keyFor(purpose: string): Buffer {
    let key = this.#keys.get(purpose);
    if (key === undefined) {
      key = Buffer.from(hkdfSync("sha256", this.#masterKey, Buffer.alloc(0), purpose, keyBytes));
      this.#keys.set(purpose, key);
    }
    return key;
  }
}

export const masterKeyFile = "master.key";

/** The data folder's master key, made when it is first asked for. Whoever loses it loses what it seals. */
export async function masterKeyOf(files: Files, path: string, random: Random): Promise<Buffer> {
  const found = await files.read(path);
  if (found === undefined) {
    const made = random.bytes(keyBytes);
    await files.replace(path, Buffer.from(`${made.toString("base64")}\n`));
    return made;
  }
  const key = Buffer.from(found.toString("utf8").trim(), "base64");
  if (key.length !== keyBytes) throw new Error(`${path} holds no master key`);
  return key;
}
