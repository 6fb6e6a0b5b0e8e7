import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { covers } from "../support/covers.ts";
import { emptyFolder } from "../support/command.ts";
import { makeTable, plainTable } from "../support/dynamodb-tables.ts";
import { startTule, type Tule } from "../support/tule.ts";
import { items, put } from "./plain-items.ts";

const TableName = plainTable.TableName!;

async function page(tule: Tule, method: string, path: string, body?: object): Promise<unknown> {
  const { json, status, text } = await tule.raw({
    method,
    path: `/_tule/${path}`,
    ...(body === undefined ? {} : { body }),
  });
  assert.ok(status < 300, text);
  return json;
}

for (const kind of ["in memory", "on disk"] as const) {
  describe(`A snapshot ${kind}`, () => {
    const start = async () =>
      startTule({ dataFolder: kind === "on disk" ? await emptyFolder() : undefined });

    test("is the state as it was, whatever is written later, and may be loaded again and again", async () => {
      covers("dynamodb.PutItem", "dynamodb.Scan");
      const tule = await start();
      const account = tule.newAccount();
      const client = tule.dynamodb(account);
      await makeTable(client, plainTable);
      await client.send(put("a", "saved"));
      const saved = await page(tule, "POST", "snapshots", { name: "one" });
      assert.partialDeepStrictEqual(saved, { name: "one", version: "test" });
      for (let round = 0; round < 2; round += 1) {
        await client.send(put("a", "later"));
        await client.send(put("b", "later"));
        await page(tule, "POST", "snapshots/one/load");
        assert.deepEqual(await items(client), { a: "saved" });
      }
      const list = await page(tule, "GET", "snapshots");
      assert.deepEqual(list, { snapshots: [saved] });
      await page(tule, "DELETE", "snapshots/one");
      assert.deepEqual(await page(tule, "GET", "snapshots"), { snapshots: [] });
    });

    test("brings its clock along, and jobs that waited when it was taken wait again", async () => {
      const tule = await start();
      const client = tule.dynamodb();
      await page(tule, "POST", "time", { set: "2030-01-01T00:00:00Z", frozen: true });
      await makeTable(client, plainTable);
      await client.send(
        new UpdateTimeToLiveCommand({
          TableName,
          TimeToLiveSpecification: { Enabled: true, AttributeName: "end" },
        }),
      );
      const end = { N: String(Date.UTC(2030, 0, 1, 1) / 1000) };
      await client.send(
        new PutItemCommand({ TableName, Item: { pk: { S: "an hour" }, value: { S: "" }, end } }),
      );
      await page(tule, "POST", "snapshots", { name: "frozen" });
      for (let round = 0; round < 2; round += 1) {
        const clock = await page(tule, "GET", "time");
        assert.partialDeepStrictEqual(clock, { now: "2030-01-01T00:00:00.000Z", frozen: true });
        assert.deepEqual(await items(client), { "an hour": "" });
        await page(tule, "POST", "time", { move: "+25h" });
        assert.deepEqual(await items(client), {});
        await page(tule, "POST", "time", { reset: true });
        await page(tule, "POST", "snapshots/frozen/load");
      }
      assert.partialDeepStrictEqual(await page(tule, "GET", "snapshots"), {
        snapshots: [{ name: "frozen", savedAt: "2030-01-01T00:00:00.000Z" }],
      });
    });

    test("has the objects as well, large ones too", async () => {
      covers("s3.PutObject", "s3.GetObject");
      const tule = await start();
      const s3 = tule.s3();
      const Bucket = "saved-objects";
      await s3.send(new CreateBucketCommand({ Bucket }));
      const large = Buffer.alloc(300_000, "large");
      await s3.send(new PutObjectCommand({ Bucket, Key: "large", Body: large }));
      await page(tule, "POST", "snapshots", { name: "objects" });
      for (let round = 0; round < 2; round += 1) {
        await s3.send(new DeleteObjectCommand({ Bucket, Key: "large" }));
        await s3.send(new PutObjectCommand({ Bucket, Key: "later", Body: large }));
        await page(tule, "POST", "snapshots/objects/load");
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "large" }));
        assert.deepEqual(Buffer.from((await Body?.transformToByteArray()) ?? []), large);
        const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket }));
        assert.equal(KeyCount, 1);
      }
    });

    test("equals one moment of the history, while many write", async () => {
      covers("dynamodb.TransactWriteItems");
      const tule = await start();
      const account = tule.newAccount();
      const client = tule.dynamodb(account);
      await makeTable(client, plainTable);
      const writers = Array.from({ length: 8 }, (_, number) => new Writer(client, number));
      const running = writers.map((writer) => writer.run());
      const bounds: { before: number[]; after: number[] }[] = [];
      for (let round = 0; round < 3; round += 1) {
        const before = writers.map(({ acknowledged }) => acknowledged);
        await page(tule, "POST", "snapshots", { name: `round-${round}` });
        const after = writers.map(({ sent }) => sent);
        await Promise.all(writers.map((writer, index) => writer.reach(after[index]! + 5)));
        bounds.push({ before, after });
      }
      for (const writer of writers) writer.stop();
      await Promise.all(running);
      for (const [round, { before, after }] of bounds.entries()) {
        await page(tule, "POST", `snapshots/round-${round}/load`);
        const found = await items(client);
        for (const [index, writer] of writers.entries()) {
          const [left, right] = [found[`${writer.name}-left`], found[`${writer.name}-right`]];
          assert.equal(left, right, "a transaction is there whole");
          const value = Number(left ?? 0);
          const range = `${before[index]} to ${after[index]}`;
          assert.ok(value >= before[index]! && value <= after[index]!, `${value}, not ${range}`);
        }
      }
    });

    test("is loaded while calls go on: they wait, and none fails", async () => {
      const tule = await start();
      const account = tule.newAccount();
      const client = tule.dynamodb(account);
      await makeTable(client, plainTable);
      await page(tule, "POST", "snapshots", { name: "empty" });
      const writers = Array.from({ length: 4 }, (_, number) => new Writer(client, number));
      const running = writers.map((writer) => writer.run());
      for (let round = 0; round < 3; round += 1) {
        await Promise.all(writers.map((writer) => writer.reach(writer.sent + 5)));
        await page(tule, "POST", "snapshots/empty/load");
      }
      for (const writer of writers) writer.stop();
      await Promise.all(running);
    });
  });
}

