import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  CreateTableCommand,
  DynamoDBServiceException,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { realWorld } from "#world/real.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { tuleCommand, tuleOf } from "../support/command.ts";
import { covers } from "../support/covers.ts";
import { makeTable, plainTable } from "../support/dynamodb-tables.ts";
import { startTule, type Tule } from "../support/tule.ts";
import { until } from "../support/until.ts";

const path = "/_tule/faults";
const TableName = plainTable.TableName;
const put = (pk: string) => new PutItemCommand({ TableName, Item: { pk: { S: pk } } });
const get = (pk: string) => new GetItemCommand({ TableName, Key: { pk: { S: pk } } });

async function add(tule: Tule, fault: object): Promise<void> {
  const { status, text } = await tule.raw({ path, body: fault });
  assert.equal(status, 201, text);
}

async function listed(tule: Tule): Promise<{ strikes: number }[]> {
  const { json } = await tule.raw({ path, method: "GET" });
  return (json as { faults: { strikes: number }[] }).faults;
}

describe("A fault that is asked for", () => {
  test("throttles calls, and the SDK tries again until they succeed", async () => {
    covers("dynamodb.PutItem", "dynamodb.GetItem");
    const tule = await startTule();
    const client = tule.dynamodb(undefined, { maxAttempts: 5 });
    await makeTable(client, plainTable);
    await add(tule, { service: "dynamodb", operation: "PutItem", throttle: true, count: 2 });
    const { $metadata } = await client.send(put("a"));
    assert.equal($metadata.attempts, 3);
    assert.ok((await client.send(get("a"))).Item);
    assert.deepEqual(await listed(tule), [], "it has ended");
    const { text } = await tule.raw({ path: "/_tule/metrics", method: "GET" });
    assert.match(text, /tule_throttles_total\{service="dynamodb",operation="PutItem"\} 2/);
  });

  test("throttles in the words of the service", async () => {
    const tule = await startTule();
    const client = tule.dynamodb();
    await add(tule, { throttle: true });
    assert.equal(
      await failureOf(client.send(put("a"))),
      "400 ProvisionedThroughputExceededException: The level of configured",
    );
    await assert.rejects(client.send(new CreateTableCommand(plainTable)), {
      name: "ThrottlingException",
    });
    const sts = new STSClient({
      endpoint: tule.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "000000000000", secretAccessKey: "any" },
      maxAttempts: 1,
    });
    await assert.rejects(sts.send(new GetCallerIdentityCommand({})), {
      name: "Throttling",
      message: "Rate exceeded",
    });
  });

  test("answers with the error that was asked for", async () => {
    const tule = await startTule();
    const client = tule.dynamodb();
    await add(tule, { operation: "List*", error: "InternalServerError", message: "as asked" });
    const listing = client.send(new ListTablesCommand({}));
    assert.equal(await failureOf(listing), "500 InternalServerError: as asked");
    await add(tule, { operation: "PutItem", error: "MadeUp", status: 418 });
    const { status } = await tule.raw({ target: "DynamoDB_20120810.PutItem", body: {} });
    assert.equal(status, 400, "what is not valid never gets so far");
    assert.equal(await failureOf(client.send(put("a"))), "418 MadeUp: UnknownError");
  });

  test("loses the answer of what was done", async () => {
    covers("dynamodb.PutItem");
    const tule = await startTule();
    const client = tule.dynamodb();
    await makeTable(client, plainTable);
    await add(tule, { operation: "PutItem", error: "InternalServerError", late: true, count: 1 });
    await assert.rejects(client.send(put("a")), { name: "InternalServerError" });
    assert.ok((await client.send(get("a"))).Item);
    await add(tule, { operation: "PutItem", disconnect: true, late: true, count: 1 });
    const patient = tule.dynamodb(await accountOf(client), { maxAttempts: 3 });
    assert.equal((await patient.send(put("b"))).$metadata.attempts, 2);
  });

  for (const http1 of ["sockets", "node"] as const) {
    test(`closes the connection without an answer (${http1})`, async () => {
      const tule = await startTule({ http1 });
      await add(tule, { disconnect: true, count: 1 });
      const target = "DynamoDB_20120810.ListTables";
      await assert.rejects(tule.raw({ target }), TypeError);
      assert.equal((await tule.raw({ target })).status, 200);
    });
  }

  test("holds calls up for elapsed time, whatever the server's clock does", async () => {
    const { clock } = simulatedWorld({ seed: 1 });
    const tule = await startTule({ world: { ...realWorld(), clock } });
    await add(tule, { service: "dynamodb", latency: "200ms" });
    let isAnswered = false;
    const answer = tule
      .raw({ target: "DynamoDB_20120810.ListTables" })
      .then(() => (isAnswered = true));
    await until(
      () => listed(tule),
      ([fault]) => fault?.strikes === 1,
    );
    clock.moveTo(clock.nowMs() + 86_400_000);
    await clock.advance(199);
    await listed(tule);
    assert.equal(isAnswered, false);
    await clock.advance(1);
    await answer;
  });

  test("strikes the region and the account that it names", async () => {
    const tule = await startTule();
    const account = tule.newAccount();
    await add(tule, { region: "us-east-1", account, throttle: true });
    await assert.rejects(tule.dynamodb(account).send(new ListTablesCommand({})));
    await tule.dynamodb().send(new ListTablesCommand({}));
    const elsewhere = tule.dynamodb(account, { region: "eu-west-1" });
    await elsewhere.send(new ListTablesCommand({}));
  });

  test("is refused when nothing could ever meet it", async () => {
    const tule = await startTule();
    const cases: [object, RegExp][] = [
      [{ throttle: true, service: "dynamo" }, /there is no service dynamo; did you mean/],
      [{ throttle: true, operation: "PutItems" }, /no operation PutItems; did you mean PutItem\?/],
      [{ throttle: true, service: "sts", operation: "Put*" }, /no operation Put\* of sts/],
      [{}, /say what is to happen/],
      [{ throttle: true, disconnect: true }, /one of throttle, error and disconnect/],
      [{ status: 500, throttle: true }, /belong to an error/],
      [{ throttle: true, share: 0 }, /share must be a number above 0 and up to 1/],
      [{ latency: "1h" }, /latency must be .*, up to 15m/],
      [{ trottle: true }, /did you mean throttle\?/],
    ];
    for (const [body, expected] of cases) {
      const { status, json } = await tule.raw({ path, body });
      assert.equal(status, 400, JSON.stringify(body));
      assert.match((json as { message: string }).message, expected);
    }
    assert.deepEqual(await listed(tule), []);
  });

  test("holds nobody up when the server closes", async () => {
    const { clock } = simulatedWorld({ seed: 1 });
    const tule = await startTule({ world: { ...realWorld(), clock } });
    await add(tule, { latency: "15m" });
    const answer = tule.raw({ target: "DynamoDB_20120810.ListTables" });
    await until(
      () => listed(tule),
      ([fault]) => fault?.strikes === 1,
    );
    const closed = tule.close();
    assert.equal((await answer).status, 200);
    await closed;
  });
});

