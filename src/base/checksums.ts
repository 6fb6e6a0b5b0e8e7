import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** The checksums that S3 and the SDKs know, computed as the bytes come. */
export type ChecksumAlgorithm =
  | "CRC32"
  | "CRC32C"
  | "CRC64NVME"
  | "SHA1"
  | "SHA256"
  | "SHA512"
  | "MD5";

export interface Checksum {
  update(bytes: Uint8Array): void;
  /** Big-endian, as it is sent in Base64. Ends the computation. */
  digest(): Buffer;
}

export const checksumAlgorithms: readonly ChecksumAlgorithm[] = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "SHA1",
  "SHA256",
  "SHA512",
  "MD5",
];

/** "x-amz-checksum-crc32c" and the like, in any capitals; undefined for other headers. */
export function algorithmOfHeader(name: string): ChecksumAlgorithm | undefined {
  const lower = name.toLowerCase();
  if (!lower.startsWith("x-amz-checksum-")) return undefined;
  const named = lower.slice("x-amz-checksum-".length).toUpperCase();
  return checksumAlgorithms.find((algorithm) => algorithm === named);
}

export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
  switch (algorithm) {
    case "CRC32":
      return new Crc32();
    case "CRC32C":
      return new Crc32c();
    case "CRC64NVME":
      return new Crc64Nvme();
    case "SHA1":
    case "SHA256":
    case "SHA512":
    case "MD5":
      return createHash(algorithm.toLowerCase());
  }
}

/** Base64, as the x-amz-checksum-* headers carry it. */
export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  const checksum = createChecksum(algorithm);
  checksum.update(bytes);
  return checksum.digest().toString("base64");
}

class Crc32 implements Checksum {
  private value = 0;

  update(bytes: Uint8Array): void {
    this.value = crc32(bytes, this.value);
  }

  digest(): Buffer {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(this.value);
    return bytes;
  }
}

/*
 * Node has neither of the next two. Both are reflected CRCs that begin and end with all ones; eight tables take eight
 * bytes a step ("slicing by 8"). The tables are made when first needed, in about a millisecond.
 */

const castagnoli = 0x82f63b78;
let crc32cTables: Int32Array | undefined;

function tablesOfCrc32c(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? castagnoli : 0);
    tables[byte] = value;
  }
  for (let i = 256; i < tables.length; i += 1) {
    const before = tables[i - 256]!;
    tables[i] = (before >>> 8) ^ tables[before & 255]!;
  }
  return tables;
}

class Crc32c implements Checksum {
  private value = -1;

  update(bytes: Uint8Array): void {
    crc32cTables ??= tablesOfCrc32c();
    const t = crc32cTables;
    const end = bytes.length;
    let crc = this.value;
    let at = 0;
    for (; at + 8 <= end; at += 8) {
      const low =
        crc ^
        (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
      crc =
        t[1792 + (low & 255)]! ^
        t[1536 + ((low >>> 8) & 255)]! ^
        t[1280 + ((low >>> 16) & 255)]! ^
        t[1024 + (low >>> 24)]! ^
        t[768 + bytes[at + 4]!]! ^
        t[512 + bytes[at + 5]!]! ^
        t[256 + bytes[at + 6]!]! ^
        t[bytes[at + 7]!]!;
    }
    for (; at < end; at += 1) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 255]!;
    this.value = crc;
  }

  digest(): Buffer {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeInt32BE(~this.value);
    return bytes;
  }
}

// 0x9A6C9329AC4BC9B5, the reflected polynomial of the NVM Express specification, as two halves.
const nvmeHigh = 0x9a6c9329 | 0;
const nvmeLow = 0xac4bc9b5 | 0;
let crc64Tables: { readonly high: Int32Array; readonly low: Int32Array } | undefined;

function tablesOfCrc64(): { readonly high: Int32Array; readonly low: Int32Array } {
  const high = new Int32Array(8 * 256);
  const low = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let h = 0;
    let l = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      const carry = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (carry) {
        h ^= nvmeHigh;
        l ^= nvmeLow;
      }
    }
    high[byte] = h;
    low[byte] = l;
  }
  for (let i = 256; i < high.length; i += 1) {
    const h = high[i - 256]!;
    const l = low[i - 256]!;
    low[i] = ((l >>> 8) | (h << 24)) ^ low[l & 255]!;
    high[i] = (h >>> 8) ^ high[l & 255]!;
  }
  return { high, low };
}

class Crc64Nvme implements Checksum {
  private high = -1;
  private low = -1;

  update(bytes: Uint8Array): void {
    crc64Tables ??= tablesOfCrc64();
    const { high: th, low: tl } = crc64Tables;
    const end = bytes.length;
    let h = this.high;
    let l = this.low;
    let at = 0;
    for (; at + 8 <= end; at += 8) {
      const a =
        l ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
      const b =
        h ^
        (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24));
      const a0 = 1792 + (a & 255);
      const a1 = 1536 + ((a >>> 8) & 255);
      const a2 = 1280 + ((a >>> 16) & 255);
      const a3 = 1024 + (a >>> 24);
      const b0 = 768 + (b & 255);
      const b1 = 512 + ((b >>> 8) & 255);
      const b2 = 256 + ((b >>> 16) & 255);
      const b3 = b >>> 24;
      l = tl[a0]! ^ tl[a1]! ^ tl[a2]! ^ tl[a3]! ^ tl[b0]! ^ tl[b1]! ^ tl[b2]! ^ tl[b3]!;
      h = th[a0]! ^ th[a1]! ^ th[a2]! ^ th[a3]! ^ th[b0]! ^ th[b1]! ^ th[b2]! ^ th[b3]!;
    }
    for (; at < end; at += 1) {
      const index = (l ^ bytes[at]!) & 255;
      l = ((l >>> 8) | (h << 24)) ^ tl[index]!;
      h = (h >>> 8) ^ th[index]!;
    }
    this.high = h;
    this.low = l;
  }

  digest(): Buffer {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeInt32BE(~this.high, 0);
    bytes.writeInt32BE(~this.low, 4);
    return bytes;
  }
}
