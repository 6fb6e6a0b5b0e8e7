import { constants, createHash, privateEncrypt, publicDecrypt, type KeyObject } from "node:crypto";
import { signDigestOnCurve, verifyDigestOnCurve } from "./ecdsa.ts";

/*
 * Signatures of digests that others have made. Node signs messages, and hashes them itself; so what stands around the
 * digest is built here, and RSA itself is OpenSSL's. Source: RFC 8017, 8.1 and 9.1 (PSS), 8.2 and 9.2 (PKCS #1 v1.5).
 */

export type HashName = "sha256" | "sha384" | "sha512";
type Scheme = "pss" | "pkcs1" | "ecdsa";

/** `salt`: as long as the digest, from chance; PSS alone needs it. */
export function signDigest(
  key: KeyObject,
  scheme: Scheme,
  hash: HashName,
  digest: Uint8Array,
  salt: Buffer,
): Buffer {
  if (scheme === "ecdsa") return signDigestOnCurve(key, hash, digest);
  if (scheme === "pkcs1") {
    return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(hash, digest));
  }
  const encoded = pssEncoded(hash, digest, salt, modulusBytes(key));
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
}

export function verifyDigest(
  key: KeyObject,
  scheme: Scheme,
  hash: HashName,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (scheme === "ecdsa") return verifyDigestOnCurve(key, digest, signature);
  if (signature.length !== modulusBytes(key)) return false;
  try {
    if (scheme === "pkcs1") {
      const padding = constants.RSA_PKCS1_PADDING;
      return publicDecrypt({ key, padding }, signature).equals(digestInfo(hash, digest));
    }
    const padding = constants.RSA_NO_PADDING;
    return isPssEncoded(hash, digest, publicDecrypt({ key, padding }, signature));
  } catch {
    // OpenSSL throws for what is out of range or has a wrong padding.
    return false;
  }
}

const modulusBytes = (key: KeyObject): number => (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;

/** The DER of an AlgorithmIdentifier and the beginning of the digest's octets. Source: RFC 8017, 9.2, note 1. */
const infoStarts: Readonly<Record<HashName, string>> = {
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};

function digestInfo(hash: HashName, digest: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(infoStarts[hash], "hex"), digest]);
}

/** The modulus has a whole number of bytes, so the highest bit of the encoding is its only unused one. */
function pssEncoded(hash: HashName, digest: Uint8Array, salt: Buffer, length: number): Buffer {
  const seal = saltedHash(hash, digest, salt);
  const masked = Buffer.alloc(length - seal.length - 1);
  masked[masked.length - salt.length - 1] = 1;
  salt.copy(masked, masked.length - salt.length);
  applyMask(hash, seal, masked);
  return Buffer.concat([masked, seal, Buffer.from([trailer])]);
}

function isPssEncoded(hash: HashName, digest: Uint8Array, encoded: Buffer): boolean {
  const sealAt = encoded.length - digest.length - 1;
  const seal = encoded.subarray(sealAt, -1);
  const open = Buffer.from(encoded.subarray(0, sealAt));
  if (encoded.at(-1) !== trailer || open[0]! >= 0x80) return false;
  applyMask(hash, seal, open);
  const saltAt = open.length - digest.length;
  const isPadded =
    open[saltAt - 1] === 1 && open.subarray(0, saltAt - 1).every((byte) => byte === 0);
  return isPadded && saltedHash(hash, digest, open.subarray(saltAt)).equals(seal);
}

const trailer = 0xbc;

function saltedHash(hash: HashName, digest: Uint8Array, salt: Buffer): Buffer {
  return createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
}

/** MGF1, and the unused bit cleared. */
function applyMask(hash: HashName, seed: Buffer, bytes: Buffer): void {
  for (let at = 0, count = 0; at < bytes.length; count += 1) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(count);
    for (const mask of createHash(hash).update(seed).update(counter).digest()) {
      if (at === bytes.length) break;
      bytes[at]! ^= mask;
      at += 1;
    }
  }
  bytes[0]! &= 0x7f;
}