test("tule fault adds, lists and takes back, and connects regions as it is told", async () => {
  const server = tuleCommand(["start", "--memory", "--port", "0"]);
  const endpoint = await server.ready();
  const run = async (...argv: string[]) => {
    const { code, output, errors } = await tuleOf(endpoint, "fault", ...argv);
    assert.equal(code, 0, errors);
    return output;
  };
  assert.equal(await run("list"), "no faults\n");
  const first = await run("add", "dynamodb:PutItem", "--share", "10%", "--throttle");
  assert.equal(first, "1  dynamodb:PutItem  10%  throttle  (struck 0)\n");
  const second = await run("add", "*", "--region", "eu-west-1", "--latency=200ms", "--count=3");
  assert.equal(second, "2  *  eu-west-1  latency 200ms  at most 3  (struck 0)\n");
  assert.equal(await run("remove", "2"), first);
  assert.equal(
    await run("partition", "us-east-1", "eu-west-1"),
    `${first}eu-west-1 - us-east-1  cut\n`,
  );
  assert.match(await run("delay", "us-east-1", "eu-west-1", "500ms"), /cut {2}delay 500ms\n$/);
  assert.equal(await run("heal", "us-east-1", "eu-west-1"), first);
  assert.equal(await run("clear"), "no faults\n");
  const wrong: [string[], number, RegExp][] = [
    [["add", "dynamodb:PutItme", "--throttle"], 1, /did you mean PutItem\?/],
    [["add", "--throttle"], 2, /^tule: use: tule fault add/],
    [["add", "dynamodb", "--share", "many", "--throttle"], 2, /--share must be/],
    [["add", "dynamodb", "--thottle"], 2, /There is no flag --thottle/],
    [["remove", "9"], 1, /there is no fault 9/],
    [["clera"], 2, /did you mean tule fault clear\?/],
  ];
  for (const [argv, expectedCode, expected] of wrong) {
    const { code, errors } = await tuleOf(endpoint, "fault", ...argv);
    assert.equal(code, expectedCode, errors);
    assert.match(errors, expected);
  }
  server.child.kill("SIGTERM");
  assert.equal((await server.ended).code, 0);
});

async function accountOf(client: ReturnType<Tule["dynamodb"]>): Promise<string> {
  return (await client.config.credentials()).accessKeyId;
}

/** "400 Code: The first words". */
async function failureOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    assert(error instanceof DynamoDBServiceException);
    const words = error.message.split(" ").slice(0, 4).join(" ");
    return `${error.$metadata.httpStatusCode} ${error.name}: ${words}`;
  }
  assert.fail("it was answered");
}
