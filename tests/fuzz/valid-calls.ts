import type { SeededRandom } from "#world/seeded-random.ts";
import { bound, conditions, projections, updates } from "./expressions.ts";
import type { Call, Json, JsonObject } from "./json.ts";
import { pick } from "./pick.ts";
import { mainTable, plainTable } from "./tables.ts";

/** A call that is right as it stands, of any operation that there is; some of them meet what is not there. */
export function validCall(random: SeededRandom): Call {
  const drawn = random.below(totalWeight);
  let sum = 0;
  const [operation, , input] = calls.find(([, weight]) => (sum += weight) > drawn)!;
  return { operation, input: input(random) };
}

const calls: readonly [operation: string, weight: number, (random: SeededRandom) => JsonObject][] =
  [
    ["PutItem", 14, putItem],
    ["UpdateItem", 18, updateItem],
    ["DeleteItem", 6, deleteItem],
    ["GetItem", 8, getItem],
    ["Query", 16, query],
    ["Scan", 8, scan],
    ["BatchGetItem", 4, batchGetItem],
    ["BatchWriteItem", 4, batchWriteItem],
    ["TransactGetItems", 4, transactGetItems],
    ["TransactWriteItems", 8, transactWriteItems],
    ["CreateTable", 3, createTable],
    ["UpdateTable", 3, updateTable],
    ["DeleteTable", 1, (random) => ({ TableName: pick(random, passingTables) })],
    ["DescribeTable", 2, (random) => ({ TableName: tableName(random) })],
    ["ListTables", 1, () => ({ Limit: 3, ExclusiveStartTableName: "main" })],
    ["TagResource", 1, (random) => ({ ...resource(random), Tags: [{ Key: "k", Value: "v" }] })],
    ["UntagResource", 1, (random) => ({ ...resource(random), TagKeys: ["k"] })],
    ["ListTagsOfResource", 1, (random) => resource(random)],
    ["DescribeLimits", 1, () => ({})],
    ["DescribeEndpoints", 1, () => ({})],
  ];
const totalWeight = calls.reduce((sum, [, weight]) => sum + weight, 0);

export const operationNames: readonly string[] = calls.map(([operation]) => operation);

const passingTables = ["passing-0", "passing-1", "passing-2"];

const tableName = (random: SeededRandom): string =>
  pick(random, ["main", "main", "plain", ...passingTables]);

const resource = (random: SeededRandom): JsonObject => ({
  ResourceArn: `arn:aws:dynamodb:us-east-1:111111111111:table/${tableName(random)}`,
});

const capacity = (random: SeededRandom): JsonObject => ({
  ReturnConsumedCapacity: pick(random, ["INDEXES", "TOTAL", "NONE"]),
});

function key(random: SeededRandom): JsonObject {
  return { pk: { S: `p${random.below(4)}` }, sk: { N: pick(random, numbers) } };
}

const numbers = ["0", "1", "-1", "2.5", "1e20", "-3E-7", "007", "100"];

/** With the indexes' keys more often than not, and something of every type. */
function item(random: SeededRandom): JsonObject {
  const all: JsonObject = {
    ...key(random),
    g: { S: `g${random.below(3)}` },
    h: { N: pick(random, numbers) },
    b: { B: pick(random, ["AAE=", "/w==", "AQID"]) },
    l: { S: `l${random.below(5)}` },
    note: { S: "x".repeat(random.below(300)) },
    things: { L: [{ N: "1" }, { S: "two" }, { M: { deep: { L: [{ NULL: true }] } } }] },
    map: { M: { a: { N: "1" }, b: { M: { c: { BOOL: false } } } } },
    words: { SS: ["one", "two"] },
    sizes: { NS: ["1", "2.0", "-3"] },
    bytes: { BS: ["AA==", "AQ=="] },
    count: { N: "5" },
  };
  for (const name of Object.keys(all))
    if (name !== "pk" && name !== "sk" && random.chance(0.2)) delete all[name];
  return all;
}

function condition(random: SeededRandom): JsonObject {
  if (random.chance(0.5)) return {};
  const ConditionExpression = pick(random, conditions);
  const ReturnValuesOnConditionCheckFailure = pick(random, ["ALL_OLD", "NONE"]);
  return {
    ConditionExpression,
    ReturnValuesOnConditionCheckFailure,
    ...bound(ConditionExpression),
  };
}

