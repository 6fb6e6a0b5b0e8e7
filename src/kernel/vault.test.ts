import assert from "node:assert/strict";
import test from "node:test";
import { seededRandom } from "#world/seeded-random.ts";
import { Vault } from "./vault.ts";

const vault = new Vault(Buffer.alloc(32, 1), seededRandom(1));
const secret = Buffer.from("a secret");

test("what was sealed opens for its purpose and for what it is about", () => {
  const sealed = vault.seal("keys", secret, "AKIA1");
  assert.equal(sealed.includes(secret), false);
  assert.deepEqual(vault.open("keys", sealed, "AKIA1"), secret);
  assert.equal(vault.open("tokens", sealed, "AKIA1"), undefined);
  assert.equal(vault.open("keys", sealed, "AKIA2"), undefined);
});

test("a purpose has one secret under a master key", () => {
  const made = vault.secretFor("one");
  assert.equal(made.length, 32);
  assert.deepEqual(vault.secretFor("one"), made);
  assert.notDeepEqual(vault.secretFor("two"), made);
  const other = new Vault(Buffer.alloc(32, 2), seededRandom(1));
  assert.notDeepEqual(other.secretFor("one"), made);
});

test("what was changed or sealed under another master key does not open", () => {
  const sealed = vault.seal("keys", secret, "AKIA1");
  const changed = Buffer.from(sealed);
  changed[14]! ^= 1;
  assert.equal(vault.open("keys", changed, "AKIA1"), undefined);
  assert.equal(vault.open("keys", Buffer.from("short"), "AKIA1"), undefined);
  const other = new Vault(Buffer.alloc(32, 2), seededRandom(1));
  assert.equal(other.open("keys", sealed, "AKIA1"), undefined);
});
