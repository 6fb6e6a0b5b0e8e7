import { endOfPrefix, type Key } from "#base/key.ts";
import { tuple } from "#base/tuple.ts";
import type { Snapshot, Transaction } from "#store/store.ts";

/*
 * What the store knows of blobs. All under ("kernel", "blob..."), for a blob may belong to any service:
 *
 *   blob          group, number   → how many own it, its size and, of a small one, its bytes
 *   blob-garbage  group, number   → nothing: a file that nobody owns any more, to be removed
 *   blob-folder   group           → nothing: a folder in which unnamed files may lie
 */

/**
 * "f3f2a9c0d11e4b7a8-17": its group, which for a file is its folder, and its number within. The group begins with an
 * "f" for files and an "s" for what is stored in the store.
 */
export type BlobId = string;

export const isStored = (id: BlobId): boolean => id.startsWith("s");

export interface BlobRecord {
  /** How many records of services name it. */
  readonly owners: number;
  readonly sizeBytes: number;
  /** Of a blob that is not a file. */
  readonly bytes: Buffer | undefined;
}

const blobPrefix = tuple("kernel", "blob");
const garbagePrefix = tuple("kernel", "blob-garbage");
const folderPrefix = tuple("kernel", "blob-folder");
const nothing = Buffer.alloc(0);

export const garbageOfBlobs: Key = garbagePrefix;

const groupsAndNumbers = (id: BlobId): Key => {
  const dash = id.indexOf("-");
  return tuple(id.slice(0, dash), Number(id.slice(dash + 1)));
};
const blobKey = (id: BlobId): Key => blobPrefix + groupsAndNumbers(id);
const garbageKey = (id: BlobId): Key => garbagePrefix + groupsAndNumbers(id);
const folderKey = (group: string): Key => folderPrefix + tuple(group);

export function groupOf(id: BlobId): string {
  return id.slice(0, id.indexOf("-"));
}

export function numberOf(id: BlobId): string {
  return id.slice(id.indexOf("-") + 1);
}

const headBytes = 1 + 4 + 8;
const inFile = 0;
const inStore = 1;

/** Encoded by hand: a small object's bytes follow its head without a copy in between. */
function encode({ owners, sizeBytes, bytes }: BlobRecord): Buffer {
  const value = Buffer.allocUnsafe(headBytes + (bytes?.length ?? 0));
  value.writeUInt8(bytes === undefined ? inFile : inStore, 0);
  value.writeUInt32BE(owners, 1);
  value.writeDoubleBE(sizeBytes, 5);
  bytes?.copy(value, headBytes);
  return value;
}

function decode(value: Buffer): BlobRecord {
  return {
    owners: value.readUInt32BE(1),
    sizeBytes: value.readDoubleBE(5),
    bytes: value.readUInt8(0) === inStore ? value.subarray(headBytes) : undefined,
  };
}

export function readBlob(snapshot: Snapshot, id: BlobId): BlobRecord | undefined {
  const value = snapshot.get(blobKey(id));
  return value && decode(value);
}

export function writeBlob(tx: Transaction, id: BlobId, record: BlobRecord): void {
  tx.put(blobKey(id), encode(record));
}

/** One more record of a service names the blob. */
export function retainBlob(tx: Transaction, id: BlobId): void {
  const record = readBlob(tx, id);
  if (record === undefined) throw new Error(`there is no blob ${id}`);
  writeBlob(tx, id, { ...record, owners: record.owners + 1 });
}

/** One record less; the last one takes the blob with it. */
export function releaseBlob(tx: Transaction, id: BlobId): void {
  const record = readBlob(tx, id);
  if (record === undefined) throw new Error(`there is no blob ${id}`);
  if (record.owners > 1) {
    writeBlob(tx, id, { ...record, owners: record.owners - 1 });
    return;
  }
  tx.delete(blobKey(id));
  if (record.bytes === undefined) tx.put(garbageKey(id), nothing);
}

/** Up to `limit` files to be removed, behind `after`. */
export function garbageBlobs(
  snapshot: Snapshot,
  after: BlobId | undefined,
  limit: number,
): BlobId[] {
  const start = after === undefined ? garbagePrefix : `${garbageKey(after)}\u0000`;
  const range = { start, end: endOfPrefix(garbagePrefix), limit };
  return Array.from(snapshot.range(range), ({ key }) => idOfKey(key, garbagePrefix));
}

export function forgetGarbage(tx: Transaction, id: BlobId): void {
  tx.delete(garbageKey(id));
}

export function openFolder(tx: Transaction, group: string): void {
  tx.put(folderKey(group), nothing);
}

export function closeFolder(tx: Transaction, group: string): void {
  tx.delete(folderKey(group));
}

/** The folders in which a forerunner of this process may have left files that no key names. */
export function openFolders(snapshot: Snapshot): string[] {
  const range = { start: folderPrefix, end: endOfPrefix(folderPrefix) };
  return Array.from(snapshot.range(range), ({ key }) =>
    key.slice(folderPrefix.length + 1, key.length - 2),
  );
}

/** A group has no zeros to escape, so it stands in the key as it is, between its type and its end. */
function idOfKey(key: Key, prefix: Key): BlobId {
  const group = key.slice(prefix.length + 1, key.length - 9 - 2);
  let number = 0;
  for (let at = key.length - 8; at < key.length; at++) number = number * 256 + key.charCodeAt(at);
  return `${group}-${number}`;
}
