import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  GetItemCommand,
  PutItemCommand,
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

async function setUp() {
  const client = tule.dynamodb();
  await Promise.all([makeTable(client, plainTable), makeTable(client, indexedTable)]);
  const send = (
    Statement: string,
    Parameters?: AttributeValue[],
    more: Partial<ExecuteStatementCommandInput> = {},
  ) => client.send(new ExecuteStatementCommand({ Statement, Parameters, ...more }));
  return {
    client,
    send,
    run: async (...given: Parameters<typeof send>) => (await send(...given)).Items,
    refused: (...given: Parameters<typeof send>) => refusal(send(...given)),
    put: (Item: Attributes, TableName = "plain") =>
      client.send(new PutItemCommand({ TableName, Item })),
    get: async (pk: string) =>
      (await client.send(new GetItemCommand({ TableName: "plain", Key: { pk: S(pk) } }))).Item,
  };
}

const S = (value: string): AttributeValue => ({ S: value });
const N = (value: number): AttributeValue => ({ N: String(value) });
const invalid = (message: string): string => `ValidationException: ${message}`;

/** Two partitions of five items; the even ones of the first are in all indexes. */
async function withItems() {
  const tables = await setUp();
  const items: Attributes[] = [];
  for (const pk of ["a", "b"]) {
    for (let sk = 0; sk < 5; sk++) {
      const item: Attributes = { pk: S(pk), sk: N(sk), v: N(sk % 2), m: { M: { x: N(sk) } } };
      if (pk === "a" && sk % 2 === 0) Object.assign(item, { g: S("G"), h: N(7), l: S(`l${sk}`) });
      items.push({
        ...item,
        note: S(`${pk}${sk}`),
        els: { L: [S("first"), { M: { c: N(sk) } }] },
      });
    }
  }
  await tables.client.send(
    new BatchWriteItemCommand({
      RequestItems: { indexed: items.map((Item) => ({ PutRequest: { Item } })) },
    }),
  );
  return tables;
}

const notes = (items: Attributes[] | undefined): string[] => items!.map((item) => item["note"]!.S!);

test("INSERT makes an item, once", async () => {
  covers("dynamodb.ExecuteStatement");
  const { run, refused, get } = await setUp();
  const insert = "INSERT INTO plain VALUE {'pk': 'k', 'n': ?, 'set': <<'b', 'a'>>, 'nul': null}";
  assert.deepEqual(await run(insert, [N(5)]), []);
  assert.deepEqual(await get("k"), {
    pk: S("k"),
    n: N(5),
    set: { SS: ["a", "b"] },
    nul: { NULL: true },
  });
  assert.equal(
    await refused(insert, [N(6)]),
    "DuplicateItemException: Duplicate primary key exists in table",
  );
  assert.equal((await get("k"))!["n"]!.N, "5");
  assert.equal(
    await refused("INSERT INTO plain VALUE {'n': 1}"),
    invalid("Key attribute should be present in the item: Key pk"),
  );
  assert.equal(
    await refused("INSERT INTO plain VALUE {'pk': 1}"),
    invalid("Key attribute's data type should match its data type in table's schema: Key pk"),
  );
  assert.equal(
    await refused("INSERT INTO plain VALUE {'pk': ''}"),
    invalid(
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
    ),
  );
  assert.equal(
    await refused("INSERT INTO nowhere VALUE {'pk': 'a'}"),
    "ResourceNotFoundException: Requested resource not found",
  );
});

