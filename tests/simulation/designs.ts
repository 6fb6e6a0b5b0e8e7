import type { CreateTableInput } from "#models/dynamodb.ts";

export type Value = { readonly S: string } | { readonly N: string };
export type Image = Readonly<Record<string, Value>>;

/** An index as tests know it: which attributes make its key, and what it keeps of an item. */
export interface IndexDesign {
  readonly name: string;
  readonly isGlobal: boolean;
  /** With its type. One partition attribute, then the sort attribute if there is one. */
  readonly key: readonly (readonly [name: string, type: "S" | "N"])[];
  /** Besides keys; undefined keeps everything. */
  readonly keeps: readonly string[] | undefined;
}

/** A table as tests know it. Its primary key is `pk` (S), and `sk` (N) where `sortKeys` is not 0. */
export interface TableDesign {
  readonly name: string;
  readonly partitions: number;
  readonly sortKeys: number;
  readonly indexes: readonly IndexDesign[];
}

const byG: IndexDesign = { name: "by-g", isGlobal: true, key: [["g", "S"]], keeps: undefined };
const byGAndN: IndexDesign = {
  name: "by-g-n",
  isGlobal: true,
  key: [
    ["g", "S"],
    ["n", "N"],
  ],
  keeps: ["v"],
};
const byL: IndexDesign = {
  name: "by-l",
  isGlobal: false,
  key: [
    ["pk", "S"],
    ["l", "S"],
  ],
  keeps: [],
};

/** It comes and goes; not every item's `w` is a number. */
export const passingIndex: IndexDesign = {
  name: "by-w",
  isGlobal: true,
  key: [["w", "N"]],
  keeps: undefined,
};

export const designs: readonly TableDesign[] = [
  // Enough items that filling an index and sweeping a table take several steps.
  { name: "wide", partitions: 260, sortKeys: 0, indexes: [byG] },
  { name: "local", partitions: 4, sortKeys: 5, indexes: [byL, byG, byGAndN] },
  { name: "plain", partitions: 12, sortKeys: 0, indexes: [] },
];

export function designOf(tableName: string): TableDesign {
  return designs.find((design) => design.name === tableName)!;
}

export function keyOf(item: Image): Image {
  const { pk, sk } = item as { pk: Value; sk?: Value };
  return sk === undefined ? { pk } : { pk, sk };
}

/** An item's own key as one word. */
export function nameOf(item: Image): string {
  return JSON.stringify(keyOf(item));
}

/** What an index holds of an item, or undefined if the item is not in it. */
export function entryOf(index: IndexDesign, item: Image): Image | undefined {
  for (const [name, type] of index.key) {
    const value = item[name];
    if (value === undefined || !(type in value)) return undefined;
  }
  const { keeps } = index;
  if (keeps === undefined) return item;
  const kept = new Set(["pk", "sk", ...keeps, ...index.key.map(([name]) => name)]);
  return Object.fromEntries(Object.entries(item).filter(([name]) => kept.has(name)));
}

export function createTableInput(design: TableDesign): CreateTableInput {
  const types = new Map<string, "S" | "N">([["pk", "S"]]);
  if (design.sortKeys > 0) types.set("sk", "N");
  for (const index of design.indexes) for (const [name, type] of index.key) types.set(name, type);
  const indexes = (isGlobal: boolean) =>
    design.indexes.filter((index) => index.isGlobal === isGlobal).map(indexInput);
  const input: CreateTableInput = {
    TableName: design.name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: Array.from(types, ([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      ...(design.sortKeys > 0 ? [{ AttributeName: "sk", KeyType: "RANGE" as const }] : []),
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
  };
  if (indexes(true).length > 0) input.GlobalSecondaryIndexes = indexes(true);
  if (indexes(false).length > 0) input.LocalSecondaryIndexes = indexes(false);
  return input;
}

export function indexInput({ name, key, keeps }: IndexDesign) {
  return {
    IndexName: name,
    KeySchema: key.map(([AttributeName], position) => ({
      AttributeName,
      KeyType: position === 0 ? ("HASH" as const) : ("RANGE" as const),
    })),
    Projection:
      keeps === undefined
        ? { ProjectionType: "ALL" as const }
        : keeps.length === 0
          ? { ProjectionType: "KEYS_ONLY" as const }
          : { ProjectionType: "INCLUDE" as const, NonKeyAttributes: [...keeps] },
  };
}
