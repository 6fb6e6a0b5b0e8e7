import {
  type AttributeDefinition,
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  type GlobalSecondaryIndexUpdate,
  PutItemCommand,
  SearchVectorsCommand,
  type TableDescription,
  UpdateTableCommand,
  type VectorIndexUpdate,
} from "@aws-sdk/client-dynamodb";
import type { SeededRandom } from "#world/seeded-random.ts";
import type { LiveServer, Load, Round } from "./load.ts";
import type { Problems } from "./problems.ts";
import { type ExpectedIndex, type Item, keyOf, mainTable, nameOf } from "./schema.ts";
import { describeTable, waitUntil } from "./tables-life.ts";
import { readItems, scan, verifyEntries } from "./verify-table.ts";

const TableName = "wide";
const itemsAtFirst = 2_500;
const writers = 6;
const settledWithinMs = 30_000;
const vectorIndex = "near";
/** A search finds so many at most; each group has fewer. */
const nearestAtMost = 100;
const groups = 60;

/** What comes and goes. Some items cannot be in `by-code`: they have it as a number, or empty, or not at all. */
const indexes: readonly (ExpectedIndex & {
  readonly types: Readonly<Record<string, "S" | "N">>;
})[] = [
  { name: "by-group", keys: ["group"], types: { group: "S" }, keeps: undefined },
  {
    name: "by-version",
    keys: ["group", "version"],
    types: { group: "S", version: "N" },
    keeps: ["pk", "sk", "group", "version"],
  },
  {
    name: "by-code",
    keys: ["code"],
    types: { code: "S" },
    keeps: ["pk", "sk", "code", "version"],
  },
];

/** Whether an index is there, as far as that was acknowledged. */
type State = "absent" | "present" | "unknown";

/**
 * A table of many items to which UpdateTable gives indexes, three global ones and a vector index, and takes them away again,
 * also before they are filled, while the server dies: each that is there in the end holds what the items imply.
 */
