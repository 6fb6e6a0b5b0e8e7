import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, gzipSync } from "node:zlib";
import { BodyTooLarge } from "./body-errors.ts";
import {
  contentCodingOf,
  ContentCodingProblem,
  decodeContent,
  decodeContentStream,
} from "./content-coding.ts";

const text = Buffer.from("metrics ".repeat(5000));
/** So incompressible that it takes the other way, through the thread pool. */
const noise = Buffer.from(
  Array.from({ length: 60_000 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24),
);

async function streamed(body: Buffer, coding: "gzip" | "deflate", limit: number): Promise<Buffer> {
  async function* pieces() {
    for (let at = 0; at < body.length; at += 1000) yield body.subarray(at, at + 1000);
  }
  const parts: Buffer[] = [];
  for await (const part of decodeContentStream(pieces(), coding, limit)) parts.push(part);
  return Buffer.concat(parts);
}

void test("gzip and deflate bodies decode, whole and as streams", async () => {
  for (const body of [text, noise, Buffer.alloc(0)]) {
    assert.deepEqual(await decodeContent(gzipSync(body), "gzip", 100_000), body);
    assert.deepEqual(await decodeContent(deflateSync(body), "deflate", 100_000), body);
    assert.deepEqual(await streamed(gzipSync(body), "gzip", 100_000), body);
    assert.deepEqual(await streamed(deflateSync(body), "deflate", 100_000), body);
  }
});

void test("a small body that would become huge is given up at the limit", async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  assert.ok(bomb.length < 60_000);
  await assert.rejects(async () => decodeContent(bomb, "gzip", 1_000_000), BodyTooLarge);
  await assert.rejects(streamed(bomb, "gzip", 1_000_000), BodyTooLarge);
  const smallBomb = gzipSync(Buffer.alloc(5_000_000));
  await assert.rejects(async () => decodeContent(smallBomb, "gzip", 1_000_000), BodyTooLarge);
});

void test("what is not in the coding it claims is a client's mistake", async () => {
  const broken = [Buffer.from("plain"), gzipSync(text).subarray(0, 50), Buffer.alloc(20_000, 7)];
  for (const body of broken) {
    await assert.rejects(async () => decodeContent(body, "gzip", 100_000), ContentCodingProblem);
    await assert.rejects(streamed(body, "gzip", 100_000), ContentCodingProblem);
  }
});

void test("a coding that is not offered is refused by name", () => {
  assert.equal(contentCodingOf(undefined), undefined);
  assert.equal(contentCodingOf("identity"), undefined);
  assert.equal(contentCodingOf(" GZIP "), "gzip");
  assert.throws(() => contentCodingOf("br"), { status: 415 });
  assert.throws(() => contentCodingOf("gzip, gzip"), { status: 415 });
});
