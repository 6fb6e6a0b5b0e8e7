import assert from "node:assert/strict";
import test from "node:test";
import { memoryStore } from "#store/open.ts";
import { until } from "../../../tests/support/until.ts";
import { realWorld } from "#world/real.ts";
import { silentLog } from "../log.ts";
import { FileBlobs, type Piece } from "./blobs.ts";
import { memoryFiles } from "./memory-files.ts";

async function start(capacityBytes = 100_000_000) {
  const files = memoryFiles(capacityBytes);
  const store = memoryStore();
  const { random } = realWorld();
  const blobs = new FileBlobs({ files, folder: "blobs", store, random, log: silentLog });
  await blobs.start();
  const put = async (bytes: Buffer): Promise<Piece> => {
    const received = await blobs.receive(bytes);
    const blob = await received.commit((_, id) => id);
    return { blob, offset: 0, length: bytes.length };
  };
  const read = async (pieces: Piece[], from: number, to: number) => {
    const hold = blobs.hold();
    const body = await store.read((snapshot) => blobs.body(snapshot, pieces));
    return blobs.read(body, from, to, hold);
  };
  const fileCount = async (): Promise<number> => {
    let count = 0;
    for (const group of await files.list("blobs")) {
      count += (await files.list(`blobs/${group}`)).length;
    }
    return count;
  };
  return { blobs, store, put, read, fileCount };
}

async function bytesOf(stream: Buffer | AsyncIterable<Buffer>): Promise<Buffer> {
  if (Buffer.isBuffer(stream)) return stream;
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

const large = Buffer.alloc(2_500_000, "a body in a file. ");

test("pieces of several blobs are read as one body, from any byte to any other", async () => {
  const { put, read } = await start();
  const first = await put(large);
  const second = await put(Buffer.from("0123456789"));
  const pieces = [
    { ...second, offset: 2, length: 5 },
    { ...first, offset: 7, length: 2_000_000 },
    second,
  ];
  const whole = Buffer.concat([
    Buffer.from("23456"),
    large.subarray(7, 2_000_007),
    Buffer.from("0123456789"),
  ]);
  for (const [from, to] of [
    [0, whole.length],
    [0, 3],
    [4, 8],
    [5, 5],
    [1_999_999, whole.length],
    [700_000, 1_500_000],
  ] as const) {
    const part = await bytesOf(await read(pieces, from, to));
    assert.ok(part.equals(whole.subarray(from, to)), `${from} to ${to}`);
  }
});

test("a file goes with its last owner, and not before its last reader", async () => {
  const { blobs, store, put, read, fileCount } = await start();
  const piece = await put(large);
  await store.transact((tx) => blobs.retain(tx, piece.blob));
  await store.transact((tx) => blobs.release(tx, piece.blob));
  assert.equal(await fileCount(), 1);
  const reader = await read([piece], 0, piece.length);
  const abandoned = (await read([piece], 0, piece.length)) as AsyncIterable<Buffer>;
  await store.transact((tx) => blobs.release(tx, piece.blob));
  assert.equal(await fileCount(), 1);
  assert.ok((await bytesOf(reader)).equals(large));
  assert.equal(await fileCount(), 1);
  await abandoned[Symbol.asyncIterator]().return?.();
  await until(fileCount, (count) => count === 0);
});

test("a body that does not come to its end leaves nothing", async () => {
  const { blobs, fileCount } = await start();
  async function* broken(): AsyncGenerator<Buffer> {
    yield large;
    throw new RangeError("the client went away");
  }
  await assert.rejects(blobs.receive(broken()), RangeError);
  assert.equal(await fileCount(), 0);
});

test("memory that is full refuses a body, and has room again when it is gone", async () => {
  const { blobs, store, put, fileCount } = await start(3_000_000);
  const piece = await put(large);
  await assert.rejects(put(large), { code: "ENOSPC" });
  assert.equal(await fileCount(), 1);
  await store.transact((tx) => blobs.release(tx, piece.blob));
  await until(fileCount, (count) => count === 0);
  await put(large);
});

test("what was being received when everything was forgotten is not stored", async () => {
  const { blobs, put, fileCount } = await start();
  await put(large);
  const received = await blobs.receive(large);
  await blobs.clear();
  assert.equal(await fileCount(), 0);
  await assert.rejects(
    received.commit(() => undefined),
    { name: "BlobForgotten" },
  );
  await put(large);
  assert.equal(await fileCount(), 1);
});