function putItem(random: SeededRandom): JsonObject {
  const extras = { ReturnValues: "ALL_OLD", ReturnItemCollectionMetrics: "SIZE" };
  if (random.chance(0.1)) {
    const Item = { id: { B: pick(random, ["AAE=", "AQ=="]) }, any: { S: "thing" } };
    return { TableName: "plain", Item, ...extras };
  }
  if (random.chance(0.1)) {
    const Expected = {
      count: { ComparisonOperator: "GE", AttributeValueList: [{ N: "1" }] },
      g: { Exists: false },
    };
    return { TableName: "main", Item: item(random), Expected, ConditionalOperator: "OR" };
  }
  const TableName = "main";
  return { TableName, Item: item(random), ...condition(random), ...extras, ...capacity(random) };
}

function updateItem(random: SeededRandom): JsonObject {
  const head = { TableName: "main", Key: key(random), ...capacity(random) };
  const ReturnValues = pick(random, ["ALL_NEW", "UPDATED_OLD", "UPDATED_NEW", "ALL_OLD", "NONE"]);
  if (random.chance(0.15)) {
    const AttributeUpdates: JsonObject = {
      count: { Action: "ADD", Value: { N: "1" } },
      words: { Action: "DELETE", Value: { SS: ["one"] } },
      g: { Action: "PUT", Value: { S: "g9" } },
    };
    const Expected = { g: { Exists: false } };
    return { ...head, AttributeUpdates, ReturnValues, ...(random.chance(0.3) ? { Expected } : {}) };
  }
  const UpdateExpression = pick(random, updates);
  const ConditionExpression = random.chance(0.3) ? pick(random, conditions) : undefined;
  return {
    ...head,
    UpdateExpression,
    ...(ConditionExpression === undefined ? {} : { ConditionExpression }),
    ...bound(UpdateExpression, ConditionExpression),
    ReturnValues,
  };
}

function deleteItem(random: SeededRandom): JsonObject {
  const ReturnValues = "ALL_OLD";
  return { TableName: "main", Key: key(random), ReturnValues, ...condition(random) };
}

function getItem(random: SeededRandom): JsonObject {
  const head = { TableName: "main", Key: key(random), ...capacity(random) };
  if (random.chance(0.2)) return { ...head, AttributesToGet: ["pk", "note"] };
  const ProjectionExpression = pick(random, projections);
  return random.chance(0.5)
    ? { ...head, ConsistentRead: true }
    : { ...head, ProjectionExpression, ...bound(ProjectionExpression) };
}

const ranges: readonly [index: string | undefined, keyCondition: string][] = [
  [undefined, "pk = :p AND sk > :low"],
  [undefined, "pk = :p AND sk BETWEEN :low AND :n"],
  ["by-g", "g = :s AND h <= :n"],
  ["by-h", "h = :n AND begins_with(b, :b)"],
  ["by-l", "pk = :p AND begins_with(l, :lx)"],
];

function query(random: SeededRandom): JsonObject {
  const paging: JsonObject = {
    Limit: 1 + random.below(5),
    ScanIndexForward: random.chance(0.5),
    ...capacity(random),
  };
  if (random.chance(0.15)) {
    const KeyConditions: JsonObject = {
      pk: { ComparisonOperator: "EQ", AttributeValueList: [{ S: "p1" }] },
      sk: { ComparisonOperator: "BETWEEN", AttributeValueList: [{ N: "-5" }, { N: "5" }] },
    };
    const QueryFilter = { g: { ComparisonOperator: "NOT_NULL" } };
    return { TableName: "main", KeyConditions, QueryFilter, ...paging };
  }
  const [IndexName, KeyConditionExpression] = pick(random, ranges);
  const FilterExpression = random.chance(0.3) ? "size(#n) > :n OR #c < :n" : undefined;
  return {
    TableName: "main",
    ...(IndexName === undefined ? {} : { IndexName }),
    KeyConditionExpression,
    ...(FilterExpression === undefined ? {} : { FilterExpression }),
    ...bound(KeyConditionExpression, FilterExpression),
    ...startKey(random, IndexName),
    ...paging,
  };
}

function startKey(random: SeededRandom, IndexName: string | undefined): JsonObject {
  if (random.chance(0.6)) return {};
  const ofIndex: Readonly<Record<string, JsonObject>> = {
    "by-g": { g: { S: "g1" }, h: { N: "1" } },
    "by-h": { h: { N: "3" }, b: { B: "AQID" } },
    "by-l": { l: { S: "l1" } },
  };
  const own = { pk: { S: "p1" }, sk: { N: pick(random, ["0", "1", "2.5"]) } };
  return { ExclusiveStartKey: { ...own, ...ofIndex[IndexName ?? ""] } };
}

