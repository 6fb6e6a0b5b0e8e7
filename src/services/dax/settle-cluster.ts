import { endOfPrefix } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import {
  findCluster,
  putCluster,
  removeCluster,
  type ClusterRecord,
  type NodeRecord,
} from "./cluster-record.ts";
import { recordEvent } from "./events.ts";
import { listsPrefixes } from "./keyspace.ts";
import { closePorts, discoveryPortKey, nodePortKey, portListener } from "./tell-nodes.ts";

interface ClusterJob {
  readonly name: string;
  readonly id: string;
}

const keysAtOnce = 1_000;

export function settleSoon(tx: Transaction, ctx: Context, { name, id }: ClusterRecord): void {
  const payload: ClusterJob = { name, id };
  ctx.schedule(tx, { at: ctx.now(), job: "settleCluster", key: id, payload });
}

/**
 * Ends what an operation began: nodes that are new or rebooted serve, nodes that leave are gone, and a cluster that is
 * deleted with all that it stored.
 */
export async function settleCluster(ctx: JobContext, { name, id }: ClusterJob): Promise<void> {
  const cluster = await ctx.read((snapshot) => findCluster(snapshot, ctx, name));
  if (cluster?.id !== id) return;
  if (cluster.status === "deleting") return removeAll(ctx, cluster);
  const endpoint = await ctx.listening(portListener, discoveryPortKey(cluster));
  const staying = cluster.nodes.filter(({ status }) => status !== "deleting");
  const endpoints = new Map(
    await Promise.all(
      staying.map(
        async (node) =>
          [node.id, await ctx.listening(portListener, nodePortKey(cluster, node))] as const,
      ),
    ),
  );
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const before = findCluster(tx, ctx, name);
    if (before?.id !== id) return;
    const nodes = before.nodes.filter(({ status }) => status !== "deleting");
    putCluster(tx, ctx, {
      ...before,
      status: "available",
      endpoint,
      nodes: nodes.map((node): NodeRecord => {
        return { ...node, status: "available", endpoint: endpoints.get(node.id) ?? node.endpoint };
      }),
    });
    const tell = (message: string): void => recordEvent(tx, ctx, "CLUSTER", name, message);
    if (before.status === "creating") tell("Cluster created.");
    for (const node of before.nodes) {
      if (node.status === "creating")
        tell(`Added node ${node.id} in Availability Zone ${node.zone}.`);
      else if (node.status === "deleting") tell(`Removed node ${node.id}.`);
    }
  });
}

async function removeAll(ctx: JobContext, cluster: ClusterRecord): Promise<void> {
  for (const prefix of listsPrefixes(ctx, cluster.id)) {
    for (;;) {
      const removed = await ctx.transact((tx) => {
        const range = { start: prefix, end: endOfPrefix(prefix), limit: keysAtOnce };
        const keys = [...tx.range(range)].map(({ key }) => key);
        for (const key of keys) tx.delete(key);
        return keys.length;
      });
      if (removed < keysAtOnce) break;
    }
  }
  await ctx.transact((tx) => {
    ctx.complete(tx);
    closePorts(tx, ctx, cluster);
    removeCluster(tx, ctx, cluster);
    for (const node of cluster.nodes) {
      recordEvent(tx, ctx, "CLUSTER", cluster.name, `Removed node ${node.id}.`);
    }
    recordEvent(tx, ctx, "CLUSTER", cluster.name, "Cluster deleted.");
  });
}
