import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { seededRandom } from "#world/seeded-random.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { until } from "../../support/until.ts";

const Bucket = "survivors";
const data = mkdtempSync(join(tmpdir(), "tule-s3-kill-"));
after(() => rmSync(data, { recursive: true }));

const random = seededRandom(20_261_125);
const sizes = [0, 100, 30_000, 70_000, 1_500_000];

function clientOf(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "111111111111", secretAccessKey: "test" },
    forcePathStyle: true,
    maxAttempts: 1,
  });
}

/** Which byte a key's object is full of; -1 for none. Undefined: the answer to its last change never came. */
type Told = Map<string, number | undefined>;

async function change(s3: S3Client, told: Told, key: string): Promise<void> {
  const fill = random.below(256);
  const length = sizes[random.below(sizes.length)]!;
  const kind = random.below(4);
  told.set(key, undefined);
  if (kind === 0) {
    await s3.send(new DeleteObjectCommand({ Bucket, Key: key }));
    told.set(key, -1);
    return;
  }
  const Body = Buffer.alloc(length, fill);
  if (kind === 1) {
    const upload = { Bucket, Key: key };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
    const { ETag } = await s3.send(
      new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body }),
    );
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await s3.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload }));
  } else {
    await s3.send(new PutObjectCommand({ Bucket, Key: key, Body }));
  }
  told.set(key, fill);
}

async function bodyOf(s3: S3Client, Key: string): Promise<Buffer | undefined> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return Buffer.from(await Body!.transformToByteArray());
  } catch (error) {
    assert.equal((error as Error).name, "NoSuchKey", String(error));
    return undefined;
  }
}

async function check(s3: S3Client, told: Told): Promise<void> {
  for (const [key, fill] of told) {
    const found = await bodyOf(s3, key);
    if (fill === -1) assert.equal(found, undefined, `${key} is back`);
    if (fill !== undefined && fill >= 0) assert.ok(found !== undefined, `${key} is gone`);
    // Whatever is there is one whole body, and the one that was acknowledged if one was.
    if (found !== undefined && found.length > 0) {
      const of = fill === undefined || fill < 0 ? found[0]! : fill;
      assert.ok(found.equals(Buffer.alloc(found.length, of)), `${key} is torn`);
      assert.ok(sizes.includes(found.length), `${key} has ${found.length} bytes`);
    }
  }
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

test("objects outlive a server that is killed while they are uploaded, completed and deleted", async () => {
  const told: Told = new Map();
  for (let life = 0; life < 3; life++) {
    const server = new ServerProcess(data);
    const s3 = clientOf(await server.ready);
    if (life === 0) await s3.send(new CreateBucketCommand({ Bucket }));
    await check(s3, told);
    const state = { isOver: false };
    let left = 10 + random.below(20);
    let onEnough = (): void => undefined;
    const enough = new Promise<void>((resolve) => (onEnough = resolve));
    const work = async (worker: number): Promise<void> => {
      while (!state.isOver) {
        try {
          await change(s3, told, `${worker}-${random.below(4)}`);
          if ((left -= 1) === 0) onEnough();
        } catch (failure) {
          // The server is gone: what it did last, nobody knows.
          if (!state.isOver) throw failure;
        }
      }
    };
    const workers = Promise.all([0, 1, 2, 3].map(work));
    // The others are in the middle of something when one of them ends the server.
    await Promise.race([enough, workers]);
    state.isOver = true;
    await server.kill();
    await workers;
    s3.destroy();
  }
  // At last everything is deleted: no file is left that no key names.
  const server = new ServerProcess(data);
  const s3 = clientOf(await server.ready);
  await check(s3, told);
  for (const Key of told.keys()) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
  for (const { Key, UploadId } of Uploads) {
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  }
  await until(
    () => Promise.resolve(filesIn(join(data, "blobs"))),
    (files) => files.length === 0,
  );
  s3.destroy();
  await server.kill();
});
