import {
  CreateBackupCommand,
  CreateTableCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  ListBackupsCommand,
  PutItemCommand,
  DeleteItemCommand,
  RestoreTableFromBackupCommand,
  RestoreTableToPointInTimeCommand,
  UpdateContinuousBackupsCommand,
} from "@aws-sdk/client-dynamodb";
import type { SeededRandom } from "#world/seeded-random.ts";
import type { Problems } from "./problems.ts";
import { type Item, keyOf, mainTable, nameOf } from "./schema.ts";
import { describeTable, waitUntil } from "./tables-life.ts";
import { readItems, verifyContents } from "./verify-table.ts";

const TableName = "past";
const names = 60;
/** Of large items: a restore takes its time. */
const ballastItems = 500;
const reachMs = 3_000;
/** What the server's clock and this one may differ by. */
const clocksDifferMs = 20;
const goneWithinMs = 60_000;

/** One change, in the order in which they were made: one at a time. */
interface Change {
  readonly name: string;
  /** Undefined: deleted. */
  readonly version: number | undefined;
  readonly sentAtMs: number;
  /** Undefined: nobody knows yet whether it was made. */
  doneAtMs: number | undefined;
}

interface Restore {
  readonly target: string;
  readonly fromMs: number;
  readonly toMs: number;
  isAcknowledged: boolean;
}

/**
 * A table with recovery that one client changes, while it is backed up and restored to moments of the last seconds: each
 * table that comes of it holds what the source held at its moment, whenever the server dies.
 */
export class RestoredTables {
  readonly #random: SeededRandom;
  readonly #problems: Problems;
  readonly #changes: Change[] = [];
  #enabledAtMs = 0;
  #restores: Restore[] = [];
  #count = 0;
  compared = 0;

  constructor(random: SeededRandom, problems: Problems) {
    this.#random = random;
    this.#problems = problems;
  }

