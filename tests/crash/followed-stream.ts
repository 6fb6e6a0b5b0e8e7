import { setTimeout as delay } from "node:timers/promises";
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { type SeededRandom, seededRandom } from "#world/seeded-random.ts";
import type { LiveServer, Load, Round } from "./load.ts";
import type { Problems } from "./problems.ts";
import { keyOf, mainTable } from "./schema.ts";
import { changeClock, serverNowMs } from "./server-time.ts";
import { ShardFollower } from "./shard-follower.ts";
import { waitUntil } from "./tables-life.ts";
import { readItems } from "./verify-table.ts";

const TableName = "followed";
const writers = 12;
const itemsEach = 80;
const batchAtMost = 25;
const retentionSeconds = 24 * 3600;
const followersPauseMs = 20;

/**
 * A stream whose shards are divided by many writes and roll over as the clock moves, and a consumer that follows them:
 * each acknowledged change is told once, in its item's order, and under the same number whoever reads it.
 */
export class FollowedStream implements Load {
  readonly clients: readonly Round[];
  readonly longestLifeMs = 3_000;
  readonly #random: SeededRandom;
  readonly #problems: Problems;
  readonly #follower: ShardFollower;
  readonly #writers: readonly ChangedItems[];
  /** How much of what was told is shared out among the items. */
  #sharedOut = 0;
  readonly #told = new Map<string, string[]>();

  constructor(random: SeededRandom, problems: Problems) {
    this.#random = random;
    this.#problems = problems;
    this.#follower = new ShardFollower(TableName, problems);
    this.#writers = Array.from({ length: writers }, (_, number) => {
      const own = seededRandom(random.below(2 ** 32));
      return new ChangedItems(`writer ${number}`, own, problems);
    });
    this.clients = [
      ...this.#writers.map(
        (writer): Round =>
          (server) =>
            writer.write(server),
      ),
      ({ endpoint }) => this.#follower.follow(endpoint).then(() => delay(followersPauseMs, 0)),
      (server) => this.#moveClock(server),
    ];
  }

  figures(): Record<string, number> {
    const { told, shards, splits, expiredIterators } = this.#follower;
    return {
      "records told": told.length,
      shards,
      "divided shards": splits,
      "expired iterators": expiredIterators,
    };
  }

  async prepare({ client }: LiveServer): Promise<void> {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: mainTable.AttributeDefinitions.slice(0, 2),
        KeySchema: [...mainTable.KeySchema],
        StreamSpecification: mainTable.StreamSpecification,
      }),
    );
    await waitUntil(client, TableName, (table) => table?.TableStatus === "ACTIVE");
  }

  /** Everything in the table has been told by now, so one pass reads it; children of what rolls over meanwhile are empty. */
  async verify({ client, endpoint }: LiveServer): Promise<void> {
    await this.#follower.follow(endpoint);
    const { told } = this.#follower;
    for (; this.#sharedOut < told.length; this.#sharedOut += 1) {
      const { name, change } = told[this.#sharedOut]!;
      const changes = this.#told.get(name);
      if (changes === undefined) this.#told.set(name, [change]);
      else changes.push(change);
    }
    const items = await readItems(client, this.#problems, TableName);
    for (const writer of this.#writers) {
      writer.verify(
        (name) => this.#told.get(name) ?? [],
        (name) => items.get(name)?.["version"]?.N,
      );
    }
    // So that nothing is trimmed while this reads.
    await changeClock(endpoint, { frozen: true });
    const nowSecond = Math.ceil((await serverNowMs(endpoint)) / 1000);
    await this.#follower.verify(endpoint, nowSecond - retentionSeconds);
    await changeClock(endpoint, { frozen: false });
  }

  /** So that shards roll over and records are trimmed while the server dies. */
  async #moveClock({ endpoint }: LiveServer): Promise<number> {
    await delay(this.#random.below(1_500));
    if (this.#random.chance(0.5)) await changeClock(endpoint, { move: "+3h" });
    return 0;
  }
}

/** Items that one client alone changes, many with each request, so it knows what each has been. */
class ChangedItems {
  /** All changes of each item that were acknowledged, in their order. */
  readonly #changes = new Map<string, string[]>();
  /** What the request that is under way makes, and whether that is all or nothing. */
  #pending = new Map<string, string>();
  #isAtomic = false;
  #versions = 0;
  readonly #random: SeededRandom;
  readonly #problems: Problems;

  constructor(owner: string, random: SeededRandom, problems: Problems) {
    this.#random = random;
    this.#problems = problems;
    for (let sk = 0; sk < itemsEach; sk += 1) this.#changes.set(`${owner} ${sk % 10}/${sk}`, []);
  }

  async write({ client }: LiveServer): Promise<number> {
    this.#isAtomic = this.#random.chance(0.5);
    const names = [...this.#changes.keys()];
    const count = this.#isAtomic ? itemsEach : batchAtMost;
    while (names.length > count) names.splice(this.#random.below(names.length), 1);
    this.#pending = new Map(names.map((name) => [name, this.#nextChange(name)]));
    const requests = Array.from(this.#pending, ([name, change]) => {
      const [kind, version] = change.split(" ") as [string, string];
      const Key = keyOf(name);
      return kind === "delete" ? { Key } : { Item: { ...Key, version: { N: version } } };
    });
    if (this.#isAtomic) {
      const TransactItems = requests.map(({ Key, Item }) =>
        Item === undefined ? { Delete: { TableName, Key } } : { Put: { TableName, Item } },
      );
      await client.send(new TransactWriteItemsCommand({ TransactItems }));
    } else {
      const batch = requests.map(({ Key, Item }) =>
        Item === undefined ? { DeleteRequest: { Key } } : { PutRequest: { Item } },
      );
      await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: batch } }));
    }
    for (const [name, change] of this.#pending) this.#changes.get(name)!.push(change);
    this.#pending = new Map();
    return names.length;
  }

  verify(
    toldOf: (name: string) => readonly string[],
    versionOf: (name: string) => string | undefined,
  ): void {
    let [done, undone] = [0, 0];
    for (const [name, changes] of this.#changes) {
      const told = toldOf(name);
      const pending = this.#pending.get(name);
      if (pending !== undefined) {
        const isDone = told.length > changes.length;
        if (isDone) changes.push(pending);
        if (isDone) done += 1;
        else undone += 1;
      }
      const wrong = changes.findIndex((change, at) => change !== told[at]);
      if (wrong >= 0 || told.length !== changes.length) {
        const at = wrong >= 0 ? wrong : changes.length;
        const texts = `${told[at]} as its change ${at} of ${told.length}, not ${changes[at]} of ${changes.length}`;
        this.#problems.add("stream", `the stream tells of ${name} ${texts}`);
      }
      const last = changes.at(-1)?.split(" ");
      const due = last?.[0] === "put" ? last[1] : undefined;
      if (versionOf(name) !== due) {
        this.#problems.add("lost", `${name} is ${versionOf(name)}, its stream says ${due}`);
      }
    }
    if (this.#isAtomic && done > 0 && undone > 0) {
      this.#problems.add("torn", `a transaction told of ${done} changes and not of ${undone}`);
    }
    this.#pending = new Map();
  }

  #nextChange(name: string): string {
    const last = this.#changes.get(name)!.at(-1);
    // Only of an item that is there: nothing is told of another's deletion.
    if (last?.startsWith("put") === true && this.#random.chance(0.15)) {
      return last.replace("put", "delete");
    }
    return `put ${(this.#versions += 1)}`;
  }
}
