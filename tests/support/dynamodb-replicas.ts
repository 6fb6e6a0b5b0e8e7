import assert from "node:assert/strict";
import {
  type AttributeValue,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  ScanCommand,
  type TableDescription,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import type { Tule } from "./tule.ts";
import { until } from "./until.ts";

export const [east, west, europe] = ["us-east-1", "us-west-2", "eu-west-1"] as const;

/** One account's clients in some regions of a server, or of several: whoever serves the region. */
export class Regions {
  readonly account: string;
  readonly #clients = new Map<string, DynamoDBClient>();
  readonly #serverOf: (region: string) => Pick<Tule, "dynamodb">;

  constructor(
    serverOf: (region: string) => Pick<Tule, "dynamodb" | "newAccount">,
    account = serverOf(east).newAccount(),
  ) {
    this.#serverOf = serverOf;
    this.account = account;
  }

  in(region: string): DynamoDBClient {
    let client = this.#clients.get(region);
    if (client === undefined) {
      client = this.#serverOf(region).dynamodb(this.account, { region });
      this.#clients.set(region, client);
    }
    return client;
  }

  /** Adds a replica and waits until both sides are ACTIVE. */
  async addReplica(TableName: string, to: string, from: string = east): Promise<void> {
    const ReplicaUpdates = [{ Create: { RegionName: to } }];
    await this.in(from).send(new UpdateTableCommand({ TableName, ReplicaUpdates }));
    await this.untilTable(TableName, from, (table) => isSettled(table) && lists(table, to));
    await this.untilTable(TableName, to, isSettled);
  }

  async describe(TableName: string, region: string): Promise<TableDescription | undefined> {
    try {
      const { Table } = await this.in(region).send(new DescribeTableCommand({ TableName }));
      return Table;
    } catch (error) {
      if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
      throw error;
    }
  }

  untilTable(
    TableName: string,
    region: string,
    isRight: (table: TableDescription | undefined) => boolean,
  ): Promise<TableDescription | undefined> {
    return until(() => this.describe(TableName, region), isRight);
  }

  /** The item with this `pk`, as the region has it. */
  async get(TableName: string, region: string, pk: string, ConsistentRead = false) {
    const Key = { pk: { S: pk } };
    const { Item } = await this.in(region).send(
      new GetItemCommand({ TableName, Key, ConsistentRead }),
    );
    return Item;
  }

  /** All items of a region as text, in an order of their own. */
  async content(TableName: string, region: string): Promise<string[]> {
    const { Items } = await this.in(region).send(new ScanCommand({ TableName }));
    return Items!.map(textOf).sort();
  }
}

function textOf(item: Record<string, AttributeValue>): string {
  const names = Object.keys(item).sort();
  return JSON.stringify(names.map((name) => [name, item[name]]));
}

export function isSettled(table: TableDescription | undefined): boolean {
  return (
    table?.TableStatus === "ACTIVE" &&
    (table.Replicas ?? []).every((replica) => replica.ReplicaStatus === "ACTIVE") &&
    (table.GlobalSecondaryIndexes ?? []).every((index) => index.IndexStatus === "ACTIVE")
  );
}

export function lists(table: TableDescription | undefined, region: string): boolean {
  return (table?.Replicas ?? []).some((replica) => replica.RegionName === region);
}

/** Sets how two regions of a server are connected. */
export async function setLink(
  tule: Pick<Tule, "raw">,
  regions: readonly [string, string],
  link: { readonly cut?: boolean; readonly delay?: string },
): Promise<void> {
  const answer = await tule.raw({ path: "/_tule/links", body: { regions, ...link } });
  assert.equal(answer.status, 200, answer.text);
}
