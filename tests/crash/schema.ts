import type { AttributeValue, CreateTableCommandInput } from "@aws-sdk/client-dynamodb";

/** The table that all writers share: one local index, two global ones, a third that comes and goes. */
export const mainTable = {
  TableName: "main",
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "sk", AttributeType: "N" },
    { AttributeName: "g", AttributeType: "S" },
    { AttributeName: "h", AttributeType: "N" },
    { AttributeName: "l", AttributeType: "S" },
  ],
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: "by-g",
      KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
      Projection: { ProjectionType: "ALL" },
    },
    {
      IndexName: "by-h",
      KeySchema: [
        { AttributeName: "h", KeyType: "HASH" },
        { AttributeName: "g", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["version"] },
    },
  ],
  LocalSecondaryIndexes: [
    {
      IndexName: "by-l",
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "l", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "KEYS_ONLY" },
    },
  ],
  StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
} as const satisfies CreateTableCommandInput;

/** What an index asks of an item, and what it keeps of it: everything where `keeps` is undefined. */
export interface ExpectedIndex {
  readonly name: string;
  readonly keys: readonly string[];
  readonly keeps: readonly string[] | undefined;
}

/** The index that comes and goes. */
export const passingIndex: ExpectedIndex = {
  name: "by-version",
  keys: ["version"],
  keeps: ["pk", "sk", "version"],
};

export const lastingIndexes: readonly ExpectedIndex[] = [
  { name: "by-g", keys: ["g"], keeps: undefined },
  { name: "by-h", keys: ["h", "g"], keeps: ["pk", "sk", "h", "g", "version"] },
  { name: "by-l", keys: ["pk", "l"], keeps: ["pk", "sk", "l"] },
];

export type Item = Record<string, AttributeValue>;

/** An item's own key, as one word. */
export function nameOf(item: Item): string {
  return `${item["pk"]?.S ?? "?"}/${item["sk"]?.N ?? "?"}`;
}

export function keyOf(name: string): Item {
  const [pk, sk] = name.split("/") as [string, string];
  return { pk: { S: pk }, sk: { N: sk } };
}

/** The same text for the same item, whatever the order of its attributes. */
export function textOf(item: Item | undefined): string {
  if (item === undefined) return "nothing";
  const names = Object.keys(item).sort();
  return JSON.stringify(names.map((name) => [name, item[name]]));
}

/** A problem's text shows where items differ, not their kilobytes. */
export function shortTextOf(item: Item | undefined): string {
  return textOf(item).replaceAll(/x{20,}/g, (run) => `x*${run.length}`);
}
