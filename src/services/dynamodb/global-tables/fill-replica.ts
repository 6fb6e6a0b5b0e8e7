import { endOfPrefix, type Key, keyAfter } from "#base/key.ts";
import type { JobContext } from "#kernel/context.ts";
import { RegionUnreachable } from "#kernel/region-calls.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { replicaFillKey } from "../keyspace.ts";
import { tableLayout, type TableLayout } from "../tables/table-layout.ts";
import type { Applied, Changes, ItemState } from "./apply-changes.ts";
import { type DeliveryJob, outboundTo, stateOf } from "./deliver-changes.ts";
import { findMember, retryMs } from "./replication.ts";

/*
 * Sends a new replica what was there before it.
 *
 * F1. From the transaction that adds the replica on, each write here has an outbound entry for it.
 * F2. Every replica of the group sends all that it has, items and tombstones, in key order: what one of them has not
 *     heard of yet, another sends. What the new one has already, or later, it passes over.
 * F3. How far this has come is stored with each step, so a run that was cut off is taken up where it ended.
 */

const itemsPerMessage = 100;
const bytesPerMessage = 500_000;

interface Step {
  readonly changes: readonly ItemState[];
  /** Undefined when there is no more. */
  readonly reached: Key | undefined;
}

export async function fillReplica(ctx: JobContext, job: DeliveryJob): Promise<void> {
  const { tableName, groupId, region, tableId, memberId } = job;
  const progressKey = replicaFillKey(ctx, { id: tableId }, memberId);
  try {
    for (;;) {
      const step = await ctx.read((snapshot) => nextStep(snapshot, ctx, job, progressKey));
      if (step === undefined) break;
      if (step.reached === undefined) {
        await ctx.callRegion(region, "replicaFilled", { tableName, groupId, from: ctx.region });
        break;
      }
      const message: Changes = { tableName, groupId, changes: step.changes };
      const answer = (await ctx.callRegion(region, "applyChanges", message)) as Applied;
      if (!answer.isThere) throw new RegionUnreachable("the new replica is not there yet");
      const reached = Buffer.from(step.reached, "latin1");
      await ctx.transact((tx) => tx.put(progressKey, reached));
    }
  } catch (error) {
    if (!(error instanceof RegionUnreachable)) throw error;
    return ctx.transact((tx) => {
      ctx.complete(tx);
      scheduleFill(tx, ctx, job, ctx.now() + retryMs);
    });
  }
  await ctx.transact((tx) => {
    ctx.complete(tx);
    tx.delete(progressKey);
  });
}

export function scheduleFill(
  tx: Transaction,
  ctx: Pick<JobContext, "schedule">,
  job: DeliveryJob,
  at: number,
): void {
  ctx.schedule(tx, {
    at,
    job: "fillReplica",
    key: `${job.tableId}/${job.memberId}`,
    payload: job,
  });
}

/** Undefined if the replica is not to be filled any more. */
function nextStep(
  snapshot: Snapshot,
  ctx: JobContext,
  job: DeliveryJob,
  progressKey: Key,
): Step | undefined {
  const table = findMember(snapshot, ctx, job);
  if (table?.id !== job.tableId) return undefined;
  const layout = tableLayout(ctx, table);
  if (outboundTo(layout, job.memberId) === undefined) return undefined;
  const last = snapshot.get(progressKey)?.toString("latin1");
  const { itemsPrefix, replication } = layout;
  const { tombstonesPrefix } = replication!;
  if (last === undefined || last.startsWith(itemsPrefix)) {
    const step = walk(snapshot, layout, itemsPrefix, last);
    if (step.reached !== undefined) return step;
    return walk(snapshot, layout, tombstonesPrefix, undefined);
  }
  return walk(snapshot, layout, tombstonesPrefix, last);
}

function walk(snapshot: Snapshot, layout: TableLayout, prefix: Key, last: Key | undefined): Step {
  const changes: ItemState[] = [];
  let reached: Key | undefined;
  let bytes = 0;
  const range = {
    start: last === undefined ? prefix : keyAfter(last),
    end: endOfPrefix(prefix),
    limit: itemsPerMessage,
  };
  for (const { key, value } of snapshot.range(range)) {
    const state = stateOf(snapshot, layout, key.slice(prefix.length));
    if (state !== undefined) changes.push(state);
    reached = key;
    bytes += value.length;
    if (bytes >= bytesPerMessage) break;
  }
  return { changes, reached };
}
