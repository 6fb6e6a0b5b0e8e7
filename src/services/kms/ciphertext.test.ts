import assert from "node:assert/strict";
import test from "node:test";
import { messageChanceBytes, openMessage, parseHeader, sealMessage } from "./ciphertext.ts";

const header = {
  account: "111122223333",
  keyId: "1234abcd-12ab-34cd-56ef-1234567890ab",
  materialId: "0f".repeat(32),
};
const material = Buffer.alloc(32, 7);
const plain = Buffer.from("attack at dawn");
const context = { purpose: "test", tenant: "a" };
const blob = sealMessage(header, material, plain, context, Buffer.alloc(messageChanceBytes, 3));

test("a message opens with its material and its context, in whatever order that is", () => {
  assert.deepEqual(parseHeader(blob), header);
  assert.deepEqual(openMessage(blob, material, { tenant: "a", purpose: "test" }), plain);
});

test("no byte of a message can be another one", () => {
  for (let at = 0; at < blob.length; at += 1) {
    const changed = Buffer.from(blob);
    changed[at]! ^= 1;
    assert.equal(
      parseHeader(changed) && openMessage(changed, material, context),
      undefined,
      `byte ${at}`,
    );
  }
});

test("a message does not open with other contexts, however alike they look", () => {
  for (const other of [
    undefined,
    {},
    { purpose: "test" },
    { purpose: "testtenanta" },
    { purpose: "test", tenant: "b" },
    { purpose: "test", tenant: "a", more: "" },
  ]) {
    assert.equal(openMessage(blob, material, other), undefined, JSON.stringify(other));
  }
});

test("what is no message has no header", () => {
  for (const bytes of [[], [1], [1, 255], [2, 0, 0], Array.from({ length: 60 }, () => 1)]) {
    assert.equal(parseHeader(Uint8Array.from(bytes)), undefined);
  }
});
