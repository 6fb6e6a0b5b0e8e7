import { endOfPrefix, type Key } from "#base/key.ts";
import { integer } from "#base/tuple.ts";
import type { JobContext } from "#kernel/context.ts";
import { RegionUnreachable } from "#kernel/region-calls.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import type { TableJob } from "../tables/activate-table.ts";
import { ItemImage } from "../items/stored-item.ts";
import { type Outbound, tableLayout, type TableLayout } from "../tables/table-layout.ts";
import type { Applied, Changes, ItemState } from "./apply-changes.ts";
import { findMember, retryMs } from "./replication.ts";
import { beforeAll, readOrigin } from "./stamps.ts";

export interface DeliveryJob extends TableJob {
  readonly groupId: string;
  /** Where to. */
  readonly region: string;
  readonly memberId: string;
}

/** Bounds of one message, and of the transactions at both of its ends. */
const itemsPerMessage = 100;
const bytesPerMessage = 500_000;

interface Entry {
  readonly key: Key;
  /** When the write was made, by the region's clock. */
  readonly atMs: number;
  readonly time: number;
}

/** What to send next, or when to look again. */
type Step =
  | { readonly entries: readonly Entry[]; readonly changes: readonly ItemState[] }
  | { readonly againAtMs: number }
  | "done";

/**
 * Brings what was written here to another region, oldest first; a write is on its way for as long as the link between
 * the two says. What was sent is forgotten when the other region has it. A message that is sent again, after a crash
 * between its arrival and that, changes nothing there.
 */
export async function deliverChanges(ctx: JobContext, job: DeliveryJob): Promise<void> {
  for (;;) {
    const step = await ctx.transact((tx) => nextStep(tx, ctx, job));
    if (step === "done") return;
    if ("againAtMs" in step) return lookAgain(ctx, job, step.againAtMs);
    const { tableName, groupId, region } = job;
    const message: Changes = { tableName, groupId, changes: step.changes };
    try {
      const answer = (await ctx.callRegion(region, "applyChanges", message)) as Applied;
      if (!answer.isThere) return await lookAgain(ctx, job, ctx.now() + retryMs);
    } catch (error) {
      if (!(error instanceof RegionUnreachable)) throw error;
      return lookAgain(ctx, job, ctx.now() + retryMs);
    }
    await ctx.transact((tx) => forgetDelivered(tx, step.entries));
    countLatency(ctx, job, step.entries);
  }
}

function lookAgain(ctx: JobContext, job: DeliveryJob, at: number): Promise<void> {
  const { tableId, memberId } = job;
  return ctx.transact((tx) => {
    ctx.complete(tx);
    ctx.schedule(tx, { at, job: "deliverChanges", key: `${tableId}/${memberId}`, payload: job });
  });
}

function nextStep(tx: Transaction, ctx: JobContext, job: DeliveryJob): Step {
  const table = findMember(tx, ctx, job);
  const layout = table?.id === job.tableId ? tableLayout(ctx, table) : undefined;
  const outbound = layout && outboundTo(layout, job.memberId);
  if (layout === undefined || outbound === undefined) {
    // The other region has left the group, or the table is gone: what is outbound is swept.
    ctx.complete(tx);
    return "done";
  }
  const nowMs = ctx.now();
  const delayMs = ctx.links.delayMs(ctx.region, job.region);
  const entries: Entry[] = [];
  const changes = new Map<Key, ItemState>();
  let bytes = 0;
  let againAtMs: number | undefined;
  for (const entry of outboundEntries(tx, outbound, itemsPerMessage)) {
    // A clock that was set back has entries of times to come: they do not wait for these.
    if (entry.atMs <= nowMs && entry.atMs + delayMs > nowMs) {
      againAtMs = entry.atMs + delayMs;
      break;
    }
    entries.push(entry);
    const place = placeOf(outbound, entry.key);
    if (changes.has(place)) continue;
    const state = stateOf(tx, layout, place);
    if (state === undefined) continue;
    changes.set(place, state);
    bytes += state.item?.sizeBytes ?? 0;
    if (bytes >= bytesPerMessage) break;
  }
  if (entries.length > 0) return { entries, changes: [...changes.values()] };
  if (againAtMs !== undefined) return { againAtMs };
  tx.delete(outbound.jobKey);
  ctx.complete(tx);
  return "done";
}

export function outboundTo(layout: TableLayout, memberId: string): Outbound | undefined {
  return layout.replication?.outbound.find((one) => one.memberId === memberId);
}

function* outboundEntries(snapshot: Snapshot, { prefix }: Outbound, limit: number) {
  const range = { start: prefix, end: endOfPrefix(prefix), limit };
  for (const { key, value } of snapshot.range(range)) {
    yield { key, atMs: readMs(key, prefix.length), time: value.readDoubleBE(0) };
  }
}

const msLength = integer(0).length;

const placeOf = ({ prefix }: Outbound, key: Key): Key => key.slice(prefix.length + msLength);

function readMs(key: Key, prefixLength: number): number {
  let ms = 0;
  const end = prefixLength + msLength;
  for (let at = end - 8; at < end; at++) ms = ms * 256 + key.charCodeAt(at);
  return ms;
}

/** The time of the oldest write that is not delivered yet. */
export function oldestOutboundMs(snapshot: Snapshot, outbound: Outbound): number | undefined {
  for (const { atMs } of outboundEntries(snapshot, outbound, 1)) return atMs;
  return undefined;
}

/** How an item is here now; undefined if there never was one, or nobody knows any more. */
export function stateOf(
  snapshot: Snapshot,
  layout: TableLayout,
  place: Key,
): ItemState | undefined {
  const origin = readOrigin(snapshot, layout.replication!, place);
  if (origin?.isDeleted === true) return { place, stamp: origin.stamp };
  const stored = snapshot.get(layout.itemsPrefix + place);
  // Its time had come here already; the region that wrote it says so for all (expire-items.ts).
  if (stored === undefined) return undefined;
  return { place, stamp: origin?.stamp ?? beforeAll, item: sentItem(stored) };
}

export function sentItem(stored: Buffer): NonNullable<ItemState["item"]> {
  const image = ItemImage.ofStored(stored);
  return { json: image.json.bytes.toString("utf8"), sizeBytes: image.sizeBytes };
}

/** An entry that was written anew since it was read stays. */
function forgetDelivered(tx: Transaction, entries: readonly Entry[]): void {
  for (const { key, time } of entries) {
    if (tx.get(key)?.readDoubleBE(0) === time) tx.delete(key);
  }
}

/** Source: "DynamoDB metrics and dimensions": ReplicationLatency, in milliseconds, by TableName and ReceivingRegion. */
function countLatency(ctx: JobContext, job: DeliveryJob, entries: readonly Entry[]): void {
  const { tableName: TableName, region: ReceivingRegion } = job;
  const series = ctx.series("AWS/DynamoDB", "ReplicationLatency", { TableName, ReceivingRegion });
  const nowMs = ctx.now();
  for (const { atMs } of entries) series.add(Math.max(0, nowMs - atMs));
}
