import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { python } from "../../support/python.ts";
import { makeTable } from "../../support/dynamodb-tables.ts";
import { clientEnvironment } from "./python-cases.ts";

const root = join(import.meta.dirname, "../../..");
const folder = await mkdtemp(join(tmpdir(), "tule-transcript-"));
const running = new Set<ChildProcess>();
after(async () => {
  for (const child of running) kill(child);
  await rm(folder, { recursive: true });
});

test("npm start, three clients, a SIGKILL and another npm start: everything is still there", async (t) => {
  const first = await npmStart();
  const withPython = { skip: python.missing };
  await t.test("the AWS CLI makes a table, and writes and reads it", withPython, async () => {
    covers("dynamodb.CreateTable", "dynamodb.PutItem", "dynamodb.Query");
    await cliWrites(first.endpoint);
    await cliReads(first.endpoint);
  });
  // Without Python nobody has made the table yet.
  if (python.missing !== false) await sdkMakesTable(first.endpoint);
  await t.test("boto3 writes and reads it", withPython, async () => {
    await boto3(first.endpoint, "write");
  });
  await t.test("the JavaScript SDK writes and reads it", async () => {
    await sdkWrites(first.endpoint);
    await sdkReads(first.endpoint);
  });
  await first.kill();
  const second = await npmStart();
  await t.test("after the kill, the AWS CLI finds what it wrote", withPython, () =>
    cliReads(second.endpoint),
  );
  await t.test("after the kill, boto3 finds what it wrote", withPython, () =>
    boto3(second.endpoint, "read"),
  );
  await t.test("after the kill, the JavaScript SDK finds what it wrote", () =>
    sdkReads(second.endpoint),
  );
  await second.kill();
});

/** As users start it, save that nothing is installed here: the test command has done that. */
async function npmStart(): Promise<{ endpoint: string; kill(): Promise<void> }> {
  const argv = ["start", "--ignore-scripts", "--", "--port", "0", "--data", join(folder, "data")];
  // In a process group of its own, since npm has the server as a grandchild.
  const child = spawn("npm", argv, {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let output = "";
  child.stderr.on("data", (text) => (output += String(text)));
  for await (const text of child.stdout) {
    output += String(text);
    const endpoint = /is ready at (\S+),/.exec(output)?.[1];
    if (endpoint === undefined) continue;
    return {
      endpoint,
      async kill() {
        const closed = once(child, "close");
        kill(child);
        await closed;
        running.delete(child);
      },
    };
  }
  throw new Error(`npm start ended: ${output}`);
}

function kill(child: ChildProcess): void {
  if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
}

const account = "000000000000";

/** A line's words, in groups where that reads better. */
type Words = readonly (string | readonly string[])[];

/** Runs a line as one would type it. */
async function aws(endpoint: string, ...argv: Words): Promise<unknown> {
  const env = clientEnvironment({ endpoint, accessKeyId: account });
  const { stdout } = await promisify(execFile)(python.awsCli, argv.flat(), { env });
  return stdout === "" ? undefined : (JSON.parse(stdout) as unknown);
}

async function boto3(endpoint: string, what: "write" | "read"): Promise<void> {
  const env = clientEnvironment({ endpoint, accessKeyId: account });
  const script = join(import.meta.dirname, "transcript.py");
  await promisify(execFile)(python.interpreter, [script, what], { env });
}

const table = ["--table-name", "Music"];
const soWhat = '{"Artist": {"S": "Miles Davis"}, "Title": {"S": "So What"}}';

async function cliWrites(endpoint: string): Promise<void> {
  const identity = await aws(endpoint, "sts", "get-caller-identity", "--query", "Account");
  assert.equal(identity, account);
  const dynamodb = (...argv: Words) => aws(endpoint, "dynamodb", ...argv);
  await dynamodb(
    ["create-table", ...table, "--billing-mode", "PAY_PER_REQUEST"],
    ["--attribute-definitions", "AttributeName=Artist,AttributeType=S"],
    "AttributeName=Title,AttributeType=S",
    ["--key-schema", "AttributeName=Artist,KeyType=HASH", "AttributeName=Title,KeyType=RANGE"],
  );
  await dynamodb("wait", "table-exists", ...table);
  await dynamodb("put-item", ...table, "--item", soWhat);
  await dynamodb(
    ["update-item", ...table, "--key", soWhat, "--update-expression", "SET Stars = :five"],
    ["--expression-attribute-values", '{":five": {"N": "5"}}'],
  );
  const other = '{"Artist": {"S": "Miles Davis"}, "Title": {"S": "Blue in Green"}}';
  const put = `[{"Put": {"TableName": "Music", "Item": ${other}}}]`;
  await dynamodb("transact-write-items", "--transact-items", put);
}

async function cliReads(endpoint: string): Promise<void> {
  const dynamodb = (...argv: Words) => aws(endpoint, "dynamodb", ...argv);
  const stars = await dynamodb("get-item", ...table, "--key", soWhat, "--query", "Item.Stars.N");
  assert.equal(stars, "5");
  const titles = await dynamodb(
    ["query", ...table, "--key-condition-expression", "Artist = :a"],
    ["--expression-attribute-values", '{":a": {"S": "Miles Davis"}}'],
    ["--query", "Items[].Title.S"],
  );
  assert.deepEqual(titles, ["Blue in Green", "So What"]);
}

function sdk(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: account, secretAccessKey: "any" };
  return new DynamoDBClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
}

async function sdkMakesTable(endpoint: string): Promise<void> {
  const keys = ["Artist", "Title"];
  await makeTable(sdk(endpoint), {
    TableName: "Music",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: [
      { AttributeName: "Artist", KeyType: "HASH" },
      { AttributeName: "Title", KeyType: "RANGE" },
    ],
  });
}

const TableName = "Music";
const Artist = { S: "Nina Simone" };

async function sdkWrites(endpoint: string): Promise<void> {
  const client = sdk(endpoint);
  const Key = { Artist, Title: { S: "Sinnerman" } };
  await client.send(new PutItemCommand({ TableName, Item: { ...Key, Minutes: { N: "9" } } }));
  const update = {
    UpdateExpression: "ADD Minutes :one",
    ExpressionAttributeValues: { ":one": { N: "1" } },
  };
  await client.send(new UpdateItemCommand({ TableName, Key, ...update }));
  const TransactItems = ["Feeling Good", "Four Women"].map((title) => ({
    Put: { TableName, Item: { Artist, Title: { S: title } } },
  }));
  await client.send(new TransactWriteItemsCommand({ TransactItems }));
  client.destroy();
}

async function sdkReads(endpoint: string): Promise<void> {
  const client = sdk(endpoint);
  const Key = { Artist, Title: { S: "Sinnerman" } };
  const got = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  assert.deepEqual(got.Item, { ...Key, Minutes: { N: "10" } });
  const found = await client.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: "Artist = :a",
      ExpressionAttributeValues: { ":a": Artist },
    }),
  );
  const titles = found.Items?.map(({ Title }) => Title?.S);
  assert.deepEqual(titles, ["Feeling Good", "Four Women", "Sinnerman"]);
  client.destroy();
}
