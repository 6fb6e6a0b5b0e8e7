import {
  type DynamoDBClient,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { SeededRandom } from "#world/seeded-random.ts";
import type { Problems } from "./problems.ts";
import { type Item, keyOf, mainTable } from "./schema.ts";

const { TableName } = mainTable;
const counters = 8;
const accounts = 16;
const pairs = 8;
const openingBalance = 100;

interface Counter {
  /** What acknowledged requests have added, and the highest count that anybody was told. */
  atLeast: number;
  /** What all requests have added, should those that were cut off be done. */
  atMost: number;
}

/**
 * Items that all writers write at once. Nobody knows what each is, but all know what holds: a counter has
 * what was added, money only moves, the two of a pair are alike.
 */
export class SharedItems {
  readonly #counters: Counter[] = Array.from({ length: counters }, () => ({
    atLeast: 0,
    atMost: 0,
  }));
  readonly #random: SeededRandom;
  readonly #problems: Problems;
  #pairVersion = 0;

  constructor(random: SeededRandom, problems: Problems) {
    this.#random = random;
    this.#problems = problems;
  }

  async prepare(client: DynamoDBClient): Promise<void> {
    for (let account = 0; account < accounts; account += 1) {
      const Item = { ...keyOf(`account ${account}/0`), balance: { N: String(openingBalance) } };
      await client.send(new PutItemCommand({ TableName, Item }));
    }
  }

  /** One request. Rejects when the server is gone. Answers how many writes it made. */
  async write(client: DynamoDBClient): Promise<number> {
    const luck = this.#random.below(10);
    if (luck < 4) return this.#count(client);
    if (luck < 8) return this.#transfer(client);
    return this.#writePair(client);
  }

  verify(found: ReadonlyMap<string, Item>): void {
    this.#counters.forEach((counter, number) => {
      const hits = Number(found.get(`counter ${number}/0`)?.["hits"]?.N ?? 0);
      if (hits < counter.atLeast) {
        this.#problems.add("lost", `counter ${number} is ${hits}, told was ${counter.atLeast}`);
      }
      if (hits > counter.atMost) {
        this.#problems.add("answer", `counter ${number} is ${hits}, asked was ${counter.atMost}`);
      }
      counter.atLeast = hits;
      counter.atMost = hits;
    });
    let total = 0;
    for (let account = 0; account < accounts; account += 1) {
      total += Number(found.get(`account ${account}/0`)?.["balance"]?.N ?? Number.NaN);
    }
    if (total !== accounts * openingBalance) {
      this.#problems.add("torn", `all balances make ${total}, not ${accounts * openingBalance}`);
    }
    for (let pair = 0; pair < pairs; pair += 1) {
      const left = found.get(`left ${pair}/0`)?.["version"]?.N;
      const right = found.get(`right ${pair}/0`)?.["version"]?.N;
      if (left !== right) {
        this.#problems.add("torn", `pair ${pair} is ${String(left)} and ${String(right)}`);
      }
    }
  }

  async #count(client: DynamoDBClient): Promise<number> {
    const number = this.#random.below(counters);
    const counter = this.#counters[number]!;
    counter.atMost += 1;
    const { Attributes } = await client.send(
      new UpdateItemCommand({
        TableName,
        Key: keyOf(`counter ${number}/0`),
        UpdateExpression: "ADD hits :one",
        ExpressionAttributeValues: { ":one": { N: "1" } },
        ReturnValues: "UPDATED_NEW",
      }),
    );
    // Others add at the same time: the answer may tell of theirs as well.
    counter.atLeast = Math.max(counter.atLeast, Number(Attributes?.["hits"]?.N));
    return 1;
  }

  async #transfer(client: DynamoDBClient): Promise<number> {
    const from = this.#random.below(accounts);
    const to = (from + 1 + this.#random.below(accounts - 1)) % accounts;
    const values = { ":amount": { N: String(1 + this.#random.below(40)) } };
    try {
      await client.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            {
              Update: {
                TableName,
                Key: keyOf(`account ${from}/0`),
                UpdateExpression: "SET balance = balance - :amount",
                ConditionExpression: "balance >= :amount",
                ExpressionAttributeValues: values,
              },
            },
            {
              Update: {
                TableName,
                Key: keyOf(`account ${to}/0`),
                UpdateExpression: "ADD balance :amount",
                ExpressionAttributeValues: values,
              },
            },
          ],
        }),
      );
      return 2;
    } catch (error) {
      if (error instanceof TransactionCanceledException) return 0;
      throw error;
    }
  }

  async #writePair(client: DynamoDBClient): Promise<number> {
    const pair = this.#random.below(pairs);
    this.#pairVersion += 1;
    const version = { N: String(this.#pairVersion) };
    const g = { S: `group ${this.#random.below(20)}` };
    const put = (side: string) => ({
      Put: { TableName, Item: { ...keyOf(`${side} ${pair}/0`), version, g } },
    });
    await client.send(
      new TransactWriteItemsCommand({ TransactItems: [put("left"), put("right")] }),
    );
    return 2;
  }
}