test("UPDATE changes an item that is there, and only if the whole WHERE clause holds", async () => {
  covers("dynamodb.ExecuteStatement");
  const { run, send, put, get, refused } = await setUp();
  await put({ pk: S("k"), n: N(5), l: { L: [N(1)] }, ss: { SS: ["a"] }, m: { M: { x: N(1) } } });
  assert.deepEqual(
    await run(
      "UPDATE plain SET n = n + 1 - 2, l = list_append(l, [2, 3]) SET m.x = ?, fresh = if_not_exists(fresh, 'x') SET ss = set_add(ss, <<'b'>>) REMOVE gone WHERE pk = 'k' AND n = 5",
      [S("y")],
    ),
    [],
  );
  assert.deepEqual(await get("k"), {
    pk: S("k"),
    n: N(4),
    l: { L: [N(1), N(2), N(3)] },
    ss: { SS: ["a", "b"] },
    m: { M: { x: S("y") } },
    fresh: S("x"),
  });
  const failed = "ConditionalCheckFailedException: The conditional request failed";
  assert.equal(await refused("UPDATE plain SET n = 1 WHERE pk = 'none'"), failed);
  assert.equal(await get("none"), undefined);
  assert.equal(await refused("UPDATE plain SET n = 1 WHERE pk = 'k' AND n > 100"), failed);
  const error = await refusalError(
    send("FROM plain WHERE pk = 'k' AND n > 100 SET n = 1", undefined, {
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    }),
  );
  assert(error instanceof ConditionalCheckFailedException);
  assert.equal(error.Item!["n"]!.N, "4");
  for (const statement of [
    "UPDATE plain SET n = 1",
    "UPDATE plain SET n = 1 WHERE n = 4",
    "UPDATE plain SET n = 1 WHERE pk > 'a'",
    "UPDATE plain SET n = 1 WHERE pk = 'k' OR pk = 'k'",
    "UPDATE indexed SET n = 1 WHERE pk = 'k'",
    "FROM plain SET n = 1",
    "DELETE FROM plain",
  ]) {
    assert.equal(
      await refused(statement),
      invalid("Where clause does not contain a mandatory equality on all key attributes"),
      statement,
    );
  }
  const cases: [statement: string, message: string][] = [
    [
      "UPDATE plain SET n = 1 WHERE pk = 'k' AND pk = 'l'",
      "Multiple conditions on same key pk. Only single item Update/Insert/Delete are supported",
    ],
    [
      "UPDATE plain SET n = 1 WHERE pk = 5",
      "Key attribute's data type should match its data type in table's schema: Key pk",
    ],
    [
      "UPDATE plain SET pk = 'l' WHERE pk = 'k'",
      "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key",
    ],
    [
      "UPDATE plain SET n = m + 1 WHERE pk = 'k'",
      "An operand in the update expression has an incorrect data type",
    ],
    [
      "UPDATE plain SET a = b WHERE pk = 'k'",
      "The provided expression refers to an attribute that does not exist in the item",
    ],
    [
      "UPDATE plain SET a.b.c = 1 WHERE pk = 'k'",
      "The document path provided in the update expression is invalid for update",
    ],
    [
      "UPDATE plain SET ss = set_add(ss, <<1>>) WHERE pk = 'k'",
      "An operand in the update expression has an incorrect data type",
    ],
  ];
  for (const [statement, message] of cases) {
    assert.equal(await refused(statement), invalid(message), statement);
  }
});

test("RETURNING gives what was there before or afterwards, whole or what changed", async () => {
  covers("dynamodb.ExecuteStatement");
  const { run, put } = await setUp();
  await put({ pk: S("k"), a: N(1), b: N(1) });
  const cases: [returning: string, items: Attributes[]][] = [
    ["ALL OLD", [{ pk: S("k"), a: N(1), b: N(1) }]],
    ["ALL NEW", [{ pk: S("k"), a: N(3), b: N(1) }]],
    ["MODIFIED OLD", [{ a: N(3) }]],
    ["MODIFIED NEW", [{ a: N(5) }]],
  ];
  for (const [returning, items] of cases) {
    const statement = `UPDATE plain SET a = a + 1 WHERE pk = 'k' RETURNING ${returning} *`;
    assert.deepEqual(await run(statement), items, returning);
  }
  const nothing = "UPDATE plain REMOVE none WHERE pk = 'k' RETURNING MODIFIED NEW *";
  assert.deepEqual(await run(nothing), []);
  assert.deepEqual(await run("DELETE FROM plain WHERE pk = 'k' RETURNING ALL OLD *"), [
    { pk: S("k"), a: N(5), b: N(1) },
  ]);
  assert.deepEqual(await run("DELETE FROM plain WHERE pk = 'k' RETURNING ALL OLD *"), []);
});

test("DELETE takes an item away if the whole WHERE clause holds", async () => {
  covers("dynamodb.ExecuteStatement");
  const { run, put, get, refused } = await setUp();
  await put({ pk: S("k"), a: N(1) });
  assert.equal(
    await refused("DELETE FROM plain WHERE pk = 'k' AND attribute_not_exists(a)"),
    "ConditionalCheckFailedException: The conditional request failed",
  );
  assert.notEqual(await get("k"), undefined);
  assert.deepEqual(await run("DELETE FROM plain WHERE pk = 'k' AND a IS NOT MISSING"), []);
  assert.equal(await get("k"), undefined);
  assert.deepEqual(await run("DELETE FROM plain WHERE pk = 'k' AND a = 1"), []);
});

