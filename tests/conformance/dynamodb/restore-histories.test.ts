import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  ExecuteStatementCommand,
  PutItemCommand,
  RestoreTableToPointInTimeCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { type SeededRandom, seededRandom } from "#world/seeded-random.ts";
import { covers } from "../../support/covers.ts";
import {
  asText,
  checkCounts,
  contentsOf,
  setRecovery,
  untilActive,
} from "../../support/dynamodb-restores.ts";
import { indexedTable, makeTable } from "../../support/dynamodb-tables.ts";
import { startTule, type Tule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

/*
 * Random histories by a moved clock, written down as they are made; then restores to random moments of them, several at
 * once, while the history goes on. What a restore gives must be what was written down for its moment.
 */

const TableName = "indexed";
type Item = Record<string, AttributeValue>;

/** A round is so long that whatever happens within it happens before its moment, which is in its middle. */
const roundSeconds = 1_000;
const daySeconds = 86_400;

interface Remembered {
  readonly at: Date;
  readonly items: ReadonlyMap<string, Item>;
}

class History {
  readonly #tule: Tule;
  readonly #client: DynamoDBClient;
  readonly #random: SeededRandom;
  readonly #items = new Map<string, Item>();
  readonly moments: Remembered[] = [];
  #roundAt: number;
  #count = 0;

  constructor(tule: Tule, client: DynamoDBClient, random: SeededRandom) {
    this.#tule = tule;
    this.#client = client;
    this.#random = random;
    this.#roundAt = (Math.floor(tule.clock.nowMs() / 1000 / roundSeconds) + 1) * roundSeconds;
  }

  /** Moves to the next round, lets expire what expires, writes for a while, and remembers how things stand then. */
  async round(): Promise<void> {
    this.#roundAt += this.#random.chance(0.2)
      ? daySeconds - (daySeconds % roundSeconds)
      : roundSeconds;
    this.#tule.clock.moveTo(this.#roundAt * 1000);
    for (const [key, item] of this.#items) {
      if (Number(item["ttl"]?.N ?? Infinity) <= this.#roundAt) this.#items.delete(key);
    }
    await until(
      () => contentsOf(this.#client, TableName),
      (contents) => contents.length === this.#items.size,
    );
    for (let times = 0; times < 12; times++) await this.#write();
    const at = this.#roundAt + roundSeconds / 2;
    this.moments.push({ at: new Date(at * 1000), items: new Map(this.#items) });
    this.#tule.clock.moveTo((at + 1) * 1000);
  }

  async #write(): Promise<void> {
    const [one, other] = this.#twoKeys();
    const command = this.#random.below(7);
    if (command === 0) {
      await this.#client.send(new DeleteItemCommand({ TableName, Key: one }));
      this.#items.delete(asText(one));
    } else if (command === 1) {
      const g = { S: `g${this.#random.below(3)}` };
      const values = { ":g": g, ":v": { N: String((this.#count += 1)) } };
      await this.#client.send(
        new UpdateItemCommand({
          TableName,
          Key: one,
          UpdateExpression: "SET g = :g, v = :v REMOVE #t",
          ExpressionAttributeNames: { "#t": "ttl" },
          ExpressionAttributeValues: values,
        }),
      );
      const { ttl: _, ...rest } = this.#items.get(asText(one)) ?? one;
      this.#items.set(asText(one), { ...rest, g, v: values[":v"] });
    } else if (command === 2) {
      const item = this.#itemOf(one);
      await this.#client.send(
        new BatchWriteItemCommand({
          RequestItems: {
            [TableName]: [{ PutRequest: { Item: item } }, { DeleteRequest: { Key: other } }],
          },
        }),
      );
      this.#items.set(asText(one), item);
      this.#items.delete(asText(other));
    } else if (command === 3) {
      const items = [this.#itemOf(one), this.#itemOf(other)];
      await this.#client.send(
        new TransactWriteItemsCommand({
          TransactItems: items.map((item) => ({ Put: { TableName, Item: item } })),
        }),
      );
      for (const [at, key] of [one, other].entries()) this.#items.set(asText(key), items[at]!);
    } else if (command === 4 && this.#items.has(asText(one))) {
      const v = { N: String((this.#count += 1)) };
      await this.#client.send(
        new ExecuteStatementCommand({
          Statement: `UPDATE "${TableName}" SET v = ? WHERE pk = ? AND sk = ?`,
          Parameters: [v, one["pk"]!, one["sk"]!],
        }),
      );
      this.#items.set(asText(one), { ...this.#items.get(asText(one)), v });
    } else {
      const item = this.#itemOf(one);
      await this.#client.send(new PutItemCommand({ TableName, Item: item }));
      this.#items.set(asText(one), item);
    }
  }

  /** Few keys, one of them busy: histories are to be long. */
  #twoKeys(): [Item, Item] {
    const number = this.#random.chance(0.3) ? 0 : this.#random.below(30);
    const other = (number + 1 + this.#random.below(29)) % 30;
    return [keyOf(number), keyOf(other)];
  }

  #itemOf(key: Item): Item {
    const random = this.#random;
    return {
      ...key,
      v: { N: String((this.#count += 1)) },
      ...(random.chance(0.6) && { g: { S: `g${random.below(3)}` } }),
      ...(random.chance(0.4) && { h: { N: String(random.below(3)) } }),
      ...(random.chance(0.4) && { l: { S: `l${random.below(9)}` } }),
      ...(random.chance(0.2) && {
        ttl: { N: String(this.#roundAt + (1 + random.below(3)) * roundSeconds) },
      }),
    };
  }
}

const keyOf = (number: number): Item => ({
  pk: { S: `p${number % 4}` },
  sk: { N: String(number) },
});

async function restoreAndCompare(
  client: DynamoDBClient,
  target: string,
  { at, items }: Remembered,
): Promise<void> {
  await client.send(
    new RestoreTableToPointInTimeCommand({
      SourceTableName: TableName,
      TargetTableName: target,
      RestoreDateTime: at,
    }),
  );
  await untilActive(client, target);
  const all = [...items.values()];
  assert.deepEqual(await contentsOf(client, target), all.map(asText).toSorted());
  const entries = all.filter((item) => item["g"] !== undefined);
  assert.deepEqual(await contentsOf(client, target, "by-g"), entries.map(asText).toSorted());
  const included = all.filter((item) => item["h"] !== undefined);
  assert.equal((await contentsOf(client, target, "by-h")).length, included.length);
  await checkCounts(client, target);
}

for (const seed of [1, 2, Math.floor(Math.random() * 1_000_000)]) {
  test(`restores give what a random history had at the moment (seed ${seed})`, async () => {
    covers("dynamodb.RestoreTableToPointInTime");
    const random = seededRandom(seed);
    const tule = await startTule();
    const client = tule.dynamodb();
    await makeTable(client, indexedTable);
    await client.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { Enabled: true, AttributeName: "ttl" },
      }),
    );
    const history = new History(tule, client, random);
    await history.round();
    await setRecovery(client, TableName, true);
    history.moments.length = 0;
    for (let round = 0; round < 12; round++) await history.round();
    let count = 0;
    for (let times = 0; times < 4; times++) {
      const chosen = Array.from(
        { length: 3 },
        () => history.moments[random.below(history.moments.length)]!,
      );
      const restores = chosen.map((moment) =>
        restoreAndCompare(client, `restored-${(count += 1)}`, moment),
      );
      await Promise.all([...restores, history.round()]);
    }
    // Without recovery, what was begun before is ended.
    const last = history.moments.at(-3)!;
    const restoring = restoreAndCompare(client, "last", last);
    await setRecovery(client, TableName, false);
    await restoring.catch((error: Error) => {
      // It may have come too late.
      assert.equal(error.name, "PointInTimeRecoveryUnavailableException");
    });
  });
}
