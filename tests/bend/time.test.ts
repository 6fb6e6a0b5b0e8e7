import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import {
  DynamoDBStreamsClient,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
} from "@aws-sdk/client-dynamodb-streams";
import { emptyFolder, tuleCommand, tuleOf } from "../support/command.ts";
import { covers } from "../support/covers.ts";
import { makeTable, plainTable } from "../support/dynamodb-tables.ts";
import { startTule } from "../support/tule.ts";

const sdk = (endpoint: string) => ({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "000000000000", secretAccessKey: "any" },
});

describe("tule time on a running server", () => {
  test("+25h trims streams and expires items, as 25 hours would, and survives a kill", async () => {
    covers("dynamodbstreams.GetRecords", "dynamodb.UpdateTimeToLive");
    const folder = await emptyFolder();
    const first = tuleCommand(["start", "--port", "0", "--data", folder]);
    const endpoint = await first.ready();
    const client = new DynamoDBClient(sdk(endpoint));
    const streams = new DynamoDBStreamsClient(sdk(endpoint));
    const TableName = await makeTable(client, {
      ...plainTable,
      StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
    });
    await client.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { Enabled: true, AttributeName: "end" },
      }),
    );
    const inOneDay = String(Math.floor(Date.now() / 1000) + 86_400);
    await client.send(
      new PutItemCommand({ TableName, Item: { pk: { S: "a day" }, end: { N: inOneDay } } }),
    );
    await client.send(new PutItemCommand({ TableName, Item: { pk: { S: "for ever" } } }));
    const inserted = await recordsOf(streams, TableName);
    assert.deepEqual(inserted, ["INSERT a day", "INSERT for ever"]);

    const { code, output, errors } = await tuleOf(endpoint, "time", "+25h");
    assert.equal(code, 0, errors);
    assert.match(output, /^\d{4}-\S+Z, \+1d1h\S* against the machine's clock\n$/);
    assert.equal(errors, "", "what became due is done when the command ends");

    const get = (pk: string) =>
      client.send(new GetItemCommand({ TableName, Key: { pk: { S: pk } } }));
    assert.equal((await get("a day")).Item, undefined);
    assert.ok((await get("for ever")).Item);
    // The records of 25 hours ago are trimmed; the expired item's is new.
    assert.deepEqual(await recordsOf(streams, TableName), ["REMOVE a day"]);
    const status = await tuleOf(endpoint, "status");
    assert.match(status.output, /clock +\S+Z, \+1d1h/);
    first.child.kill("SIGKILL");
    await first.ended;

    const second = tuleCommand(["start", "--port", "0", "--data", folder]);
    const after = await tuleOf(await second.ready(), "time");
    assert.match(after.output, /^\S+Z, \+1d1h\S* against the machine's clock\n$/);
    second.child.kill("SIGTERM");
    assert.equal((await second.ended).code, 0);
  });

  test("shows, sets, freezes, resumes and resets the clock", async () => {
    const server = tuleCommand(["start", "--memory", "--port", "0"]);
    const endpoint = await server.ready();
    const run = async (...words: string[]) => (await tuleOf(endpoint, "time", ...words)).output;
    assert.match(await run(), /^\d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
    assert.match(await run("freeze"), /Z, frozen/);
    assert.match(await run("set", "2027-01-01T00:00:00Z"), /^2027-01-01T00:00:00.000Z, frozen, \+/);
    assert.match(await run("+1d", "12h"), /^2027-01-02T12:00:00.000Z, frozen/);
    assert.match(await run("-2h"), /^2027-01-02T10:00:00.000Z, frozen/);
    assert.match(await run("resume"), /^2027-01-02T10:00:0\S+Z, \+/);
    assert.match(await run("reset"), /^\d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
    server.child.kill("SIGTERM");
    await server.ended;
  });

  test("says in one line what it does not understand", async () => {
    const cases: [string[], RegExp][] = [
      [["36h"], /moves forth by \+36h and back by -36h/],
      [["+36"], /must be a duration such as/],
      [["freez"], /did you mean tule time freeze\?/],
      [["set"], /needs a time/],
      [["freeze", "now"], /"now" is not expected here/],
    ];
    for (const [words, expected] of cases) {
      const { code, errors } = await tuleCommand(["time", ...words]).ended;
      assert.equal(code, 2);
      assert.match(errors, expected);
    }
    const { code, errors } = await tuleCommand(["time", "--port", "9"]).ended;
    assert.equal(code, 1);
    assert.match(errors, /^tule: nothing that is well answers at .*\n$/);
  });
});

describe("The time page", () => {
  const path = "/_tule/time";

  test("refuses what it does not understand, and changes nothing", async () => {
    const tule = await startTule();
    const cases: [object | string, RegExp][] = [
      ["{", /must be JSON/],
      [[], /one JSON object/],
      [{}, /say one of move, set and reset/],
      [{ move: "+1h", reset: true }, /say one of/],
      [{ mvoe: "+1h" }, /there is no member "mvoe"; did you mean move\?/],
      [{ move: "1h" }, /move must be \+ or - and a duration/],
      [{ move: 5 }, /move must be/],
      [{ set: "tomorrow" }, /set must be a time/],
      [{ set: "2027-02-30T00:00:00" }, /set must be a time/],
      [{ frozen: "yes" }, /frozen must be true or false/],
      [{ move: "-100000d" }, /between the years 1970 and 9999/],
    ];
    for (const [body, expected] of cases) {
      const { status, json } = await tule.raw({ path, body });
      assert.equal(status, 400, JSON.stringify(body));
      assert.match((json as { message: string }).message, expected);
    }
    const { json } = await tule.raw({ path, method: "GET" });
    assert.partialDeepStrictEqual(json, { offset: "+0s", frozen: false });
  });

  test("is not moved by a web page, nor with --auth strict by anybody but root", async () => {
    const open = await startTule();
    const body = { move: "+1h" };
    const fromPage = await open.raw({ path, body, headers: { origin: "http://example.com" } });
    assert.equal(fromPage.status, 403);
    const strict = await startTule({
      authentication: "strict",
      rootKey: { accessKeyId: "AKIAROOTROOTROOT", secretAccessKey: "right" },
    });
    assert.equal((await strict.raw({ path, body })).status, 403);
    assert.equal((await strict.raw({ path, method: "GET" })).status, 403);
    const signed = (secret: string) =>
      tuleCommand(
        ["time", "+1h", "--auth", "strict", "--port", new URL(strict.endpoint).port],
        undefined,
        { TULE_ROOT_ACCESS_KEY_ID: "AKIAROOTROOTROOT", TULE_ROOT_SECRET_ACCESS_KEY: secret },
      ).ended;
    assert.match(
      (await signed("wrong")).errors,
      /^tule: sign the request with the root user's key/,
    );
    const { code, output } = await signed("right");
    assert.equal(code, 0);
    assert.match(output, /\+1h/);
    // A second one: the clock that was moved is not the one that signatures are measured by.
    assert.equal((await signed("right")).code, 0);
  });
});

/** All of a stream, as "INSERT key". */
async function recordsOf(streams: DynamoDBStreamsClient, TableName: string): Promise<string[]> {
  const { Streams = [] } = await streams.send(new ListStreamsCommand({ TableName }));
  const { StreamArn } = Streams[0]!;
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const found: { at: string; text: string }[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const { ShardIterator } = await streams.send(
      new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" }),
    );
    const { Records = [] } = await streams.send(new GetRecordsCommand({ ShardIterator }));
    for (const { eventName, dynamodb } of Records) {
      const text = `${eventName} ${dynamodb?.Keys?.["pk"]?.S}`;
      found.push({ at: dynamodb?.SequenceNumber ?? "", text });
    }
  }
  return found.map(({ text }) => text).sort();
}