test("SELECT reads what the WHERE clause asks for", async () => {
  covers("dynamodb.ExecuteStatement");
  const { run } = await withItems();
  const cases: [where: string, found: string[]][] = [
    ["pk = 'a' AND sk = 3", ["a3"]],
    ["pk = 'a' AND sk = 9", []],
    ["3 = sk AND 'a' = pk", ["a3"]],
    ["pk = 'a' AND sk > 1 AND sk <= 3", ["a2", "a3"]],
    ["pk = 'a' AND sk BETWEEN 1 AND 2", ["a1", "a2"]],
    ["pk = 'a' AND sk IN [3, 1]", ["a1", "a3"]],
    ["pk = 'a' AND sk <> 0 AND v = 0", ["a2", "a4"]],
    ["pk = 'a' AND pk = 'b'", []],
    ["pk IN ['b', 'a'] AND sk = 1", ["a1", "b1"]],
    ["(pk = 'b' OR pk = 'a') AND (sk = 0 OR sk = 4)", ["a0", "a4", "b0", "b4"]],
    ["pk = 'a' AND sk < 1 OR pk = 'b' AND sk > 3", ["a0", "b4"]],
    ["pk = 'a' AND NOT sk = 1 OR pk = 'a' AND sk = 2", ["a0", "a2", "a3", "a4"]],
    ["pk = 'a' AND m.x = 2 AND els[1].c = 2", ["a2"]],
    ["pk = 'a' AND begins_with(l, 'l')", ["a0", "a2", "a4"]],
    ["pk = 'a' AND l IS MISSING", ["a1", "a3"]],
    ["pk = 'a' AND size(note) = 2 AND contains(note, '4') = true", ["a4"]],
    ["pk = 'b' AND attribute_type(v, 'N') AND v IS NUMERIC AND v IS NOT STRING AND sk < 1", ["b0"]],
  ];
  for (const [where, found] of cases) {
    assert.deepEqual(notes(await run(`SELECT * FROM "indexed" WHERE ${where}`)), found, where);
  }
  const unordered: [where: string, found: string[]][] = [
    ["", ["a0", "a1", "a2", "a3", "a4", "b0", "b1", "b2", "b3", "b4"]],
    ["WHERE sk = 1", ["a1", "b1"]],
    ["WHERE v = 1 AND NOT pk = 'a'", ["b1", "b3"]],
    ["WHERE pk = 'a' AND sk = 0 OR note = 'b2'", ["a0", "b2"]],
  ];
  for (const [where, found] of unordered) {
    assert.deepEqual(notes(await run(`SELECT * FROM indexed ${where}`)).toSorted(), found, where);
  }
});

test("SELECT lifts what it names to the top", async () => {
  covers("dynamodb.ExecuteStatement");
  const { run } = await withItems();
  const select = async (list: string): Promise<Attributes[] | undefined> =>
    run(`SELECT ${list} FROM indexed WHERE pk = 'a' AND sk = 2`);
  assert.deepEqual(await select("pk, m.x, els[1].c"), [
    { pk: S("a"), x: N(2), "els[1]": { M: { c: N(2) } } },
  ]);
  assert.deepEqual(await select("els[0], m['x']"), [{ "els[0]": S("first"), x: N(2) }]);
  assert.deepEqual(await select("absent"), [{}]);
  assert.deepEqual(await select("m.absent, els[7]"), [{}]);
});

test("ORDER BY turns round the sort key, and the partitions", async () => {
  covers("dynamodb.ExecuteStatement");
  const { run, refused } = await withItems();
  const ordered = async (rest: string): Promise<string[]> =>
    notes(await run(`SELECT note FROM indexed WHERE ${rest}`));
  assert.deepEqual(await ordered("pk = 'a' AND sk > 2 ORDER BY sk DESC"), ["a4", "a3"]);
  assert.deepEqual(await ordered("pk = 'a' AND sk > 2 ORDER BY sk ASC"), ["a3", "a4"]);
  assert.deepEqual(await ordered("pk IN ['a', 'b'] AND sk IN [1, 3] ORDER BY pk DESC, sk"), [
    "b1",
    "b3",
    "a1",
    "a3",
  ]);
  assert.deepEqual(await ordered("pk IN ['a', 'b'] AND sk IN [1, 3] ORDER BY sk DESC"), [
    "a3",
    "a1",
    "b3",
    "b1",
  ]);
  assert.equal(
    await refused("SELECT * FROM indexed WHERE pk = 'a' ORDER BY v"),
    invalid("Variable reference v in ORDER BY clause must be part of the primary key"),
  );
  assert.equal(
    await refused("SELECT * FROM indexed WHERE v = 1 ORDER BY sk"),
    invalid(
      "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
    ),
  );
});

