import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  DynamoDBServiceException,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  ExecuteTransactionCommand,
  paginateScan,
} from "@aws-sdk/client-dynamodb";
import { seededRandom } from "#world/seeded-random.ts";
import { covers } from "../../support/covers.ts";
import { indexedTable, makeTable, refusal } from "../../support/dynamodb-tables.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { startTule } from "../../support/tule.ts";

type Attributes = Record<string, AttributeValue>;

const tule = await startTule();

async function fill(client: DynamoDBClient, items: Attributes[]): Promise<void> {
  await makeTable(client, indexedTable);
  for (let at = 0; at < items.length; at += 25) {
    const puts = items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { indexed: puts } }));
  }
}

const S = (value: string): AttributeValue => ({ S: value });
const N = (value: number): AttributeValue => ({ N: String(value) });

function sampleItems(): Attributes[] {
  const items: Attributes[] = [];
  for (const pk of ["a", "b", "c", "d"]) {
    for (let sk = 0; sk < 12; sk++) {
      const item: Attributes = { pk: S(pk), sk: N(sk), v: N((sk * 7) % 5), note: S(`${pk}${sk}`) };
      if (sk % 2 === 0) item["g"] = S(sk % 4 === 0 ? "x" : "y");
      if (sk % 3 === 0) item["l"] = S(`l${(sk * 5) % 7}`);
      items.push(item);
    }
  }
  return items;
}

/** Of all pages. */
async function selectAll(
  client: DynamoDBClient,
  input: ExecuteStatementCommandInput,
): Promise<Attributes[]> {
  const items: Attributes[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ExecuteStatementCommand({ ...input, NextToken }));
    items.push(...page.Items!);
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return items;
}

async function scanAll(
  client: DynamoDBClient,
  IndexName: string | undefined,
  FilterExpression: string,
): Promise<Attributes[]> {
  const items: Attributes[] = [];
  const values: Attributes = {};
  // Literals become placeholders.
  const text = FilterExpression.replaceAll(/'(\w*)'|\b(\d+)\b/g, (_, string, number) => {
    const name = `:v${Object.keys(values).length}`;
    values[name] = string === undefined ? N(Number(number)) : S(string as string);
    return name;
  });
  const pages = paginateScan(
    { client },
    { TableName: "indexed", IndexName, FilterExpression: text, ExpressionAttributeValues: values },
  );
  for await (const page of pages) items.push(...(page.Items ?? []));
  return items;
}

const identity = (item: Attributes): string =>
  `${item["pk"]!.S}/${item["sk"]!.N!.padStart(2, "0")}`;

/** The same condition twice: PartiQL writes lists in brackets. */
interface Condition {
  readonly partiql: string;
  readonly expression: string;
}

function conditions(random: ReturnType<typeof seededRandom>) {
  const pick = <T>(...from: T[]): T => from[random.below(from.length)]!;
  const number = (): string => String(random.below(14));
  const letter = (): string => `'${pick("a", "b", "c", "d", "e")}'`;
  const same = (text: string): Condition => ({ partiql: text, expression: text });
  const isIn = (name: string, values: string[]): Condition => ({
    partiql: `${name} IN [${values.join(", ")}]`,
    expression: `${name} IN (${values.join(", ")})`,
  });
  const simple = (): Condition => {
    const operator = pick("=", "<>", "<", "<=", ">", ">=");
    switch (random.below(9)) {
      case 0:
      case 1:
        return same(`pk = ${letter()}`);
      case 2:
        return isIn("pk", [letter(), letter(), letter()]);
      case 3:
        return same(`sk ${operator} ${number()}`);
      case 4:
        return same(`${number()} ${operator} sk`);
      case 5:
        return same(`sk BETWEEN ${random.below(7)} AND ${6 + random.below(8)}`);
      case 6:
        return isIn("sk", [number(), number(), number()]);
      case 7:
        return same(`v ${operator} ${random.below(6)}`);
      default:
        return same(`begins_with(note, ${letter()})`);
    }
  };
  const any = (depth: number): Condition => {
    if (depth === 0 || random.below(4) === 0) return simple();
    if (random.below(6) === 0) {
      const term = any(depth - 1);
      return { partiql: `NOT (${term.partiql})`, expression: `NOT (${term.expression})` };
    }
    const operator = pick("AND", "AND", "OR");
    const [left, right] = [any(depth - 1), any(depth - 1)];
    return {
      partiql: `(${left.partiql}) ${operator} (${right.partiql})`,
      expression: `(${left.expression}) ${operator} (${right.expression})`,
    };
  };
  return any;
}

