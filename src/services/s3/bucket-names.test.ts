import assert from "node:assert/strict";
import test from "node:test";
import { isBucketName } from "./bucket-names.ts";

test("bucket names are three to sixty-three small letters, digits, dots and hyphens", () => {
  for (const name of ["abc", "a.b-c", "1-2", "a".repeat(63), "my.bucket.name", "1.2.3"]) {
    assert.equal(isBucketName(name), true, name);
  }
  const bad = ["ab", "a".repeat(64), "Abc", "a_b", "-ab", "ab-", ".ab", "ab.", "a..b", "10.0.0.1"];
  for (const name of [...bad, "xn--abc", "a-s3alias", "a--ol-s3", "a--x-s3", "a/b", "a b", ""]) {
    assert.equal(isBucketName(name), false, name);
  }
});