test("SELECT reads indexes, and only local ones reach back to the table", async () => {
  covers("dynamodb.ExecuteStatement");
  const { run, refused } = await withItems();
  assert.deepEqual(
    notes(await run(`SELECT note FROM "indexed"."by-g" WHERE g = 'G' AND v = 0`)).toSorted(),
    ["a0", "a2", "a4"],
  );
  assert.deepEqual(
    await run(`SELECT * FROM indexed."by-l" WHERE pk = 'a' AND l > 'l1' ORDER BY l DESC`),
    [
      { pk: S("a"), sk: N(4), l: S("l4") },
      { pk: S("a"), sk: N(2), l: S("l2") },
    ],
  );
  assert.deepEqual(await run(`SELECT note FROM indexed."by-l" WHERE pk = 'a' AND l = 'l2'`), [
    { note: S("a2") },
  ]);
  // A scan of an index finds what it does not hold absent.
  assert.deepEqual(await run(`SELECT pk FROM indexed."by-h" WHERE v = 0`), []);
  const cases: [statement: string, message: string, consistent?: boolean][] = [
    [
      `SELECT v, m FROM indexed."by-h" WHERE h = 7`,
      "One or more parameter values were invalid: Global secondary index by-h does not project [v, m]",
    ],
    [
      `SELECT pk FROM indexed."by-h" WHERE h = 7 AND v = 0`,
      "One or more parameter values were invalid: Secondary index by-h does not project one or more filter attributes: [v]",
    ],
    [
      `SELECT pk FROM indexed."by-h" WHERE h IN [7, 8] AND NOT v = 0`,
      "One or more parameter values were invalid: Secondary index by-h does not project one or more filter attributes: [v]",
    ],
    [
      `SELECT pk FROM indexed."by-g" WHERE g = 'G'`,
      "Consistent reads are not supported on global secondary indexes",
      true,
    ],
    [`SELECT * FROM indexed."by-x"`, "The table does not have the specified index: by-x"],
  ];
  for (const [statement, message, consistent] of cases) {
    const more = consistent === undefined ? {} : { ConsistentRead: consistent };
    assert.equal(await refused(statement, undefined, more), invalid(message), statement);
  }
});

test("what no key can be, and ranges that overlap, are refused", async () => {
  covers("dynamodb.ExecuteStatement");
  const { refused } = await withItems();
  const wrongType = "Key attribute's data type should match its data type in table's schema: Key";
  const overlap = "Overlapping conditions with range keys are not supported in where clause";
  const cases: [where: string, message: string][] = [
    ["pk = 1", `${wrongType} pk`],
    ["pk = 'a' AND sk > 'x'", `${wrongType} sk`],
    [
      "sk > 'x'",
      "One or more parameter values were invalid: Condition parameter type does not match schema type",
    ],
    ["pk = 'a' AND v = 1 OR pk = 'a' AND sk = 2", overlap],
    ["pk = 'a' AND v <> 1 OR pk = 'a' AND sk = 2", overlap],
    [
      "pk.x = 1",
      "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
    ],
  ];
  for (const [where, message] of cases) {
    assert.equal(await refused(`SELECT * FROM indexed WHERE ${where}`), invalid(message), where);
  }
});

test("capacity is counted where it is used", async () => {
  covers("dynamodb.ExecuteStatement");
  const { send } = await withItems();
  const capacity = async (statement: string, more: object = {}) =>
    (await send(statement, undefined, { ReturnConsumedCapacity: "INDEXES", ...more }))
      .ConsumedCapacity;
  assert.deepEqual(await capacity("SELECT * FROM indexed WHERE pk = 'a' AND sk = 1"), {
    TableName: "indexed",
    CapacityUnits: 0.5,
    Table: { CapacityUnits: 0.5 },
  });
  const twoRanges = "SELECT * FROM indexed WHERE pk IN ['a', 'b']";
  assert.equal((await capacity(twoRanges, { ConsistentRead: true }))!.CapacityUnits, 2);
  assert.deepEqual(await capacity(`SELECT note FROM indexed."by-l" WHERE pk = 'a' AND l = 'l2'`), {
    TableName: "indexed",
    CapacityUnits: 1,
    Table: { CapacityUnits: 0.5 },
    LocalSecondaryIndexes: { "by-l": { CapacityUnits: 0.5 } },
  });
  assert.deepEqual(await capacity("DELETE FROM plain WHERE pk = 'none'"), {
    TableName: "plain",
    CapacityUnits: 1,
    Table: { CapacityUnits: 1 },
  });
});
