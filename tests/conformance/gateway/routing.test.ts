import assert from "node:assert/strict";
import test from "node:test";
import { startTule, type RawRequest } from "../../support/tule.ts";

const tule = await startTule();

test("a service that is not here yet is answered by name, in its own protocol", async () => {
  const cases: [RawRequest, string][] = [
    [{ target: "AmazonSQS.ListQueues" }, "sqs ListQueues is not implemented by Tule yet."],
    [{ target: "AmazonSSM.CreateMaintenanceWindow" }, "CreateMaintenanceWindow is not"],
    [{ path: "/?Action=ListTopics&Version=2010-03-31" }, "<Message>sns ListTopics is not"],
    [{ method: "GET", path: "/bucket/key?torrent" }, "<Message>s3 GetObjectTorrent is not"],
    [{ method: "GET", path: "/2015-03-31/functions" }, "lambda ListFunctions is not implemented"],
  ];
  for (const [request, text] of cases) {
    const answer = await tule.raw(request);
    assert.equal(answer.status, 501, text);
    assert.ok(answer.text.includes(text), answer.text);
  }
});

test("what AWS does not have either is an unknown operation", async () => {
  for (const target of ["DynamoDB_20120810.Nope", "Nope_20120810.Nope", "Nope", ""]) {
    const answer = await tule.raw({ target });
    assert.equal(answer.status, 400, target);
    assert.ok(answer.text.includes("UnknownOperationException"), answer.text);
  }
  const answer = await tule.raw({ path: "/?Action=Nope&Version=2011-06-15" });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /<Code>InvalidAction<\/Code>/);
});

test("the health page lists the services, under Tule's path and LocalStack's", async () => {
  for (const path of ["/_tule/health", "/_localstack/health"]) {
    const { json } = await tule.raw({ method: "GET", path });
    assert.partialDeepStrictEqual(json, { services: { dynamodb: "running", sts: "running" } });
  }
});

test("the info page tells version and uptime", async () => {
  const { json } = await tule.raw({ method: "GET", path: "/_localstack/info" });
  assert.partialDeepStrictEqual(json, { version: "test", is_license_activated: false });
});

test("the metrics page counts calls by operation", async () => {
  const account = tule.newAccount();
  await tule.raw({ target: "DynamoDB_20120810.ListTables", account });
  const { text } = await tule.raw({ method: "GET", path: "/_tule/metrics" });
  assert.match(text, /tule_requests_total\{service="dynamodb",operation="ListTables"\} [1-9]/);
});

test("a reset forgets all state, but not at a web page's wish", async () => {
  const account = tule.newAccount();
  const body = {
    TableName: "Music",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  };
  await tule.raw({ target: "DynamoDB_20120810.CreateTable", account, body });
  const tableNames = async (): Promise<unknown> =>
    (await tule.raw({ target: "DynamoDB_20120810.ListTables", account })).json;
  const path = "/_localstack/state/reset";
  const refused = await tule.raw({ path, headers: { origin: "http://example.com" } });
  assert.equal(refused.status, 403);
  assert.deepEqual(await tableNames(), { TableNames: ["Music"] });
  assert.equal((await tule.raw({ path })).status, 200);
  assert.deepEqual(await tableNames(), { TableNames: [] });
});