test("any WHERE clause finds page by page what a Scan with the same filter finds", async () => {
  covers("dynamodb.ExecuteStatement");
  const client = tule.dynamodb();
  await fill(client, sampleItems());
  const random = seededRandom(20261123);
  const condition = conditions(random);
  let compared = 0;
  for (let round = 0; round < 200; round++) {
    const { partiql, expression } = condition(3);
    const index = [undefined, undefined, "by-g", "by-l"][random.below(4)];
    const Limit = [undefined, 1, 3, 10][random.below(4)];
    // Of the local index only keys are asked for, and of a filter only what it holds.
    if (index === "by-l" && /\b(v|note)\b/.test(partiql)) continue;
    const from = index === undefined ? "indexed" : `indexed."${index}"`;
    const Statement = `SELECT pk, sk FROM ${from} WHERE ${partiql}`;
    let found: Attributes[];
    try {
      found = await selectAll(client, { Statement, Limit });
    } catch (error) {
      assert(error instanceof DynamoDBServiceException);
      assert.equal(
        error.message,
        "Overlapping conditions with range keys are not supported in where clause",
        Statement,
      );
      continue;
    }
    const expected = await scanAll(client, index, expression);
    assert.deepEqual(
      found.map(identity).toSorted(),
      expected.map(identity).toSorted(),
      `${Statement} (${Limit})`,
    );
    compared++;
  }
  assert(compared > 100, `only ${compared} statements ran`);
});

test("ORDER BY holds across pages", async () => {
  covers("dynamodb.ExecuteStatement");
  const client = tule.dynamodb();
  await fill(client, sampleItems());
  const where = "WHERE pk IN ['c', 'a'] AND sk IN [1, 5, 6, 9] AND v < 4";
  const plain = await selectAll(client, { Statement: `SELECT * FROM indexed ${where}` });
  const expected = plain.map(identity);
  assert.deepEqual(expected, expected.toSorted());
  for (const Limit of [1, 2, 3, 50]) {
    const Statement = `SELECT * FROM indexed ${where} ORDER BY pk DESC, sk DESC`;
    const found = await selectAll(client, { Statement, Limit });
    assert.deepEqual(found.map(identity), expected.toReversed(), String(Limit));
  }
});

test("a page ends at 1 MB, wherever the items stand", async () => {
  covers("dynamodb.ExecuteStatement");
  const client = tule.dynamodb();
  const large = (pk: string, sk: number): Attributes => ({
    pk: S(pk),
    sk: N(sk),
    text: S("x".repeat(200_000)),
  });
  await fill(
    client,
    [0, 1, 2, 3].flatMap((sk) => [large("a", sk), large("b", sk)]),
  );
  const Statement = "SELECT * FROM indexed WHERE pk IN ['a', 'b']";
  const first = await client.send(new ExecuteStatementCommand({ Statement }));
  assert.equal(first.Items!.length, 6);
  const { NextToken } = first;
  const second = await client.send(new ExecuteStatementCommand({ Statement, NextToken }));
  assert.equal(second.Items!.length, 2);
  assert.equal(second.NextToken, undefined);
});

/** A token with this content, and the right check sum. */
function forged(content: string): string {
  const sum = createHash("sha256").update(content).digest("base64url").slice(0, 22);
  return Buffer.from(sum + content).toString("base64");
}

function withKey(token: string, key: Attributes): string {
  const content = Buffer.from(token, "base64").toString("utf8").slice(22);
  return JSON.stringify({ ...(JSON.parse(content) as object), key });
}

