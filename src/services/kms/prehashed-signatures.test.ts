import assert from "node:assert/strict";
import {
  constants,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import test from "node:test";
import { type HashName, signDigest, verifyDigest } from "./prehashed-signatures.ts";

const message = Buffer.from("a message that OpenSSL hashes, and we do not");

function optionsFor(scheme: string, key: KeyObject) {
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return scheme === "pss" ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } : { key };
}

function check(
  scheme: "pss" | "pkcs1" | "ecdsa",
  hash: HashName,
  { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject },
): void {
  const digest = createHash(hash).update(message).digest();
  const ours = signDigest(privateKey, scheme, hash, digest, Buffer.alloc(digest.length, 5));
  assert(verify(hash, message, optionsFor(scheme, publicKey), ours), "OpenSSL takes ours");
  assert(verifyDigest(publicKey, scheme, hash, digest, ours), "we take ours");
  const theirs = sign(hash, message, optionsFor(scheme, privateKey));
  assert(verifyDigest(publicKey, scheme, hash, digest, theirs), "we take OpenSSL's");
  const otherDigest = createHash(hash).update("another").digest();
  assert(!verifyDigest(publicKey, scheme, hash, otherDigest, theirs), "of another digest");
  for (const at of [0, 5, theirs.length >> 1, theirs.length - 1]) {
    const changed = Buffer.from(theirs);
    changed[at]! ^= 1;
    assert(!verifyDigest(publicKey, scheme, hash, digest, changed), `byte ${at} changed`);
  }
  for (const bytes of ["", "30", "3000", "300602010002010", "00".repeat(256)]) {
    assert(!verifyDigest(publicKey, scheme, hash, digest, Buffer.from(bytes, "hex")), bytes);
  }
}

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const hashes: readonly HashName[] = ["sha256", "sha384", "sha512"];

for (const scheme of ["pss", "pkcs1"] as const) {
  test(`RSA (${scheme}) signs digests as OpenSSL signs messages`, () => {
    for (const hash of hashes) check(scheme, hash, rsa);
  });
}

for (const [curve, hash] of [
  ["prime256v1", "sha256"],
  ["secp384r1", "sha384"],
  ["secp521r1", "sha512"],
  ["secp256k1", "sha256"],
] as const) {
  test(`ECDSA on ${curve} signs digests as OpenSSL signs messages`, () => {
    for (let round = 0; round < 5; round += 1) {
      check("ecdsa", hash, generateKeyPairSync("ec", { namedCurve: curve }));
    }
  });
}

test("an ECDSA signature of a digest does not hold for its negative", () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const digest = createHash("sha256").update(message).digest();
  const signature = signDigest(privateKey, "ecdsa", "sha256", digest, Buffer.alloc(0));
  const negative = (order - (BigInt(`0x${digest.toString("hex")}`) % order)).toString(16);
  const other = Buffer.from(negative.padStart(64, "0"), "hex");
  assert(!verifyDigest(publicKey, "ecdsa", "sha256", other, signature));
});
