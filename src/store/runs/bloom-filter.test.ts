import assert from "node:assert/strict";
import { test } from "node:test";
import { bloomFilter, mayContain } from "./bloom-filter.ts";
import { hashOf, Probe } from "./probe.ts";

const hash = (key: string) => new Probe().set(key).hash;

void test("a filter knows all its keys, and few others", () => {
  for (const count of [40, 256, 5000]) {
    const filter = bloomFilter(Array.from({ length: count }, (_, at) => hash(`user#${at}`)));
    for (let at = 0; at < count; at++) assert.ok(mayContain(filter, hash(`user#${at}`)));
    let passed = 0;
    for (let at = 0; at < 10_000; at++) if (mayContain(filter, hash(`other#${at}`))) passed += 1;
    assert.ok(passed < 300, `${passed} of 10000 absent keys passed a filter of ${count}`);
  }
});

void test("a hash is the same for all time and wherever the bytes lie", () => {
  assert.equal(hash("key"), hashOf(Buffer.from("..key.."), 2, 3));
  assert.equal(hash("a longer key \u00ff"), 4036666535);
});
