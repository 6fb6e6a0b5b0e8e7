import { setTimeout as delay } from "node:timers/promises";
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import type { SeededRandom } from "#world/seeded-random.ts";
import { LateTimeToLive } from "./late-time-to-live.ts";
import type { LiveServer, Load, Round } from "./load.ts";
import type { Problems } from "./problems.ts";
import { type Item, keyOf, mainTable } from "./schema.ts";
import { changeClock, serverNowMs } from "./server-time.ts";
import { type SeenChange, StreamReader } from "./stream-reader.ts";
import { waitUntil } from "./tables-life.ts";
import { readItems, verifyContents } from "./verify-table.ts";

const TableName = "timed";
const writers = 6;
const readersPauseMs = 100;
const goneWithinMs = 20_000;
/** How long an item may stay after its second, or after the start of the life that deletes it, on a busy machine. */
const lateAtMostSeconds = 15;

/** What was done to an item and acknowledged, and what may have been done: "put 17" until second 17, "put never", "delete". */
interface Session {
  readonly done: string[];
  pending: string | undefined;
}

/**
 * Items whose time comes while the server dies, is moved, or is taken away: none goes before its time, each goes soon
 * after it or after the next start, once, with its index entries, and the stream says that DynamoDB did it.
 */
export class TimedItems implements Load {
  readonly clients: readonly Round[];
  readonly longestLifeMs = 1_500;
  readonly #random: SeededRandom;
  readonly #problems: Problems;
  readonly #stream: StreamReader;
  readonly #late: LateTimeToLive;
  readonly #sessions = new Map<string, Session>();
  readonly #told = new Map<string, string[]>();
  readonly #readyAtSeconds: number[] = [];
  #count = 0;
  #expired = 0;
  #latestSeconds = 0;

  constructor(random: SeededRandom, problems: Problems) {
    this.#random = random;
    this.#problems = problems;
    this.#stream = new StreamReader(TableName, problems, (change) => this.#see(change));
    this.#late = new LateTimeToLive(random, problems);
    this.clients = [
      ...Array.from(
        { length: writers },
        (): Round =>
          ({ client }) =>
            this.#live(client),
      ),
      ({ endpoint }) => this.#stream.read(endpoint).then(() => delay(readersPauseMs, 0)),
      ({ client }) => this.#late.enable(client),
    ];
  }

  figures(): Record<string, number> {
    return {
      "expired items": this.#expired,
      "seconds late at most": this.#latestSeconds,
      "tables that got a time to live": this.#late.enabled,
    };
  }

  async prepare({ client }: LiveServer): Promise<void> {
    await client.send(new CreateTableCommand({ ...mainTable, TableName }));
    await waitUntil(client, TableName, (table) => table?.TableStatus === "ACTIVE");
    const TimeToLiveSpecification = { Enabled: true, AttributeName: "expires" };
    await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  }