  async prepare(client: DynamoDBClient): Promise<void> {
    await client.send(
      new CreateTableCommand({ ...mainTable, TableName, StreamSpecification: undefined }),
    );
    await waitUntil(client, TableName, (table) => table?.TableStatus === "ACTIVE");
    for (let number = 0; number < ballastItems; number++) {
      const Item = { ...keyOf(`ballast ${number % 50}/${number}`), note: { S: "x".repeat(2_000) } };
      await client.send(new PutItemCommand({ TableName, Item }));
    }
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
    await client.send(
      new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }),
    );
    this.#enabledAtMs = Date.now();
  }

  /** One change; the next one only after its answer. */
  async write(client: DynamoDBClient): Promise<number> {
    const number = this.#random.below(names);
    const name = `item ${number % 8}/${number}`;
    const isDeleted = this.#random.chance(0.25);
    const version = isDeleted ? undefined : this.#changes.length + 1;
    const change: Change = { name, version, sentAtMs: Date.now(), doneAtMs: undefined };
    this.#changes.push(change);
    const Key = keyOf(name);
    if (version === undefined) {
      await client.send(new DeleteItemCommand({ TableName, Key }));
    } else {
      const Item = {
        ...Key,
        version: { N: String(version) },
        g: { S: `g${version % 3}` },
        h: { N: String(version % 5) },
        ...(version % 2 === 0 && { l: { S: `l${version}` } }),
      };
      await client.send(new PutItemCommand({ TableName, Item }));
    }
    change.doneAtMs = Date.now();
    return 1;
  }

  /** Restores to a moment, or makes a backup and restores that. */
  async restore(client: DynamoDBClient): Promise<void> {
    const TargetTableName = `past-${(this.#count += 1)}`;
    if (this.#random.chance(0.5)) {
      const nowMs = Date.now();
      const earliestMs = Math.max(this.#enabledAtMs, nowMs - reachMs);
      const atMs =
        earliestMs + this.#random.below(Math.max(1, nowMs - clocksDifferMs - earliestMs));
      const restore = this.#begin(TargetTableName, atMs, atMs);
      await client.send(
        new RestoreTableToPointInTimeCommand({
          SourceTableName: TableName,
          TargetTableName,
          RestoreDateTime: new Date(atMs),
        }),
      );
      restore.isAcknowledged = true;
    } else {
      const fromMs = Date.now();
      const { BackupDetails } = await client.send(
        new CreateBackupCommand({ TableName, BackupName: TargetTableName }),
      );
      const toMs = Date.now();
      await this.#untilAvailable(client, BackupDetails!.BackupArn!);
      const restore = this.#begin(TargetTableName, fromMs, toMs);
      await client.send(
        new RestoreTableFromBackupCommand({
          TargetTableName,
          BackupArn: BackupDetails!.BackupArn!,
        }),
      );
      restore.isAcknowledged = true;
    }
    await waitUntil(client, TargetTableName, (table) => table?.TableStatus === "ACTIVE");
  }

  #begin(target: string, fromMs: number, toMs: number): Restore {
    const restore = { target, fromMs, toMs, isAcknowledged: false };
    this.#restores.push(restore);
    return restore;
  }

  async #untilAvailable(client: DynamoDBClient, arn: string): Promise<void> {
    for (;;) {
      const { BackupSummaries = [] } = await client.send(new ListBackupsCommand({ TableName }));
      const backup = BackupSummaries.find(({ BackupArn }) => BackupArn === arn);
      if (backup?.BackupStatus === "AVAILABLE") return;
      if (backup === undefined) this.#problems.add("lost", `the backup ${arn}`);
      if (backup === undefined) return;
    }
  }

  /** Lets all restores and backups end, compares, and takes the restored tables away. */
  async verify(client: DynamoDBClient): Promise<void> {
    await this.#settleLastChange(client);
    const until = Date.now() + goneWithinMs;
    for (const restore of this.#restores) {
      for (;;) {
        const table = await describeTable(client, restore.target);
        if (table === undefined) {
          if (restore.isAcknowledged) this.#problems.add("lost", `the table ${restore.target}`);
          break;
        }
        if (table.TableStatus === "ACTIVE") {
          await this.#compare(client, restore);
          await client.send(new DeleteTableCommand({ TableName: restore.target }));
          break;
        }
        if (Date.now() > until) {
          this.#problems.add("stuck", `${restore.target} is ${table.TableStatus}`);
          return;
        }
      }
    }
    this.#restores = [];
    // Backups that nobody was told of end, too.
    for (;;) {
      const { BackupSummaries = [] } = await client.send(new ListBackupsCommand({ TableName }));
      const rest = BackupSummaries.filter(({ BackupStatus }) => BackupStatus !== "AVAILABLE");
      if (rest.length === 0) return;
      if (Date.now() > until) this.#problems.add("stuck", `${rest.length} backups`);
      if (Date.now() > until) return;
    }
  }

  /** The one change that a kill cut off was made or was not: the table says. */
  async #settleLastChange(client: DynamoDBClient): Promise<void> {
    const last = this.#changes.at(-1);
    if (last === undefined || last.doneAtMs !== undefined) return;
    const stored = versionsOf(await readItems(client, this.#problems, TableName));
    const before = this.#stateAfter(this.#changes.length - 1);
    const after = this.#stateAfter(this.#changes.length);
    // If both are the same, it makes no difference.
    if (same(stored, after)) last.doneAtMs = Date.now();
    else if (same(stored, before)) this.#changes.pop();
    else this.#problems.add("lost", `the source of restores is ${textOf(stored)}`);
  }

  async #compare(client: DynamoDBClient, { target, fromMs, toMs }: Restore): Promise<void> {
    const items = await readItems(client, this.#problems, target);
    await verifyContents(client, target, items, this.#problems);
    const restored = versionsOf(items);
    const isSurelyIn = ({ doneAtMs }: Change): boolean =>
      doneAtMs !== undefined && doneAtMs < fromMs - clocksDifferMs;
    const isPerhapsIn = ({ sentAtMs }: Change): boolean => sentAtMs <= toMs + clocksDifferMs;
    const fewest = this.#changes.filter(isSurelyIn).length;
    const most = this.#changes.filter(isPerhapsIn).length;
    this.compared += 1;
    const ballast = [...items.values()].filter((item) => item["note"] !== undefined).length;
    if (ballast !== ballastItems) {
      this.#problems.add("lost", `${target} has ${ballast} items of ${ballastItems}`);
    }
    for (let count = fewest; count <= most; count++) {
      if (same(restored, this.#stateAfter(count))) return;
    }
    this.#problems.add(
      "lost",
      `${target} is of none of the moments ${fewest} to ${most}: ${textOf(restored)}`,
    );
  }

  #stateAfter(count: number): Map<string, number> {
    const state = new Map<string, number>();
    for (const { name, version } of this.#changes.slice(0, count)) {
      if (version === undefined) state.delete(name);
      else state.set(name, version);
    }
    return state;
  }
}

function versionsOf(items: ReadonlyMap<string, Item>): Map<string, number> {
  const versions = new Map<string, number>();
  for (const item of items.values()) {
    if (item["version"] !== undefined) versions.set(nameOf(item), Number(item["version"].N));
  }
  return versions;
}

function same(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): boolean {
  return (
    one.size === other.size && [...one].every(([name, version]) => other.get(name) === version)
  );
}

const textOf = (state: ReadonlyMap<string, number>): string =>
  [...state]
    .map(([name, version]) => `${name}=${version}`)
    .toSorted()
    .join(" ");
