import assert from "node:assert/strict";
import { test } from "node:test";
import { algorithmOfHeader, checksumAlgorithms, checksumOf, createChecksum } from "./checksums.ts";

// The check values of the CRC catalogue and of the hash functions' standards, for "123456789".
const known = {
  CRC32: "cbf43926",
  CRC32C: "e3069283",
  CRC64NVME: "ae8b14860a799888",
  SHA1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
  SHA256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
  SHA512:
    "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85",
  MD5: "25f9e794323b453885f5181f1b624d0b",
} as const;

for (const algorithm of checksumAlgorithms)
  void test(`${algorithm} has its published check value, in one piece or in any pieces`, () => {
    const bytes = Buffer.from("123456789");
    assert.equal(
      Buffer.from(checksumOf(algorithm, bytes), "base64").toString("hex"),
      known[algorithm],
    );
    const long = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 31 + (i >> 3)) & 255));
    const whole = checksumOf(algorithm, long);
    for (const size of [1, 3, 7, 8, 9, 64, 999]) {
      const checksum = createChecksum(algorithm);
      for (let at = 0; at < long.length; at += size) checksum.update(long.subarray(at, at + size));
      assert.equal(checksum.digest().toString("base64"), whole, `pieces of ${size}`);
    }
  });

void test("of nothing, a CRC is zero", () => {
  assert.equal(checksumOf("CRC32", Buffer.alloc(0)), "AAAAAA==");
  assert.equal(checksumOf("CRC32C", Buffer.alloc(0)), "AAAAAA==");
  assert.equal(checksumOf("CRC64NVME", Buffer.alloc(0)), "AAAAAAAAAAA=");
});

void test("a checksum header names its algorithm", () => {
  assert.equal(algorithmOfHeader("X-Amz-Checksum-CRC64NVME"), "CRC64NVME");
  assert.equal(algorithmOfHeader("x-amz-checksum-mode"), undefined);
  assert.equal(algorithmOfHeader("content-md5"), undefined);
});
