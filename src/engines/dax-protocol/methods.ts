/*
 * The names that numbers have on the wire. A request is the service (1), a method's id, and the method's parameters;
 * the optional ones share a map at its end.
 */

/** How many values follow a method's id. */
interface Method {
  readonly name: MethodName;
  readonly parameters: number;
}

export type MethodName =
  | "authorizeConnection"
  | "batchGetItem"
  | "batchWriteItem"
  | "defineAttributeList"
  | "defineAttributeListId"
  | "defineKeySchema"
  | "deleteItem"
  | "endpoints"
  | "getItem"
  | "putItem"
  | "query"
  | "scan"
  | "transactGetItems"
  | "transactWriteItems"
  | "updateItem";

export const methods: ReadonlyMap<number, Method> = new Map<number, Method>([
  [1489122155, { name: "authorizeConnection", parameters: 5 }],
  [-697851100, { name: "batchGetItem", parameters: 2 }],
  [116217951, { name: "batchWriteItem", parameters: 2 }],
  [670678385, { name: "defineAttributeList", parameters: 1 }],
  [-1230579644, { name: "defineAttributeListId", parameters: 1 }],
  [-742646399, { name: "defineKeySchema", parameters: 1 }],
  [1013539361, { name: "deleteItem", parameters: 3 }],
  [455855874, { name: "endpoints", parameters: 0 }],
  [263244906, { name: "getItem", parameters: 3 }],
  [-2106490455, { name: "putItem", parameters: 4 }],
  [-931250863, { name: "query", parameters: 3 }],
  [-1875390620, { name: "scan", parameters: 2 }],
  [1866287579, { name: "transactGetItems", parameters: 4 }],
  [-1160037738, { name: "transactWriteItems", parameters: 9 }],
  [1425579023, { name: "updateItem", parameters: 3 }],
]);

/** The keys of the map of optional parameters. */
export const option = {
  projection: 0,
  names: 1,
  consistentRead: 2,
  returnConsumedCapacity: 3,
  condition: 4,
  values: 5,
  returnItemCollectionMetrics: 6,
  returnValues: 7,
  update: 8,
  exclusiveStartKey: 9,
  filter: 10,
  indexName: 11,
  keyCondition: 12,
  limit: 13,
  scanIndexForward: 14,
  select: 15,
  segment: 16,
  totalSegments: 17,
  requestItems: 18,
  clientRequestToken: 19,
} as const;

/** The keys of a response's map. */
export const answer = {
  item: 0,
  consumedCapacity: 1,
  attributes: 2,
  itemCollectionMetrics: 3,
  items: 7,
  count: 8,
  lastEvaluatedKey: 9,
  scannedCount: 10,
} as const;

export const returnConsumedCapacity = ["NONE", "TOTAL", "INDEXES"] as const;
export const returnItemCollectionMetrics = ["NONE", "SIZE"] as const;
export const returnValues = [
  undefined,
  "NONE",
  "ALL_OLD",
  "UPDATED_OLD",
  "ALL_NEW",
  "UPDATED_NEW",
] as const;
export const select = [
  undefined,
  "ALL_ATTRIBUTES",
  "ALL_PROJECTED_ATTRIBUTES",
  "COUNT",
  "SPECIFIC_ATTRIBUTES",
] as const;
/** Of an action in a transaction. */
export const returnValuesOnFailure = [undefined, "NONE", "ALL_OLD"] as const;
/** What an action of a transaction does. */
export const action = { put: 2, delete: 7, update: 9, check: 12 } as const;

/** The keys of the consumed capacity of a transaction. */
export const capacity = {
  capacityUnits: 1,
  readCapacityUnits: 2,
  writeCapacityUnits: 3,
  tableName: 4,
  table: 5,
  globalSecondaryIndexes: 6,
  localSecondaryIndexes: 7,
} as const;

/** Sets stand under these tags, as arrays; a list's index within a document path under the last. */
export const tag = { stringSet: 3321, numberSet: 3322, binarySet: 3323, listIndex: 3324 } as const;