test("a token is good for its table or index alone, and only as it was given", async () => {
  covers("dynamodb.ExecuteStatement");
  const client = tule.dynamodb();
  await fill(client, sampleItems());
  const page = (Statement: string, NextToken?: string) =>
    client.send(new ExecuteStatementCommand({ Statement, NextToken, Limit: 1 }));
  const ofIndex = (await page(`SELECT * FROM indexed."by-g" WHERE g = 'x'`)).NextToken!;
  const ofTable = (await page("SELECT * FROM indexed WHERE pk = 'a'")).NextToken!;
  const invalid = "ValidationException: Invalid NextToken";
  const cases: [statement: string, token: string][] = [
    ["SELECT * FROM indexed WHERE pk = 'a'", ofIndex],
    [`SELECT * FROM indexed."by-g" WHERE g = 'x'`, ofTable],
    ["SELECT * FROM indexed WHERE pk = 'b'", ofTable],
    ["SELECT * FROM indexed WHERE pk = 'a'", `${ofTable.slice(0, -6)}AAAA==`],
    ["SELECT * FROM indexed WHERE pk = 'a'", "abc"],
    ["SELECT * FROM indexed WHERE pk = 'a'", "%"],
    ...[
      "null",
      "no JSON",
      "{}",
      withKey(ofTable, { pk: S("a") }),
      withKey(ofTable, { pk: N(1), sk: N(1) }),
    ].map((content): [string, string] => ["SELECT * FROM indexed WHERE pk = 'a'", forged(content)]),
  ];
  for (const [statement, token] of cases) {
    assert.equal(await refusal(page(statement, token)), invalid, `${statement} ${token}`);
  }
  assert.equal((await page("SELECT * FROM indexed WHERE pk = 'a'", ofTable)).Items!.length, 1);
});

test("what statements wrote, and tokens, outlive a server that dies", async () => {
  covers(
    "dynamodb.ExecuteStatement",
    "dynamodb.BatchExecuteStatement",
    "dynamodb.ExecuteTransaction",
  );
  const dataFolder = await mkdtemp(join(tmpdir(), "tule-partiql-"));
  const connect = async (server: ServerProcess) =>
    new DynamoDBClient({
      endpoint: await server.ready,
      region: "us-east-1",
      credentials: { accessKeyId: "000000000001", secretAccessKey: "test" },
    });
  const insert = (sk: number): string => `INSERT INTO indexed VALUE {'pk': 'a', 'sk': ${sk}}`;
  const Statement = "SELECT sk FROM indexed WHERE pk = 'a'";
  const doomed = new ServerProcess(dataFolder);
  const client = await connect(doomed);
  await fill(client, []);
  await client.send(new ExecuteStatementCommand({ Statement: insert(0) }));
  const both = [{ Statement: insert(1) }, { Statement: insert(2) }];
  await client.send(new BatchExecuteStatementCommand({ Statements: both }));
  const { NextToken } = await client.send(new ExecuteStatementCommand({ Statement, Limit: 2 }));
  const more = [
    { Statement: insert(3) },
    { Statement: "UPDATE indexed SET n = 1 WHERE pk = 'a' AND sk = 0" },
  ];
  await client.send(new ExecuteTransactionCommand({ TransactStatements: more }));
  await doomed.kill();

  const heir = new ServerProcess(dataFolder);
  const again = await connect(heir);
  const rest = await again.send(new ExecuteStatementCommand({ Statement, NextToken }));
  assert.deepEqual(rest.Items, [{ sk: N(2) }, { sk: N(3) }]);
  const changed = "SELECT n FROM indexed WHERE pk = 'a' AND sk = 0";
  const { Items } = await again.send(new ExecuteStatementCommand({ Statement: changed }));
  assert.deepEqual(Items, [{ n: N(1) }]);
  await heir.kill();
  client.destroy();
  again.destroy();
  await rm(dataFolder, { recursive: true, force: true });
});