  async verify({ client, endpoint }: LiveServer): Promise<void> {
    this.#readyAtSeconds.push(Date.now() / 1000);
    await this.#late.verify(client);
    // So that nothing more expires while this looks.
    await changeClock(endpoint, { frozen: true });
    const nowMs = await serverNowMs(endpoint);
    const items = await this.#withoutExpired(client, Math.floor(nowMs / 1000));
    if (items !== undefined) {
      await this.#stream.read(endpoint);
      this.#stream.verify(items);
      await verifyContents(client, TableName, items, this.#problems);
      for (const [name, session] of this.#sessions) this.#verifySession(name, session);
    }
    await changeClock(endpoint, { reset: true, frozen: false });
  }

  /** A put, and perhaps something that changes the item's time or ends it. */
  async #live(client: DynamoDBClient): Promise<number> {
    const name = `session ${(this.#count += 1)}/0`;
    const session: Session = { done: [], pending: undefined };
    this.#sessions.set(name, session);
    const expires = this.#nearSecond();
    await this.#do(session, `put ${expires}`, () =>
      client.send(
        new PutItemCommand({
          TableName,
          Item: {
            ...keyOf(name),
            expires: { N: String(expires) },
            g: { S: `group ${this.#random.below(20)}` },
            h: { N: String(this.#random.below(10)) },
            l: { S: "local" },
          },
        }),
      ),
    );
    const luck = this.#random.below(20);
    if (luck < 10) return 1;
    await delay(this.#random.below(1_000));
    if (luck < 13) {
      await this.#do(session, "delete", () => client.send(deletion(name)));
    } else if (luck < 14) {
      await this.#do(session, "put never", () => client.send(update(name, "REMOVE expires")));
    } else {
      const later = this.#nearSecond();
      // The same second again would be no change.
      if (later === expires) return 1;
      await this.#do(session, `put ${later}`, () =>
        client.send(update(name, "SET expires = :later", { ":later": { N: String(later) } })),
      );
    }
    return 2;
  }

  async #do(session: Session, step: string, request: () => Promise<unknown>): Promise<void> {
    session.pending = step;
    try {
      await request();
      session.done.push(step);
    } catch (error) {
      // It has expired before: then the stream says so.
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
    session.pending = undefined;
  }

  #nearSecond(): number {
    return Math.floor(Date.now() / 1000) + this.#random.below(4);
  }

  /** Waits until nothing is there that had expired at this second. */
  async #withoutExpired(
    client: DynamoDBClient,
    second: number,
  ): Promise<ReadonlyMap<string, Item> | undefined> {
    const until = Date.now() + goneWithinMs;
    for (;;) {
      const items = await readItems(client, this.#problems, TableName);
      const expired = [...items.values()].filter(({ expires }) => Number(expires?.N) <= second);
      if (expired.length === 0) return items;
      if (Date.now() > until) {
        this.#problems.add("expiry", `${expired.length} expired items are still there`);
        return undefined;
      }
      await delay(20);
    }
  }

  #see({ name, eventName, isByService, before, after, atSecond }: SeenChange): void {
    const step =
      after !== undefined
        ? `put ${after["expires"]?.N ?? "never"}`
        : isByService
          ? "expire"
          : "delete";
    const told = this.#told.get(name);
    if (told === undefined) this.#told.set(name, [step]);
    else told.push(step);
    if (step !== "expire") return;
    this.#expired += 1;
    const second = Number(before?.["expires"]?.N);
    if (!(second <= atSecond)) {
      this.#problems.add("expiry", `${name} of ${second} has gone at ${atSecond} (${eventName})`);
    }
    const ready = this.#readyAtSeconds.findLast((at) => at <= atSecond + 1) ?? 0;
    const lateSeconds = Math.floor(atSecond - Math.max(second, ready));
    this.#latestSeconds = Math.max(this.#latestSeconds, lateSeconds);
    if (lateSeconds > lateAtMostSeconds) {
      this.#problems.add("expiry", `${name} has gone ${lateSeconds} s after its time`);
    }
  }

  #verifySession(name: string, { done, pending }: Session): void {
    const told = this.#told.get(name) ?? [];
    const isEnded = told.at(-1) === "expire";
    const own = (isEnded ? told.slice(0, -1) : told).join(", ");
    const due = done.join(", ");
    const perhaps = pending === undefined ? due : [...done, pending].join(", ");
    if (own !== due && own !== perhaps) {
      const text = `the stream tells of ${name} ${own}, acknowledged was ${due}`;
      this.#problems.add("stream", text);
    }
    const session = this.#sessions.get(name)!;
    if (own !== due) session.done.push(pending!);
    session.pending = undefined;
    // What has ended is not told of again: the reader would say so.
    if (isEnded || session.done.at(-1) === "delete" || session.done.length === 0) {
      this.#sessions.delete(name);
    }
  }
}

const isThere = { ConditionExpression: "attribute_exists(pk)" };

function deletion(name: string): DeleteItemCommand {
  return new DeleteItemCommand({ TableName, Key: keyOf(name), ...isThere });
}

function update(name: string, UpdateExpression: string, values?: Item): UpdateItemCommand {
  return new UpdateItemCommand({
    TableName,
    Key: keyOf(name),
    UpdateExpression,
    ...isThere,
    ...(values !== undefined && { ExpressionAttributeValues: values }),
  });
}
