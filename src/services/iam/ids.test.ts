import assert from "node:assert/strict";
import test from "node:test";
import { seededRandom } from "#world/seeded-random.ts";
import { accountOfAccessKey, makeAccessKeyId, makeSecret, uniqueId } from "./ids.ts";

const random = seededRandom(7);

test("an access key's id says which account it belongs to", () => {
  for (const account of ["000000000000", "000000000001", "123456789012", "999999999999"]) {
    const id = makeAccessKeyId(random, "AKIA", account);
    assert.match(id, /^AKIA[A-Z2-7]{16}$/);
    assert.equal(accountOfAccessKey(id), account);
  }
  // An example that AWS's documentation prints; the account was worked out by several tools.
  assert.equal(accountOfAccessKey("ASIAQNZGKIQY56JQ7WML"), "029608264753");
  assert.equal(accountOfAccessKey("AKIAROOT"), undefined);
});

test("ids and secrets are as long as AWS's", () => {
  assert.match(uniqueId(random, "AIDA"), /^AIDA[A-Z2-7]{17}$/);
  assert.equal(makeSecret(random).length, 40);
});