/** Writes 1, 2, 3 ... to two items of its own, each time in one transaction. */
class Writer {
  readonly name: string;
  readonly #client: DynamoDBClient;
  sent = 0;
  acknowledged = 0;
  #stopped = false;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(client: DynamoDBClient, number: number) {
    this.name = `writer-${number}`;
    this.#client = client;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      this.sent += 1;
      const value = { S: String(this.sent) };
      const TransactItems = ["left", "right"].map((side) => ({
        Put: { TableName, Item: { pk: { S: `${this.name}-${side}` }, value } },
      }));
      await this.#client.send(new TransactWriteItemsCommand({ TransactItems }));
      this.acknowledged = this.sent;
      for (const { count, resolve } of this.#waiting) if (this.acknowledged >= count) resolve();
      this.#waiting = this.#waiting.filter(({ count }) => this.acknowledged < count);
    }
  }

  /** Resolves when so much is acknowledged. */
  reach(count: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  stop(): void {
    this.#stopped = true;
  }
}

describe("The snapshots page", () => {
  test("says what it refuses, and why", async () => {
    const tule = await startTule();
    await page(tule, "POST", "snapshots", { name: "one" });
    const cases: [string, string, object | undefined, number, RegExp][] = [
      ["POST", "snapshots", {}, 400, /say the snapshot's name/],
      ["POST", "snapshots", { name: "../one" }, 400, /a name has 1 to 64 letters/],
      ["POST", "snapshots", { name: "one" }, 409, /there is a snapshot one already/],
      ["POST", "snapshots/two/load", {}, 404, /there is no snapshot two/],
      ["POST", "snapshots/one/lod", {}, 404, /there is no page/],
      ["DELETE", "snapshots/two", undefined, 404, /there is no snapshot two/],
      ["DELETE", "snapshots", undefined, 400, /say which/],
      ["POST", "forks", { name: "one" }, 409, /keeps its state in memory/],
    ];
    for (const [method, path, body, expected, words] of cases) {
      const { status, json } = await tule.raw({
        method,
        path: `/_tule/${path}`,
        ...(body === undefined ? {} : { body }),
      });
      assert.equal(status, expected, `${method} ${path}`);
      assert.match((json as { message: string }).message, words);
    }
  });

  test("obeys no web page", async () => {
    const tule = await startTule();
    const path = "/_tule/snapshots";
    const headers = { "sec-fetch-site": "cross-site" };
    const { status } = await tule.raw({ path, headers, body: { name: "one" } });
    assert.equal(status, 403);
    assert.deepEqual(await page(tule, "GET", "snapshots"), { snapshots: [] });
  });
});
