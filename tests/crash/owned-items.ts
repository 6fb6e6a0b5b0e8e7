import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { SeededRandom } from "#world/seeded-random.ts";
import type { Problems } from "./problems.ts";
import { type Item, keyOf, mainTable, shortTextOf, textOf } from "./schema.ts";

const { TableName } = mainTable;
const itemsEach = 6;
let versions = 0;

type Image = Item | undefined;

/** What a request would make of some items; `isAtomic`: all of them or none. */
interface Intent {
  readonly after: ReadonlyMap<string, Image>;
  readonly isAtomic: boolean;
}

/**
 * Items that one writer alone writes, one request at a time: so it knows exactly what each of them is, but
 * for a request that a crash cut off, which was done or not.
 */
export class OwnedItems {
  readonly names: readonly string[];
  readonly #acknowledged = new Map<string, Item>();
  #cutOff: Intent | undefined;
  readonly #random: SeededRandom;
  readonly #problems: Problems;

  constructor(owner: string, random: SeededRandom, problems: Problems) {
    this.names = Array.from({ length: itemsEach }, (_, sk) => `${owner}/${sk}`);
    this.#random = random;
    this.#problems = problems;
  }

  /** One request, checked against what is known. Rejects when the server is gone. Answers how many writes it made. */
  async write(client: DynamoDBClient): Promise<number> {
    const luck = this.#random.below(100);
    if (luck < 25) return this.#put(client);
    if (luck < 40) return this.#putOnCondition(client);
    if (luck < 60) return this.#update(client);
    if (luck < 70) return this.#delete(client);
    if (luck < 80) return this.#batch(client);
    if (luck < 95) return this.#transact(client);
    return this.#get(client);
  }

