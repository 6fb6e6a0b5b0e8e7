import type { Context, JobContext } from "#kernel/context.ts";
import { RegionUnreachable } from "#kernel/region-calls.ts";
import type { Transaction } from "#store/store.ts";
import { settleStream } from "../streams/stream-life.ts";
import type { IndexRecord, TableRecord } from "../tables/table-record.ts";
import { byName, keyAttributes } from "../tables/table-schema.ts";
import {
  changingIndexesOf,
  type VectorIndexRecord,
  vectorIndexesOf,
} from "../vector-indexes/vector-index-record.ts";
import { changedTimeToLive, scheduleTimeToLive } from "../time-to-live/time-to-live.ts";
import { type ReplicaJob, scheduleAgain } from "./create-replica.ts";
import { replicaEncryption, withMaxReads, withReadUnits } from "./new-replica.ts";
import { findMember, type GroupTable, putMember, type Replication } from "./replication.ts";
import { compareStamps, nextStamp, type Stamp } from "./stamps.ts";

/*
 * Settings that all replicas have alike, whichever region changes them: billing and throughput, global and vector
 * indexes, time to live, table class, whether a KMS key encrypts them. The last change counts. Deletion protection, tags, backups, policies
 * and the like are each region's own.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html; measured in
 * October 2026 (ack-api-quirks, DDB-TABLE-230, 251, 295 to 297).
 */
interface SharedSettings {
  readonly billing: TableRecord["billing"];
  readonly globalIndexes: readonly IndexRecord[];
  readonly vectorIndexes: readonly VectorIndexRecord[];
  readonly attributeDefinitions: TableRecord["attributeDefinitions"];
  /** The attribute, if it is enabled. */
  readonly timeToLive: string | undefined;
  readonly tableClass: TableRecord["tableClass"];
  /** Whether a KMS key encrypts it: which one is each region's own. */
  readonly isEncrypted: boolean;
}

interface ChangedSettings extends GroupTable {
  readonly stamp: Stamp;
  readonly settings: SharedSettings;
}

function sharedSettings(table: TableRecord): SharedSettings {
  const { billing, attributeDefinitions, timeToLive, tableClass } = table;
  const isEnabled = timeToLive?.status === "ENABLED" || timeToLive?.status === "ENABLING";
  return {
    billing,
    attributeDefinitions,
    tableClass,
    isEncrypted: table.encryption !== undefined,
    timeToLive: isEnabled ? timeToLive.attribute : undefined,
    globalIndexes: table.globalIndexes.filter(({ status }) => status !== "DELETING"),
    vectorIndexes: vectorIndexesOf(table).filter(({ status }) => status !== "DELETING"),
  };
}

/** What tells whether there is anything to tell the others: not what changes by itself. */
function essence(table: TableRecord): string {
  const { globalIndexes, vectorIndexes, ...rest } = sharedSettings(table);
  const indexes = [...globalIndexes, ...vectorIndexes].map((index) => ({
    ...index,
    status: "",
    backfilling: false,
  }));
  return JSON.stringify([rest, indexes]);
}

/** The table after a request changed it in this region; jobs tell the others what is new. */
export function withSharedChange(
  tx: Transaction,
  ctx: Context,
  before: TableRecord,
  after: TableRecord,
): TableRecord {
  const { replication } = after;
  if (replication === undefined || essence(before) === essence(after)) return after;
  const settingsStamp = nextStamp(replication.settingsStamp, ctx.now(), ctx.region);
  for (const { region } of replication.replicas) {
    const { groupId } = replication;
    const payload: ReplicaJob = { tableName: after.name, tableId: after.id, groupId, region };
    const key = `${after.id}/${region}`;
    ctx.schedule(tx, { at: ctx.now(), job: "shareSettings", key, payload });
  }
  return { ...after, replication: { ...replication, settingsStamp } };
}

/** Tells another replica how this one is set. */
export async function shareSettings(ctx: JobContext, job: ReplicaJob): Promise<void> {
  const { tableName, groupId, region } = job;
  const table = await ctx.read((snapshot) => findMember(snapshot, ctx, job));
  if (table?.id !== job.tableId) return;
  const stamp = table.replication!.settingsStamp;
  const message: ChangedSettings = { tableName, groupId, stamp, settings: sharedSettings(table) };
  try {
    const answer = (await ctx.callRegion(region, "applySettings", message)) as AppliedSettings;
    if (answer.isBusy) await scheduleAgain(ctx, "shareSettings", job);
  } catch (error) {
    if (!(error instanceof RegionUnreachable)) throw error;
    await scheduleAgain(ctx, "shareSettings", job);
  }
}

interface AppliedSettings {
  /** The replica cannot take them yet: what it is doing has to end first. */
  readonly isBusy: boolean;
}

