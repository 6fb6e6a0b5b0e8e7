import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListTablesCommand,
  ResourceNotFoundException,
  ScanCommand,
  type TableDescription,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import type { SeededRandom } from "#world/seeded-random.ts";
import type { Problems } from "./problems.ts";
import { mainTable, passingIndex } from "./schema.ts";

const sideTables = ["side-0", "side-1", "side-2"];
const settledWithinMs = 20_000;

interface SideTable {
  /** As far as it was acknowledged; "unknown" while a request to create or delete it was cut off. */
  state: "absent" | "present" | "unknown";
  /** How many items were acknowledged, and how many more may be there. */
  items: number;
  cutOffItems: number;
}

/**
 * Makes, fills and deletes tables, and gives the main table an index and takes it away again, so that
 * kills find all their jobs half done.
 */
export class TablesLife {
  readonly #side = new Map<string, SideTable>();
  readonly #random: SeededRandom;
  readonly #problems: Problems;

  constructor(random: SeededRandom, problems: Problems) {
    this.#random = random;
    this.#problems = problems;
    for (const name of sideTables) {
      this.#side.set(name, { state: "absent", items: 0, cutOffItems: 0 });
    }
  }

  /** One change, and what comes of it. */
  change(client: DynamoDBClient): Promise<void> {
    if (this.#random.chance(0.5)) return this.#toggleIndex(client);
    return this.#changeSideTable(client, sideTables[this.#random.below(sideTables.length)]!);
  }

  /** Waits until all jobs that the last life left behind have ended, and compares. */
  async verify(client: DynamoDBClient): Promise<void> {
    const deadline = Date.now() + settledWithinMs;
    let descriptions = await allTables(client);
    while (!descriptions.every(isSettled)) {
      if (Date.now() > deadline) {
        const states = descriptions
          .filter((table) => !isSettled(table))
          .map(stateOf)
          .join("; ");
        this.#problems.add("stuck", `not settled after ${settledWithinMs} ms: ${states}`);
        return;
      }
      descriptions = await allTables(client);
    }
    for (const [name, table] of this.#side) {
      const found = descriptions.find(({ TableName }) => TableName === name);
      await this.#verifySideTable(client, name, table, found);
    }
  }

  async #verifySideTable(
    client: DynamoDBClient,
    name: string,
    table: SideTable,
    found: TableDescription | undefined,
  ): Promise<void> {
    const state = found === undefined ? "absent" : "present";
    if (table.state !== "unknown" && table.state !== state) {
      this.#problems.add("lost", `table ${name} is ${state}, acknowledged was ${table.state}`);
    }
    const { items, cutOffItems } = table;
    const count = found === undefined ? 0 : await countItems(client, name);
    if (found !== undefined) {
      // A table whose deletion was cut off keeps its items; one whose creation was cut off has none.
      if (count < items || count > items + cutOffItems) {
        this.#problems.add(
          "lost",
          `table ${name} has ${count} items, not ${items} (+${cutOffItems})`,
        );
      }
      const indexed = await countItems(client, name, "by-g");
      const { ItemCount, GlobalSecondaryIndexes } = found;
      const described = GlobalSecondaryIndexes?.[0]?.ItemCount;
      if (indexed !== count || ItemCount !== count || described !== count) {
        this.#problems.add(
          "index",
          `table ${name} has ${count} items, its index ${indexed}; ` +
            `it is described as having ${ItemCount} and ${described}`,
        );
      }
    }
    Object.assign(table, { state, items: count, cutOffItems: 0 });
  }

  async #toggleIndex(client: DynamoDBClient): Promise<void> {
    const { TableName } = mainTable;
    const before = await describeTable(client, TableName);
    const isThere = hasIndex(before);
    await client.send(
      new UpdateTableCommand({
        TableName,
        ...(isThere
          ? {}
          : { AttributeDefinitions: [{ AttributeName: "version", AttributeType: "N" }] }),
        GlobalSecondaryIndexUpdates: [
          isThere
            ? { Delete: { IndexName: passingIndex.name } }
            : {
                Create: {
                  IndexName: passingIndex.name,
                  KeySchema: [{ AttributeName: "version", KeyType: "HASH" }],
                  Projection: { ProjectionType: "KEYS_ONLY" },
                },
              },
        ],
      }),
    );
    await waitUntil(client, TableName, (table) => isSettled(table!) && hasIndex(table) !== isThere);
  }

  async #changeSideTable(client: DynamoDBClient, TableName: string): Promise<void> {
    const table = this.#side.get(TableName)!;
    if (table.state === "absent") {
      table.state = "unknown";
      await client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: "PAY_PER_REQUEST",
          AttributeDefinitions: mainTable.AttributeDefinitions.filter(({ AttributeName }) =>
            ["pk", "g"].includes(AttributeName),
          ),
          KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
          GlobalSecondaryIndexes: [mainTable.GlobalSecondaryIndexes[0]],
        }),
      );
      table.state = "present";
      await waitUntil(client, TableName, (found) => found !== undefined && isSettled(found));
    } else if (this.#random.chance(0.6)) {
      table.cutOffItems = 25;
      const requests = Array.from({ length: 25 }, (_, number) => ({
        PutRequest: {
          Item: { pk: { S: `${table.items + number}` }, g: { S: `group ${number % 5}` } },
        },
      }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
      table.items += 25;
      table.cutOffItems = 0;
    } else {
      table.state = "unknown";
      await client.send(new DeleteTableCommand({ TableName }));
      Object.assign(table, { state: "absent", items: 0 });
      await waitUntil(client, TableName, (found) => found === undefined);
    }
  }
}

function hasIndex(table: TableDescription | undefined): boolean {
  return (
    table?.GlobalSecondaryIndexes?.some((index) => index.IndexName === passingIndex.name) === true
  );
}

function isSettled(table: TableDescription): boolean {
  const indexes = table.GlobalSecondaryIndexes ?? [];
  return table.TableStatus === "ACTIVE" && indexes.every((index) => index.IndexStatus === "ACTIVE");
}

function stateOf(table: TableDescription): string {
  const indexes = (table.GlobalSecondaryIndexes ?? []).map(
    (index) => `${index.IndexName} ${index.IndexStatus}`,
  );
  return [`${table.TableName} ${table.TableStatus}`, ...indexes].join(", ");
}

export async function describeTable(
  client: DynamoDBClient,
  TableName: string,
): Promise<TableDescription | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

async function allTables(client: DynamoDBClient): Promise<TableDescription[]> {
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  const found = await Promise.all(TableNames.map((name) => describeTable(client, name)));
  return found.filter((table) => table !== undefined);
}

/** Asks again and again; ends with the server at the latest. */
export async function waitUntil(
  client: DynamoDBClient,
  tableName: string,
  holds: (table: TableDescription | undefined) => boolean,
): Promise<void> {
  while (!holds(await describeTable(client, tableName)));
}

async function countItems(
  client: DynamoDBClient,
  TableName: string,
  IndexName?: string,
): Promise<number> {
  const { Count = 0 } = await client.send(
    new ScanCommand({
      TableName,
      ...(IndexName === undefined ? {} : { IndexName }),
      Select: "COUNT",
    }),
  );
  return Count;
}