  /** Compares with what a new life of the server shows, and goes on from there. */
  verify(found: ReadonlyMap<string, Item>): void {
    const cutOff = this.#cutOff;
    this.#cutOff = undefined;
    let done = 0;
    let undone = 0;
    for (const name of this.names) {
      const before = this.#acknowledged.get(name);
      const now = found.get(name);
      const isPending = cutOff?.after.has(name) === true;
      const after = isPending ? cutOff.after.get(name) : before;
      const isBefore = textOf(now) === textOf(before);
      const isAfter = textOf(now) === textOf(after);
      if (!isBefore && !isAfter) {
        this.#problems.add(
          "lost",
          `${name} is ${shortTextOf(now)}, acknowledged was ${shortTextOf(before)}` +
            (isPending ? `, under way was ${shortTextOf(after)}` : ""),
        );
      } else if (isBefore !== isAfter) {
        if (isAfter) done += 1;
        else undone += 1;
      }
      this.#know(name, now);
    }
    if (cutOff?.isAtomic === true && done > 0 && undone > 0) {
      const names = [...cutOff.after.keys()].join(" and ");
      this.#problems.add("torn", `a transaction over ${names} is there in part`);
    }
  }

  #know(name: string, image: Image): void {
    if (image === undefined) this.#acknowledged.delete(name);
    else this.#acknowledged.set(name, image);
  }

  /** Sends a request that makes of the items what the intent says. */
  async #do<T>(intent: Intent, request: () => Promise<T>): Promise<T> {
    this.#cutOff = intent;
    const answer = await request();
    this.#cutOff = undefined;
    for (const [name, image] of intent.after) this.#know(name, image);
    return answer;
  }

  /** Sends a request that must be refused, and change nothing. */
  async #refused(
    what: string,
    refusal: abstract new (...of: never[]) => Error,
    request: () => Promise<unknown>,
  ): Promise<number> {
    try {
      await request();
    } catch (error) {
      if (error instanceof refusal) return 0;
      throw error;
    }
    this.#problems.add("answer", `${what} was not refused, though its condition cannot hold`);
    return 0;
  }

  #check(name: string, before: Image, answered: Image): void {
    if (textOf(before) === textOf(answered)) return;
    this.#problems.add(
      "answer",
      `${name} was ${shortTextOf(before)}, but the answer says ${shortTextOf(answered)}`,
    );
  }

  async #get(client: DynamoDBClient): Promise<number> {
    const name = this.#anyName();
    const { Item: found } = await client.send(
      new GetItemCommand({ TableName, Key: keyOf(name), ConsistentRead: true }),
    );
    this.#check(name, this.#acknowledged.get(name), found);
    return 0;
  }

  async #put(client: DynamoDBClient): Promise<number> {
    const name = this.#anyName();
    const Item = this.#newImage(name);
    const before = this.#acknowledged.get(name);
    const { Attributes } = await this.#do({ after: new Map([[name, Item]]), isAtomic: true }, () =>
      client.send(new PutItemCommand({ TableName, Item, ReturnValues: "ALL_OLD" })),
    );
    this.#check(name, before, Attributes);
    return 1;
  }

  async #putOnCondition(client: DynamoDBClient): Promise<number> {
    const name = this.#anyName();
    const Item = this.#newImage(name);
    const before = this.#acknowledged.get(name);
    const holds = this.#random.chance(0.7);
    const condition =
      before === undefined
        ? { ConditionExpression: holds ? "attribute_not_exists(pk)" : "attribute_exists(pk)" }
        : {
            ConditionExpression: "version = :version",
            ExpressionAttributeValues: {
              ":version": holds ? before["version"]! : { N: "-1" },
            },
          };
    const send = () => client.send(new PutItemCommand({ TableName, Item, ...condition }));
    if (!holds) return this.#refused(`a put of ${name}`, ConditionalCheckFailedException, send);
    await this.#do({ after: new Map([[name, Item]]), isAtomic: true }, send);
    return 1;
  }

  async #update(client: DynamoDBClient): Promise<number> {
    const name = this.#anyName();
    const before = this.#acknowledged.get(name) ?? keyOf(name);
    const fresh = this.#newImage(name);
    const hits = Number(before["hits"]?.N ?? 0) + 1;
    const after: Item = { ...before, version: fresh["version"]!, hits: { N: String(hits) } };
    const values: Item = { ":version": after["version"]!, ":one": { N: "1" } };
    let expression = "SET version = :version";
    for (const attribute of ["g", "l"]) {
      const value = fresh[attribute];
      if (value === undefined) continue;
      after[attribute] = value;
      values[`:${attribute}`] = value;
      expression += `, ${attribute} = :${attribute}`;
    }
    if (this.#random.chance(0.3)) {
      delete after["h"];
      expression += " REMOVE h";
    }
    const { Attributes } = await this.#do({ after: new Map([[name, after]]), isAtomic: true }, () =>
      client.send(
        new UpdateItemCommand({
          TableName,
          Key: keyOf(name),
          UpdateExpression: `${expression} ADD hits :one`,
          ExpressionAttributeValues: values,
          ReturnValues: "ALL_NEW",
        }),
      ),
    );
    this.#check(name, after, Attributes);
    return 1;
  }

  async #delete(client: DynamoDBClient): Promise<number> {
    const name = this.#anyName();
    const before = this.#acknowledged.get(name);
    const after = new Map([[name, undefined]]);
    const { Attributes } = await this.#do({ after, isAtomic: true }, () =>
      client.send(new DeleteItemCommand({ TableName, Key: keyOf(name), ReturnValues: "ALL_OLD" })),
    );
    this.#check(name, before, Attributes);
    return 1;
  }

  async #batch(client: DynamoDBClient): Promise<number> {
    const after = new Map<string, Image>();
    for (const name of this.#someNames(2 + this.#random.below(itemsEach - 1))) {
      after.set(name, this.#random.chance(0.3) ? undefined : this.#newImage(name));
    }
    const requests = Array.from(after, ([name, Item]) =>
      Item === undefined ? { DeleteRequest: { Key: keyOf(name) } } : { PutRequest: { Item } },
    );
    await this.#do({ after, isAtomic: false }, () =>
      client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } })),
    );
    return after.size;
  }

  async #transact(client: DynamoDBClient): Promise<number> {
    const [one, other] = this.#someNames(2) as [string, string];
    const put = this.#newImage(one);
    const was = this.#acknowledged.get(other);
    const isDeleted = this.#random.chance(0.25);
    const updated: Item = { ...(was ?? keyOf(other)), version: put["version"]! };
    const second = isDeleted
      ? { Delete: { TableName, Key: keyOf(other) } }
      : {
          Update: {
            TableName,
            Key: keyOf(other),
            UpdateExpression: "SET version = :version",
            ExpressionAttributeValues: { ":version": put["version"]! },
          },
        };
    const holds = this.#random.chance(0.8);
    const isThere = this.#acknowledged.has(one) === holds;
    const send = () =>
      client.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            {
              Put: {
                TableName,
                Item: put,
                ConditionExpression: isThere ? "attribute_exists(pk)" : "attribute_not_exists(pk)",
              },
            },
            second,
          ],
        }),
      );
    if (!holds) return this.#refused(`a transaction on ${one}`, TransactionCanceledException, send);
    const after = new Map<string, Image>([
      [one, put],
      [other, isDeleted ? undefined : updated],
    ]);
    await this.#do({ after, isAtomic: true }, send);
    return 2;
  }

  #anyName(): string {
    return this.names[this.#random.below(itemsEach)]!;
  }

  #someNames(count: number): string[] {
    const names = [...this.names];
    while (names.length > count) names.splice(this.#random.below(names.length), 1);
    return names;
  }

  #newImage(name: string): Item {
    const random = this.#random;
    versions += 1;
    const item: Item = { ...keyOf(name), version: { N: String(versions) } };
    if (random.chance(0.7)) item["g"] = { S: `group ${random.below(20)}` };
    if (random.chance(0.7)) item["h"] = { N: String(random.below(10)) };
    if (random.chance(0.7)) item["l"] = { S: `local ${random.below(5)}` };
    const payloadBytes = random.chance(0.01)
      ? 100_000
      : random.below(random.chance(0.1) ? 8000 : 400);
    item["payload"] = { S: `${versions} ${"x".repeat(payloadBytes)}` };
    return item;
  }
}
