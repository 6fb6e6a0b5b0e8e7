import { endOfPrefix } from "#base/key.ts";
import type { JobContext } from "#kernel/context.ts";
import { deliveriesPrefix, destinationKey, subscriptionKey } from "../keyspace.ts";
import { findGroup } from "../open.ts";
import { decodeDelivery } from "./queue-matches.ts";
import { destinationCodec, subscriptionCodec } from "./records.ts";
import { send, vendorOf } from "./targets.ts";

/** AWS goes on trying for so long. */
const retriedForMs = 24 * 3_600_000;

interface DeliveryJob {
  readonly id: string;
  readonly name: string;
  readonly groupName: string;
}

/**
 * Delivers what a subscription matched, in order, each message at least once. A destination that refuses one has the job
 * run again, later and later, for a day.
 */
export async function deliverMatches(ctx: JobContext, job: DeliveryJob): Promise<void> {
  const prefix = deliveriesPrefix(ctx, job.id);
  for (;;) {
    const next = await ctx.transact((tx) => {
      const target = targetOf(tx, ctx, job);
      for (const { key, value } of tx.range({ start: prefix, end: endOfPrefix(prefix) })) {
        const delivery = decodeDelivery(value);
        if (target !== undefined && delivery.queuedMs >= ctx.now() - retriedForMs) {
          return { key, target, ...delivery };
        }
        tx.delete(key);
      }
      ctx.complete(tx);
      return undefined;
    });
    if (next === undefined) return;
    await send(ctx, next.target, next.message, next.partition);
    await ctx.transact((tx) => tx.delete(next.key));
  }
}

/** Where the subscription delivers to now; undefined once it is gone. */
function targetOf(
  tx: Parameters<Parameters<JobContext["transact"]>[0]>[0],
  ctx: JobContext,
  { id, name, groupName }: DeliveryJob,
): string | undefined {
  const group = findGroup(tx, ctx, groupName);
  const subscription = group && tx.record(subscriptionKey(ctx, group, name), subscriptionCodec);
  if (subscription?.id !== id) return undefined;
  const { destinationArn } = subscription;
  if (vendorOf(destinationArn) !== "logs") return destinationArn;
  const [, , , region = "", , , destination = ""] = destinationArn.split(":");
  const there = ctx.inRegion(region);
  return tx.record(destinationKey(there, destination), destinationCodec)?.targetArn;
}