export async function applySettings(
  ctx: Context,
  { stamp, settings, ...group }: ChangedSettings,
): Promise<AppliedSettings> {
  const found = await ctx.read((snapshot) => findMember(snapshot, ctx, group));
  const isNewlyEncrypted = settings.isEncrypted && found?.encryption === undefined;
  const overrides = found?.replication?.overrides ?? {};
  const encryption = await replicaEncryption(ctx, isNewlyEncrypted, overrides);
  return ctx.transact((tx) => {
    const before = findMember(tx, ctx, group);
    if (before === undefined || before.status === "DELETING") return { isBusy: false };
    const replication = before.replication!;
    if (compareStamps(stamp, replication.settingsStamp) <= 0) return { isBusy: false };
    const isBusy =
      before.status !== "ACTIVE" ||
      changingIndexesOf(before).some(({ status }) => status !== "ACTIVE");
    if (isBusy) return { isBusy: true };
    const encrypted = settings.isEncrypted ? (before.encryption ?? encryption()) : undefined;
    const set = { ...before, encryption: encrypted };
    const after = withSettings(ctx, set, settings, { ...replication, settingsStamp: stamp });
    putMember(tx, ctx, after);
    scheduleIndexes(tx, ctx, before, after);
    const isTimed = after.timeToLive !== before.timeToLive;
    if (isTimed) scheduleTimeToLive(tx, ctx, after, after.timeToLive!);
    settleStream(tx, ctx, after);
    return { isBusy: false };
  });
}

function withSettings(
  ctx: Context,
  before: TableRecord,
  settings: SharedSettings,
  replication: Replication,
): TableRecord {
  const { overrides } = replication;
  const globalIndexes: IndexRecord[] = [];
  let nextIndexId = before.nextIndexId;
  for (const index of before.globalIndexes) {
    const shared = settings.globalIndexes.find(({ name }) => name === index.name);
    if (shared === undefined) globalIndexes.push({ ...index, status: "DELETING" });
    else globalIndexes.push(withSharedThroughput(index, shared, replication));
  }
  for (const shared of settings.globalIndexes) {
    if (before.globalIndexes.some(({ name }) => name === shared.name)) continue;
    const arn = `${before.arn}/index/${shared.name}`;
    const id = nextIndexId++;
    const index: IndexRecord = { ...shared, id, arn, status: "CREATING", backfilling: true };
    globalIndexes.push(withSharedThroughput(index, shared, replication));
  }
  const vectorIndexes = vectorIndexesOf(before).map((index) =>
    settings.vectorIndexes.some(({ name }) => name === index.name)
      ? index
      : { ...index, status: "DELETING" as const },
  );
  for (const shared of settings.vectorIndexes) {
    if (vectorIndexes.some(({ name }) => name === shared.name)) continue;
    const arn = `${before.arn}/index/${shared.name}`;
    const id = nextIndexId++;
    vectorIndexes.push({ ...shared, id, arn, status: "CREATING", backfilling: true });
  }
  const isBeginning = [...globalIndexes, ...vectorIndexes].some(
    ({ status }) => status !== "ACTIVE",
  );
  const { billing } = settings;
  const known = new Map(before.attributeDefinitions.map((one) => [one.name, one]));
  for (const index of globalIndexes) {
    for (const attribute of keyAttributes(index.key)) known.set(attribute.name, attribute);
  }
  for (const { name, type } of vectorIndexes.flatMap(({ searchSchema }) => searchSchema)) {
    known.set(name, { name, type });
  }
  return {
    ...before,
    status: isBeginning ? "UPDATING" : before.status,
    replication,
    globalIndexes,
    vectorIndexes,
    nextIndexId,
    attributeDefinitions: [...known.values()].toSorted(byName),
    billing: {
      ...billing,
      throughput: withReadUnits(billing.throughput, overrides.readUnits),
      onDemandThroughput: withMaxReads(billing.onDemandThroughput, overrides.maxReadRequestUnits),
    },
    tableClass: overrides.tableClass ?? settings.tableClass,
    timeToLive: sharedTimeToLive(ctx, before.timeToLive, settings.timeToLive),
  };
}

function withSharedThroughput(
  index: IndexRecord,
  shared: IndexRecord,
  { overrides }: Replication,
): IndexRecord {
  const override = overrides.indexes?.find(({ name }) => name === index.name);
  return {
    ...index,
    throughput: shared.throughput && withReadUnits(shared.throughput, override?.readUnits),
    onDemandThroughput: withMaxReads(shared.onDemandThroughput, override?.maxReadRequestUnits),
    warmThroughput: shared.warmThroughput,
  };
}

function sharedTimeToLive(
  ctx: Context,
  before: TableRecord["timeToLive"],
  attribute: string | undefined,
): TableRecord["timeToLive"] {
  const isEnabled = before?.status === "ENABLED" || before?.status === "ENABLING";
  const was = isEnabled ? before.attribute : undefined;
  if (was === attribute) return before;
  const AttributeName = attribute ?? was!;
  return changedTimeToLive(before, { Enabled: attribute !== undefined, AttributeName }, ctx.now());
}

function scheduleIndexes(
  tx: Transaction,
  ctx: Context,
  before: TableRecord,
  after: TableRecord,
): void {
  const { name: tableName, id: tableId } = after;
  if (after.status === "UPDATING") {
    const payload = { tableName, tableId };
    ctx.schedule(tx, { at: ctx.now(), job: "activateTable", key: tableId, payload });
  }
  for (const index of changingIndexesOf(after)) {
    const was = changingIndexesOf(before).find(({ id }) => id === index.id);
    if (was?.status === index.status) continue;
    const job = index.status === "CREATING" ? "backfillIndex" : "deleteIndex";
    const payload = { tableName, tableId, indexId: index.id };
    ctx.schedule(tx, { at: ctx.now(), job, key: `${tableId}/${index.id}`, payload });
  }
}
