import assert from "node:assert/strict";
import { deflateSync, gzipSync } from "node:zlib";
import test from "node:test";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const target = "DynamoDB_20120810.ListTables";

test("a body may come gzipped or deflated", async () => {
  for (const [coding, body] of [
    ["gzip", gzipSync('{"Limit":3}')],
    ["deflate", deflateSync('{"Limit":3}')],
  ] as const) {
    const answer = await tule.raw({ target, headers: { "content-encoding": coding }, body });
    assert.deepEqual(answer.json, { TableNames: [] });
  }
});

test("a body that is not coded as it says is the client's mistake", async () => {
  const headers = { "content-encoding": "gzip" };
  const broken = await tule.raw({ target, headers, body: "{}" });
  assert.equal(broken.status, 400);
  const unknown = await tule.raw({ target, headers: { "content-encoding": "br" }, body: "{}" });
  assert.equal(unknown.status, 415);
});

test("a small body that would unpack to a huge one is refused", async () => {
  const body = gzipSync(Buffer.alloc(64 * 1024 * 1024, " "));
  const answer = await tule.raw({ target, headers: { "content-encoding": "gzip" }, body });
  assert.equal(answer.status, 413);
});

test("a body may come in aws-chunks with a checksum behind them", async () => {
  const headers = {
    "content-encoding": "aws-chunked",
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "x-amz-decoded-content-length": "11",
    "x-amz-trailer": "x-amz-checksum-crc32",
  };
  const send = (checksum: string) =>
    tule.raw({
      target,
      headers,
      body: `b\r\n{"Limit":3}\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`,
    });
  assert.deepEqual((await send("Ov6mzw==")).json, { TableNames: [] });
  assert.equal((await send("AAAAAA==")).status, 400);
});
