import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  type BatchStatementRequest,
  type BatchStatementResponse,
  type CancellationReason,
  ExecuteTransactionCommand,
  type ExecuteTransactionCommandInput,
  GetItemCommand,
  type ParameterizedStatement,
  PutItemCommand,
  type ReturnConsumedCapacity,
  TransactionCanceledException,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import {
  indexedTable,
  makeTable,
  plainTable,
  refusal,
  refusalError,
} from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

type Attributes = Record<string, AttributeValue>;
type Given = string | ParameterizedStatement;

const S = (value: string): AttributeValue => ({ S: value });
const N = (value: number): AttributeValue => ({ N: String(value) });
const invalid = (message: string): string => `ValidationException: ${message}`;
const asRequest = (given: Given): ParameterizedStatement =>
  typeof given === "string" ? { Statement: given } : given;

async function setUp() {
  const client = tule.dynamodb();
  await Promise.all([makeTable(client, plainTable), makeTable(client, indexedTable)]);
  const put = (Item: Attributes, TableName = "plain") =>
    client.send(new PutItemCommand({ TableName, Item }));
  await put({ pk: S("k"), n: N(1) });
  await put({ pk: S("p"), sk: N(1), n: N(2) }, "indexed");
  const sendBatch = (given: Given[], ReturnConsumedCapacity?: ReturnConsumedCapacity) =>
    client.send(
      new BatchExecuteStatementCommand({
        Statements: given.map(asRequest),
        ReturnConsumedCapacity,
      }),
    );
  const sendTransaction = (given: Given[], more: Partial<ExecuteTransactionCommandInput> = {}) =>
    client.send(
      new ExecuteTransactionCommand({ TransactStatements: given.map(asRequest), ...more }),
    );
  return {
    put,
    sendBatch,
    batch: async (...given: Given[]): Promise<BatchStatementResponse[]> =>
      (await sendBatch(given)).Responses!,
    sendTransaction,
    transact: (...given: Given[]) => sendTransaction(given),
    get: async (pk: string) =>
      (await client.send(new GetItemCommand({ TableName: "plain", Key: { pk: S(pk) } }))).Item,
  };
}

const needsKey =
  "Select statements within BatchExecuteStatement must specify the primary key in the where clause.";

test("a batch reads items, and tells of each statement what is wrong with it", async () => {
  covers("dynamodb.BatchExecuteStatement");
  const { batch } = await setUp();
  assert.deepEqual(
    await batch(
      "SELECT * FROM plain WHERE pk = 'k'",
      { Statement: "SELECT n FROM indexed WHERE pk = ? AND sk = ?", Parameters: [S("p"), N(1)] },
      "SELECT * FROM plain WHERE pk = 'none'",
      "SELECT * FROM plain WHERE n = 1",
      "SELECT * FROM plain WHERE pk = 'k' AND n = 1",
      "SELECT * FROM indexed WHERE pk = 'p' AND sk IN [1, 2]",
      `SELECT * FROM indexed."by-g" WHERE pk = 'p' AND sk = 1`,
      "SELECT * FROM nowhere WHERE pk = 'k'",
      "SLECT * FROM plain WHERE pk = 'k'",
      "SELECT * FROM plain WHERE pk = ?",
      "EXISTS(SELECT * FROM plain WHERE pk = 'k' AND n = 1)",
    ),
    [
      { TableName: "plain", Item: { pk: S("k"), n: N(1) } },
      { TableName: "indexed", Item: { n: N(2) } },
      { TableName: "plain" },
      { Error: { Code: "ValidationError", Message: needsKey } },
      { Error: { Code: "ValidationError", Message: needsKey } },
      { Error: { Code: "ValidationError", Message: needsKey } },
      { Error: { Code: "ValidationError", Message: needsKey } },
      { Error: { Code: "ResourceNotFound", Message: "Requested resource not found" } },
      {
        Error: {
          Code: "ValidationError",
          Message: "Statement wasn't well formed, can't be processed: Expected data manipulation",
        },
      },
      {
        Error: {
          Code: "ValidationError",
          Message: "Number of parameters in request and statement don't match.",
        },
      },
      {
        Error: {
          Code: "ValidationError",
          Message: "EXISTS can only be used in ExecuteTransaction write requests.",
        },
      },
    ],
  );
});

