import { createCipheriv, createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { tuple } from "#base/tuple.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import type { Vault } from "../vault.ts";
import { groupOf, numberOf, type BlobId } from "./blob-record.ts";

/*
 * Blobs are encrypted at rest: AES-256 in counter mode. A group's key follows from the master key and the group's name;
 * a blob's number within the group is the upper half of its counter. So no two blobs meet in a key and counter, for
 * each is written once, and any byte can be read without those before it. That nobody changed a blob is not its
 * business: services keep checksums.
 *
 * The master key stands in the store, sealed with the vault. What is carried away without the data folder's `master.key`,
 * files and store alike, says nothing.
 */
const masterKey = tuple("kernel", "master-key");
const keyBytes = 32;
const blockBytes = 16;

/** As it is stored; `openedKey` opens it. */
export function readMasterKey(snapshot: Snapshot): Buffer | undefined {
  return snapshot.get(masterKey);
}

/** The key that is there, or this one from now on; both as they are stored. */
export function keepMasterKey(tx: Transaction, fresh: Buffer): Buffer {
  const found = readMasterKey(tx);
  if (found !== undefined) return found;
  putMasterKey(tx, fresh);
  return fresh;
}

export function putMasterKey(tx: Transaction, stored: Buffer): void {
  tx.put(masterKey, stored);
}

const purpose = "blobs";
const about = "master key";

/** Draws chance. Without a vault the key is stored as it is. */
export function sealedKey(vault: Vault | undefined, key: Buffer): Buffer {
  return vault === undefined ? key : vault.seal(purpose, key, about);
}

export function openedKey(vault: Vault | undefined, stored: Buffer): Buffer {
  if (!isSealed(stored)) return stored;
  const opened = vault?.open(purpose, stored, about);
  if (opened !== undefined) return opened;
  throw new Error("the key of the blobs does not open: the master key is another one");
}

/** Earlier versions stored the key as it is. */
export function isSealed(stored: Buffer): boolean {
  return stored.length !== keyBytes;
}

export const masterKeyBytes = keyBytes;

/** Encrypts or decrypts what follows, in order: in counter mode both are the same. */
export interface ByteCipher {
  update(bytes: Uint8Array): Buffer;
}

export class BlobCiphers {
  readonly #master: Buffer;
  /** Of the latest groups: neighbours mostly share one. */
  readonly #keys = new Map<string, KeyObject>();

  constructor(master: Buffer) {
    this.#master = master;
  }

  /** From this byte of the blob on. */
  at(id: BlobId, offset: number): ByteCipher {
    const counter = Buffer.alloc(blockBytes);
    counter.writeBigUInt64BE(BigInt(numberOf(id)), 0);
    counter.writeBigUInt64BE(BigInt(Math.floor(offset / blockBytes)), 8);
    const cipher = createCipheriv("aes-256-ctr", this.#keyOf(groupOf(id)), counter);
    const within = offset % blockBytes;
    if (within > 0) cipher.update(Buffer.alloc(within));
    return cipher;
  }

  #keyOf(group: string): KeyObject {
    const known = this.#keys.get(group);
    if (known !== undefined) return known;
    const key = createSecretKey(createHmac("sha256", this.#master).update(group).digest());
    if (this.#keys.size >= 1024) this.#keys.clear();
    this.#keys.set(group, key);
    return key;
  }
}
