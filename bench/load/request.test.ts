import assert from "node:assert/strict";
import { test } from "node:test";
import { dynamodbRequest, fillKeys, KeySlots } from "./request.ts";

const keysOf = (bytes: Uint8Array): string[] => {
  const text = Buffer.from(bytes).toString();
  return [...text.slice(text.indexOf("\r\n\r\n")).matchAll(/[ab]#(\d{8})/g)].map(
    ([, key = ""]) => key,
  );
};

test("a number takes its place in the body and nothing else changes", () => {
  const slots = new KeySlots();
  const key = { a: `a#${slots.next(25, 0)}`, b: `b#${slots.next(25, 7)}` };
  const { bytes, slots: places } = dynamodbRequest("GetItem", { Key: key }, slots);
  const length = bytes.length;
  fillKeys(bytes, places, 0, 1, 40);
  assert.equal(bytes.length, length);
  assert.deepEqual(keysOf(bytes), ["00001000", "00001007"]);
  const body = Buffer.from(bytes).toString().split("\r\n\r\n")[1] ?? "";
  assert.deepEqual(JSON.parse(body), { Key: { a: "a#00001000", b: "b#00001007" } });
});

test("connections that pick numbers of their own never pick the same", () => {
  const slots = new KeySlots();
  const { bytes, slots: places } = dynamodbRequest("PutItem", { a: `a#${slots.own(100)}` }, slots);
  const picked = [0, 1, 2].map((connection) => {
    const numbers = new Set<number>();
    for (let time = 0; time < 200; time++) {
      fillKeys(bytes, places, connection, 3, time);
      numbers.add(Number(keysOf(bytes)[0]));
    }
    return numbers;
  });
  assert.ok(picked.every((numbers) => numbers.size > 1 && Math.max(...numbers) < 100));
  const [first = new Set(), second = new Set(), third = new Set()] = picked;
  assert.equal(
    new Set([...first, ...second, ...third]).size,
    first.size + second.size + third.size,
  );
});

test("random numbers stay below their limit", () => {
  const slots = new KeySlots();
  const { bytes, slots: places } = dynamodbRequest("PutItem", { a: `a#${slots.random(3)}` }, slots);
  const seen = new Set<string | undefined>();
  for (let time = 0; time < 200; time++) {
    fillKeys(bytes, places, 0, 1, time);
    seen.add(keysOf(bytes)[0]);
  }
  assert.deepEqual(seen, new Set(["00000000", "00000001", "00000002"]));
});

test("a key number that the body does not use is a mistake", () => {
  const slots = new KeySlots();
  slots.random(5);
  assert.throws(() => dynamodbRequest("GetItem", {}, slots), /no use of its key number 0/);
});