test("a batch writes each statement for itself", async () => {
  covers("dynamodb.BatchExecuteStatement");
  const { batch, get, put } = await setUp();
  await put({ pk: S("old"), n: N(7) });
  const failed = { Code: "ConditionalCheckFailed", Message: "The conditional request failed" };
  assert.deepEqual(
    await batch(
      "INSERT INTO plain VALUE {'pk': 'new'}",
      "UPDATE plain SET n = n + 1 WHERE pk = 'k' RETURNING MODIFIED NEW *",
      "DELETE FROM plain WHERE pk = 'old' RETURNING ALL OLD *",
      "UPDATE plain SET n = 1 WHERE pk = 'none'",
      "INSERT INTO plain VALUE {'pk': 5}",
    ),
    [
      { TableName: "plain" },
      { TableName: "plain", Item: { n: N(2) } },
      { TableName: "plain", Item: { pk: S("old"), n: N(7) } },
      { TableName: "plain", Error: failed },
      {
        Error: {
          Code: "ValidationError",
          Message: "Key attribute's data type should match its data type in table's schema: Key pk",
        },
      },
    ],
  );
  assert.deepEqual(await get("new"), { pk: S("new") });
  assert.deepEqual(
    await batch("INSERT INTO plain VALUE {'pk': 'k'}", {
      Statement: "UPDATE plain SET n = 0 WHERE pk = 'new' AND n = 5",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    }),
    [
      {
        TableName: "plain",
        Error: { Code: "DuplicateItem", Message: "Duplicate primary key exists in table" },
      },
      { TableName: "plain", Error: { ...failed, Item: { pk: S("new") } } },
    ],
  );
});

test("a batch is refused as a whole if it reads and writes, or names an item twice", async () => {
  covers("dynamodb.BatchExecuteStatement");
  const { sendBatch, get } = await setUp();
  assert.equal(
    await refusal(
      sendBatch(["SELECT * FROM plain WHERE pk = 'k'", "DELETE FROM plain WHERE pk = 'x'"]),
    ),
    invalid("Read and write requests together in the same batch is not supported."),
  );
  assert.equal(
    await refusal(
      sendBatch(["INSERT INTO plain VALUE {'pk': 'x'}", "DELETE FROM plain WHERE pk = 'x'"]),
    ),
    invalid("Provided list of item keys contains duplicates"),
  );
  assert.equal(await get("x"), undefined);
  const many = Array.from({ length: 26 }, (_, at) => `DELETE FROM plain WHERE pk = '${at}'`);
  assert.match(await refusal(sendBatch(many)), /Member must have length less than or equal to 25$/);
});

test("a batch counts capacity by table, and consistency by statement", async () => {
  covers("dynamodb.BatchExecuteStatement");
  const { sendBatch } = await setUp();
  const consistent: BatchStatementRequest = {
    Statement: "SELECT * FROM plain WHERE pk = 'k'",
    ConsistentRead: true,
  };
  const reads = await sendBatch(
    [
      consistent,
      "SELECT * FROM plain WHERE pk = 'none'",
      "SELECT * FROM indexed WHERE pk = 'p' AND sk = 1",
    ],
    "TOTAL",
  );
  assert.deepEqual(reads.ConsumedCapacity, [
    { TableName: "plain", CapacityUnits: 1.5 },
    { TableName: "indexed", CapacityUnits: 0.5 },
  ]);
  const writes = await sendBatch(
    [
      "INSERT INTO indexed VALUE {'pk': 'q', 'sk': 1, 'g': 'G'}",
      "DELETE FROM plain WHERE pk = 'x'",
    ],
    "INDEXES",
  );
  assert.deepEqual(
    writes.ConsumedCapacity!.toSorted((one, two) => one.TableName!.localeCompare(two.TableName!)),
    [
      {
        TableName: "indexed",
        CapacityUnits: 2,
        Table: { CapacityUnits: 1 },
        GlobalSecondaryIndexes: { "by-g": { CapacityUnits: 1 } },
      },
      { TableName: "plain", CapacityUnits: 1, Table: { CapacityUnits: 1 } },
    ],
  );
});