function scan(random: SeededRandom): JsonObject {
  const IndexName = pick(random, [undefined, "by-g", "by-h", "by-l"]);
  const segments = random.chance(0.4) ? { Segment: random.below(3), TotalSegments: 3 } : {};
  const FilterExpression = pick(random, conditions);
  return {
    TableName: "main",
    ...(IndexName === undefined ? {} : { IndexName }),
    ...segments,
    ...(random.chance(0.4) ? { FilterExpression, ...bound(FilterExpression) } : {}),
    ...(random.chance(0.2) ? { Select: "COUNT" } : {}),
    ...startKey(random, IndexName),
    Limit: 1 + random.below(8),
  };
}

function batchGetItem(random: SeededRandom): JsonObject {
  const ProjectionExpression = pick(random, projections);
  const main = {
    Keys: [
      { pk: { S: "p0" }, sk: { N: "1" } },
      { pk: { S: "p1" }, sk: { N: pick(random, numbers) } },
    ],
    ProjectionExpression,
    ...bound(ProjectionExpression),
  };
  const plain = { Keys: [{ id: { B: "AQ==" } }], ConsistentRead: true };
  return { RequestItems: { main, plain }, ...capacity(random) };
}

function batchWriteItem(random: SeededRandom): JsonObject {
  const requests = Array.from({ length: 1 + random.below(6) }, () =>
    random.chance(0.7)
      ? { PutRequest: { Item: item(random) } }
      : { DeleteRequest: { Key: key(random) } },
  );
  return { RequestItems: { main: requests }, ReturnItemCollectionMetrics: "SIZE" };
}

function transactGetItems(random: SeededRandom): JsonObject {
  const ProjectionExpression = pick(random, projections);
  const get = { TableName: "main", Key: key(random), ProjectionExpression };
  const plain = { TableName: "plain", Key: { id: { B: "AQ==" } } };
  return {
    TransactItems: [{ Get: { ...get, ...bound(ProjectionExpression) } }, { Get: plain }],
    ...capacity(random),
  };
}

function transactWriteItems(random: SeededRandom): JsonObject {
  const UpdateExpression = pick(random, updates);
  const actions: readonly (() => Json)[] = [
    () => ({ Put: { TableName: "main", Item: item(random), ...condition(random) } }),
    () => ({
      Update: {
        TableName: "main",
        Key: key(random),
        UpdateExpression,
        ...bound(UpdateExpression),
      },
    }),
    () => ({ Delete: { TableName: "main", Key: key(random), ...condition(random) } }),
    () => ({
      ConditionCheck: {
        TableName: "main",
        Key: key(random),
        ConditionExpression: "attribute_not_exists(zzz)",
      },
    }),
  ];
  const TransactItems = Array.from({ length: 1 + random.below(4) }, () => pick(random, actions)());
  const ClientRequestToken = `token-${random.below(200)}`;
  return { TransactItems, ...(random.chance(0.3) ? { ClientRequestToken } : {}) };
}

function createTable(random: SeededRandom): JsonObject {
  const definition = pick<JsonObject>(random, [mainTable, plainTable]);
  const TableName = pick(random, ["main", "plain", ...passingTables]);
  return { ...definition, TableName, Tags: [{ Key: "a", Value: "b" }] };
}

function updateTable(random: SeededRandom): JsonObject {
  const IndexName = `extra-${random.below(3)}`;
  const Create: JsonObject = {
    IndexName,
    KeySchema: [{ AttributeName: "count", KeyType: "HASH" }],
    Projection: { ProjectionType: pick(random, ["ALL", "KEYS_ONLY"]) },
  };
  const change = random.chance(0.5) ? { Create } : { Delete: { IndexName } };
  const TableName = pick(random, ["main", ...passingTables]);
  return pick<JsonObject>(random, [
    { TableName, DeletionProtectionEnabled: false },
    {
      TableName,
      AttributeDefinitions: [{ AttributeName: "count", AttributeType: "N" }],
      GlobalSecondaryIndexUpdates: [change],
    },
    { TableName, BillingMode: "PAY_PER_REQUEST" },
  ]);
}