export class FilledIndexes implements Load {
  readonly clients: readonly Round[];
  readonly longestLifeMs = 1_000;
  readonly #random: SeededRandom;
  readonly #problems: Problems;
  readonly #states = new Map<string, State>(
    [...indexes.map(({ name }) => name), vectorIndex].map((name) => [name, "absent"]),
  );
  #versions = 0;
  #created = 0;
  #filled = 0;
  #cutOff = 0;

  constructor(random: SeededRandom, problems: Problems) {
    this.#random = random;
    this.#problems = problems;
    this.clients = [
      ...Array.from(
        { length: writers },
        (): Round =>
          ({ client }) =>
            this.#write(client),
      ),
      ({ client }) => this.#changeIndex(client).then(() => 0),
    ];
  }

  figures(): Record<string, number> {
    return {
      "indexes created": this.#created,
      "seen filled": this.#filled,
      "found half filled after a kill": this.#cutOff,
    };
  }

  async prepare({ client }: LiveServer): Promise<void> {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: mainTable.AttributeDefinitions.slice(0, 2),
        KeySchema: [...mainTable.KeySchema],
      }),
    );
    await waitUntil(client, TableName, (table) => table?.TableStatus === "ACTIVE");
    for (let from = 0; from < itemsAtFirst; from += 25) {
      const batch = Array.from({ length: 25 }, (_, at) => ({
        PutRequest: { Item: this.#item(`item ${from}/${at}`) },
      }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: batch } }));
    }
  }

  async verify({ client }: LiveServer): Promise<void> {
    const atFirst = await describeTable(client, TableName);
    if (statesOf(atFirst).some(([, status]) => status === "CREATING")) this.#cutOff += 1;
    const until = Date.now() + settledWithinMs;
    let table = atFirst;
    while (!isSettled(table)) {
      if (Date.now() > until) {
        this.#problems.add("stuck", `${TableName}'s indexes are ${String(statesOf(table))}`);
        return;
      }
      table = await describeTable(client, TableName);
    }
    const found = new Set(statesOf(table).map(([name]) => name));
    for (const [name, state] of this.#states) {
      const is = found.has(name) ? "present" : "absent";
      if (state !== "unknown" && state !== is) {
        this.#problems.add("lost", `the index ${name} is ${is}, acknowledged was ${state}`);
      }
      this.#states.set(name, is);
    }
    const items = await readItems(client, this.#problems, TableName);
    for (const index of indexes.filter(({ name }) => found.has(name))) {
      const entries = await scan(client, { TableName, IndexName: index.name });
      const fit = new Map([...items].filter(([, item]) => fits(item, index.types)));
      verifyEntries(index, fit, entries, this.#problems);
      this.#verifyCount(table, index.name, entries.length);
    }
    if (found.has(vectorIndex)) await this.#verifyVectors(client, table, items);
  }

  async #write(client: DynamoDBClient): Promise<number> {
    const name = `item ${this.#random.below(itemsAtFirst / 25) * 25}/${this.#random.below(25)}`;
    if (this.#random.chance(0.2)) {
      await client.send(new DeleteItemCommand({ TableName, Key: keyOf(name) }));
    } else {
      await client.send(new PutItemCommand({ TableName, Item: this.#item(name) }));
    }
    return 1;
  }

  /** `code` is right in all items but the first ones: while there is its index, others are refused. */
  #item(name: string): Item {
    const random = this.#random;
    const version = (this.#versions += 1);
    const item: Item = { ...keyOf(name), version: { N: String(version) } };
    if (random.chance(0.8)) item["group"] = { S: `group ${random.below(groups)}` };
    const luck = random.below(10);
    if (luck < 5) item["code"] = { S: `code ${random.below(50)}` };
    else if (version <= itemsAtFirst && luck < 7) item["code"] = { N: String(version) };
    else if (version <= itemsAtFirst && luck < 8) item["code"] = { S: "" };
    if (random.chance(0.7)) item["vector"] = { L: vectorOf(version) };
    item["filling"] = { S: "x".repeat(random.below(1_500)) };
    return item;
  }

  async #changeIndex(client: DynamoDBClient): Promise<void> {
    const names = [...this.#states.keys()];
    const name = names[this.#random.below(names.length)]!;
    const isThere = this.#states.get(name) === "present";
    this.#states.set(name, "unknown");
    await client.send(
      new UpdateTableCommand({ TableName, ...(isThere ? deletion(name) : creation(name)) }),
    );
    this.#states.set(name, isThere ? "absent" : "present");
    if (!isThere) this.#created += 1;
    // Some are taken away again while they are being filled.
    if (!isThere && this.#random.chance(0.3)) {
      await waitUntil(client, TableName, (table) => table?.TableStatus === "ACTIVE");
      this.#states.set(name, "unknown");
      await client.send(new UpdateTableCommand({ TableName, ...deletion(name) }));
      this.#states.set(name, "absent");
    } else if (!isThere) {
      this.#filled += 1;
    }
    await waitUntil(client, TableName, isSettled);
  }

  async #verifyVectors(
    client: DynamoDBClient,
    table: TableDescription | undefined,
    items: ReadonlyMap<string, Item>,
  ): Promise<void> {
    const due = [...items.values()].filter(({ vector, group }) => vector && group);
    this.#verifyCount(table, vectorIndex, due.length);
    for (let group = 0; group < groups; group += 1) {
      const value = { S: `group ${group}` };
      const { SearchResults = [] } = await client.send(
        new SearchVectorsCommand({
          TableName,
          IndexName: vectorIndex,
          SearchVector: vectorOf(0),
          TopK: nearestAtMost,
          SearchConditionExpression: "#group = :group",
          ExpressionAttributeNames: { "#group": "group" },
          ExpressionAttributeValues: { ":group": value },
        }),
      );
      const [found, wanted] = [
        SearchResults.map(({ Item }) => `${nameOf(Item!)} of ${Item!["version"]?.N}`),
        due
          .filter((item) => item["group"]!.S === value.S)
          .map((item) => `${nameOf(item)} of ${item["version"]!.N}`),
      ].map((names) => names.toSorted().join(", "));
      if (found !== wanted) {
        this.#problems.add("index", `${vectorIndex} has in ${value.S} ${found}, not ${wanted}`);
      }
    }
  }

  #verifyCount(table: TableDescription | undefined, name: string, count: number): void {
    const described = [...(table?.GlobalSecondaryIndexes ?? []), ...(table?.VectorIndexes ?? [])];
    const told = described.find(({ IndexName }) => IndexName === name)?.ItemCount;
    if (told !== count) {
      this.#problems.add("index", `${name} is described with ${told} items, has ${count}`);
    }
  }
}

/** All of one length from the origin, so that which is nearest tells nothing. */
function vectorOf(version: number): AttributeValue[] {
  return [version % 7, version % 5, 1].map((number) => ({ N: String(number) }));
}

function fits(item: Item, types: Readonly<Record<string, "S" | "N">>): boolean {
  return Object.entries(types).every(([name, type]) => {
    const value = item[name];
    return value === undefined || (value[type] !== undefined && value.S !== "");
  });
}

interface IndexUpdate {
  readonly AttributeDefinitions?: AttributeDefinition[];
  readonly GlobalSecondaryIndexUpdates?: GlobalSecondaryIndexUpdate[];
  readonly VectorIndexUpdates?: VectorIndexUpdate[];
}

function creation(name: string): IndexUpdate {
  const index = indexes.find((candidate) => candidate.name === name);
  if (index === undefined) {
    return {
      AttributeDefinitions: [{ AttributeName: "group", AttributeType: "S" }],
      VectorIndexUpdates: [
        {
          Create: {
            IndexName: name,
            VectorAttribute: { AttributeName: "vector" },
            SearchSchema: [{ AttributeName: "group", SearchSchemaElementType: "HASH" }],
            Dimensions: 3,
            DistanceFunction: "EUCLIDEAN",
            Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["version"] },
          },
        },
      ],
    };
  }
  const { keys, keeps, types } = index;
  const others = keeps?.filter((attribute) => !["pk", "sk", ...keys].includes(attribute)) ?? [];
  return {
    AttributeDefinitions: keys.map((key) => ({ AttributeName: key, AttributeType: types[key] })),
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: name,
          KeySchema: keys.map((AttributeName, at) => ({
            AttributeName,
            KeyType: at === 0 ? "HASH" : "RANGE",
          })),
          Projection:
            keeps === undefined
              ? { ProjectionType: "ALL" }
              : others.length === 0
                ? { ProjectionType: "KEYS_ONLY" }
                : { ProjectionType: "INCLUDE", NonKeyAttributes: others },
        },
      },
    ],
  };
}

function deletion(IndexName: string): IndexUpdate {
  return IndexName === vectorIndex
    ? { VectorIndexUpdates: [{ Delete: { IndexName } }] }
    : { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName } }] };
}

/** Names and states. */
function statesOf(table: TableDescription | undefined): [string, string][] {
  const all = [...(table?.GlobalSecondaryIndexes ?? []), ...(table?.VectorIndexes ?? [])];
  return all.map(({ IndexName, IndexStatus }) => [IndexName!, IndexStatus!]);
}

function isSettled(table: TableDescription | undefined): boolean {
  return (
    table?.TableStatus === "ACTIVE" && statesOf(table).every(([, status]) => status === "ACTIVE")
  );
}