test("a transaction writes all or nothing, on the conditions of EXISTS", async () => {
  covers("dynamodb.ExecuteTransaction");
  const { transact, get } = await setUp();
  const done = await transact(
    "INSERT INTO plain VALUE {'pk': 'x'}",
    { Statement: "UPDATE plain SET n = n + ? WHERE pk = 'k'", Parameters: [N(4)] },
    "DELETE FROM plain WHERE pk = 'none'",
    "EXISTS(SELECT * FROM indexed WHERE pk = 'p' AND sk = 1 AND n > 1)",
  );
  assert.deepEqual(done.Responses, []);
  assert.deepEqual(await get("x"), { pk: S("x") });
  assert.equal((await get("k"))!["n"]!.N, "5");

  const reasons = async (...given: Given[]): Promise<CancellationReason[]> => {
    const error = await refusalError(transact(...given));
    assert(error instanceof TransactionCanceledException, error.message);
    return error.CancellationReasons!;
  };
  const failed = { Code: "ConditionalCheckFailed", Message: "The conditional request failed" };
  assert.deepEqual(
    await reasons(
      "INSERT INTO plain VALUE {'pk': 'y'}",
      "INSERT INTO plain VALUE {'pk': 'x'}",
      "UPDATE plain SET n = 1 WHERE pk = 'none'",
      "EXISTS(SELECT * FROM indexed WHERE pk = 'p' AND sk = 1 AND n > 2)",
      "EXISTS(SELECT * FROM indexed WHERE pk = 'p' AND sk = 2 AND n IS MISSING)",
      {
        Statement: "DELETE FROM plain WHERE pk = 'k' AND n = 0",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
      "INSERT INTO plain VALUE {'pk': 5}",
      "UPDATE plain SET n = 5",
    ),
    [
      { Code: "None" },
      { Code: "DuplicateItem", Message: "Duplicate primary key exists in table" },
      failed,
      failed,
      failed,
      { ...failed, Item: { pk: S("k"), n: N(5) } },
      {
        Code: "ValidationError",
        Message: "Key attribute's data type should match its data type in table's schema: Key pk",
      },
      {
        Code: "ValidationError",
        Message: "Where clause does not contain a mandatory equality on all key attributes",
      },
    ],
  );
  assert.equal(await get("y"), undefined);
});

test("a transaction reads items of one moment", async () => {
  covers("dynamodb.ExecuteTransaction");
  const { sendTransaction } = await setUp();
  const { Responses, ConsumedCapacity } = await sendTransaction(
    [
      "SELECT n FROM plain WHERE pk = 'k'",
      "SELECT * FROM plain WHERE pk = 'none'",
      "SELECT * FROM indexed WHERE sk = 1 AND pk = 'p'",
    ],
    { ReturnConsumedCapacity: "TOTAL" },
  );
  assert.deepEqual(Responses, [
    { Item: { n: N(1) } },
    {},
    { Item: { pk: S("p"), sk: N(1), n: N(2) } },
  ]);
  assert.deepEqual(ConsumedCapacity, [
    { TableName: "plain", CapacityUnits: 4, ReadCapacityUnits: 4 },
    { TableName: "indexed", CapacityUnits: 2, ReadCapacityUnits: 2 },
  ]);
});

test("a transaction's statements are checked before any is done", async () => {
  covers("dynamodb.ExecuteTransaction");
  const { transact, get } = await setUp();
  const insert = "INSERT INTO plain VALUE {'pk': 'x'}";
  const within = (message: string, at = 0): string =>
    invalid(`Validation failed in TransactStatements[${at}]: ${message}`);
  const readsKey = within(
    "Select statements within ExecuteTransaction must specify the primary key in the where clause.",
  );
  const cases: [statements: Given[], message: string][] = [
    [
      [insert, "SELECT * FROM plain WHERE pk = 'k'"],
      invalid(
        "ExecuteTransaction API does not support both read and write operations in the same request.",
      ),
    ],
    [
      [insert, "DELETE FROM plain WHERE pk = 'x'"],
      invalid("Transaction request cannot include multiple operations on one item"),
    ],
    [
      [insert, "DELETE FROM plain WHERE"],
      within("Statement wasn't well formed, can't be processed: Unexpected term", 1),
    ],
    [["SELECT * FROM plain WHERE pk = 'k' AND n = 1"], readsKey],
    [["SELECT * FROM indexed WHERE pk = 'k'"], readsKey],
    [
      [`SELECT * FROM indexed."by-g" WHERE g = 'k'`],
      within("Reads on indices are not supported within transactions."),
    ],
    [
      ["UPDATE plain SET n = 2 WHERE pk = 'k' RETURNING ALL NEW *"],
      within("RETURNING clause is not supported in ExecuteTransaction."),
    ],
    [
      ["EXISTS(SELECT * FROM plain WHERE pk = 'k')", insert],
      within("EXISTS() must contain a single item read with additional condition"),
    ],
    [
      [{ Statement: "DELETE FROM plain WHERE pk = ?" }],
      within("Number of parameters in request and statement don't match."),
    ],
    [
      [{ Statement: "DELETE FROM plain WHERE pk = ?", Parameters: [{ N: "abc" }] }],
      invalid("The parameter cannot be converted to a numeric value: abc"),
    ],
    [
      [insert, "INSERT INTO nowhere VALUE {'pk': 'x'}"],
      "ResourceNotFoundException: Requested resource not found",
    ],
  ];
  for (const [statements, message] of cases) {
    assert.equal(await refusal(transact(...statements)), message);
  }
  assert.equal(await get("x"), undefined);
});

test("a transaction is done once under its token", async () => {
  covers("dynamodb.ExecuteTransaction");
  const { sendTransaction, get } = await setUp();
  const more = { ClientRequestToken: "token-1", ReturnConsumedCapacity: "TOTAL" } as const;
  const add = "UPDATE plain SET n = n + 1 WHERE pk = 'k'";
  const first = await sendTransaction([add], more);
  const again = await sendTransaction([add], more);
  assert.equal((await get("k"))!["n"]!.N, "2");
  assert.deepEqual(first.ConsumedCapacity, [
    { TableName: "plain", CapacityUnits: 2, WriteCapacityUnits: 2 },
  ]);
  assert.deepEqual(again.Responses, []);
  assert.deepEqual(again.ConsumedCapacity, [
    { TableName: "plain", CapacityUnits: 2, ReadCapacityUnits: 2 },
  ]);
  const other = sendTransaction(["DELETE FROM plain WHERE pk = 'k'"], more);
  assert.match(await refusal(other), /^IdempotentParameterMismatchException: /);
});
