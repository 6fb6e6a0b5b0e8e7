import assert from "node:assert/strict";
import test from "node:test";
import { silentLog } from "#kernel/log.ts";
import { rootOf } from "#kernel/identity.ts";
import { Kernel } from "#kernel/kernel.ts";
import { memoryStore } from "#store/open.ts";
import { realWorld } from "#world/real.ts";
import { s3 } from "./service.ts";

test("other services put and read objects without HTTP, as buffers and as streams", async () => {
  const world = realWorld();
  const kernel = new Kernel({ world, store: memoryStore(), services: [s3], log: silentLog });
  await kernel.start();
  const account = "111122223333";
  const ctx = kernel.context({
    service: "dynamodb",
    operation: "exportTable",
    account,
    region: "us-east-1",
    caller: rootOf(account),
    requestId: "1",
  });
  const { s3: client } = ctx.services;
  const Bucket = "exports";
  await client.CreateBucket({ Bucket });
  await client.PutObject({ Bucket, Key: "small", Body: Buffer.from("hello") });
  async function* parts(): AsyncGenerator<Buffer> {
    for (let part = 0; part < 10; part++) yield Buffer.alloc(100_000, String(part));
  }
  await client.PutObject({ Bucket, Key: "large", Body: parts() });
  const read = async (Key: string): Promise<Buffer> => {
    const { Body = Buffer.alloc(0) } = await client.GetObject({ Bucket, Key });
    const chunks: Uint8Array[] = [];
    for await (const chunk of Body instanceof Uint8Array ? [Body] : Body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  assert.equal((await read("small")).toString(), "hello");
  const large = await read("large");
  assert.equal(large.length, 1_000_000);
  assert.equal(large.subarray(-3).toString(), "999");
  const { Contents } = await client.ListObjectsV2({ Bucket });
  assert.deepEqual(
    Contents?.map(({ Key }) => Key),
    ["large", "small"],
  );
  await assert.rejects(client.GetObject({ Bucket, Key: "none" }), { code: "NoSuchKey" });
  await kernel.stop();
});
