import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryEngine } from "./engines/memory.ts";
import { RecordCache } from "./record-cache.ts";

void test("the cache keeps what is used and stays within its capacity", async () => {
  const engine = new MemoryEngine();
  const keys = Array.from({ length: 1000 }, (_, index) => `k${index}`);
  await engine.write(new Map(keys.map((key) => [key, Buffer.from(key)])), 1);
  const decodes = new Map<string, number>();
  const codec = {
    encode: (value: string) => Buffer.from(value),
    decode(bytes: Buffer) {
      const value = bytes.toString();
      decodes.set(value, (decodes.get(value) ?? 0) + 1);
      return value;
    },
  };
  const cache = new RecordCache(100);
  for (const key of keys) {
    assert.equal(cache.read(engine, key, codec), key);
    assert.equal(cache.read(engine, "k0", codec), "k0");
  }
  assert.equal(decodes.get("k0"), 1);
  for (const key of keys) cache.read(engine, key, codec);
  assert.equal(decodes.get("k1"), 2);
});

void test("another codec decodes anew", async () => {
  const engine = new MemoryEngine();
  await engine.write(new Map([["a", Buffer.from("1")]]), 1);
  const cache = new RecordCache();
  const encode = () => Buffer.alloc(0);
  assert.equal(cache.read(engine, "a", { encode, decode: String }), "1");
  assert.equal(cache.read(engine, "a", { encode, decode: Number }), 1);
});
