import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import { clusterKey, clustersPrefix } from "./keyspace.ts";

/** A cluster as it is stored. */
export interface ClusterRecord {
  /** Tells it from a later cluster of the same name. */
  readonly id: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly nodeType: string;
  readonly status: "creating" | "available" | "modifying" | "deleting";
  readonly createdAtMs: number;
  readonly nodes: readonly NodeRecord[];
  /** Which letter the next node gets. */
  readonly nextNode: number;
  /** Undefined until it listens. */
  readonly endpoint: EndpointRecord | undefined;
  /** Where the numbers of its attribute lists begin. */
  readonly firstListId: number;
  readonly subnetGroup: string;
  readonly securityGroups: readonly string[];
  readonly maintenanceWindow: string;
  readonly notification: { readonly topicArn: string; readonly status: string } | undefined;
  readonly roleArn: string;
  readonly parameterGroup: string;
  readonly isEncryptedAtRest: boolean;
  /** Its clients speak TLS. */
  readonly isEncryptedInTransit?: boolean;
  /** In the order in which the keys came. */
  readonly tags: readonly (readonly [key: string, value: string])[];
}

export interface NodeRecord {
  readonly id: string;
  readonly zone: string;
  readonly createdAtMs: number;
  readonly status: "creating" | "available" | "rebooting" | "deleting";
  readonly endpoint: EndpointRecord | undefined;
  /** How often it was started. */
  readonly boot: number;
  /** Whose values it works by; another group than the cluster's is taken up when it is rebooted. */
  readonly parameterGroup: string;
}

export interface EndpointRecord {
  readonly host: string;
  readonly port: number;
}

const clusterCodec: Codec<ClusterRecord> = {
  encode: (cluster) => Buffer.from(JSON.stringify(cluster)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as ClusterRecord,
};

export function findCluster(
  snapshot: Snapshot,
  ctx: Context,
  name: string,
): ClusterRecord | undefined {
  return snapshot.record(clusterKey(ctx, name.toLowerCase()), clusterCodec);
}

/** Throws ClusterNotFoundFault. */
export function openCluster(
  snapshot: Snapshot,
  ctx: Context<"ClusterNotFoundFault">,
  name: string,
): ClusterRecord {
  const found = findCluster(snapshot, ctx, name);
  if (found === undefined) throw ctx.error("ClusterNotFoundFault", "Cluster not found.");
  return found;
}

/** For a change: throws InvalidClusterStateFault while another one is under way. */
export function openClusterToChange(
  snapshot: Snapshot,
  ctx: Context<"ClusterNotFoundFault" | "InvalidClusterStateFault">,
  name: string,
): ClusterRecord {
  const found = openCluster(snapshot, ctx, name);
  if (found.status !== "available") {
    throw ctx.error("InvalidClusterStateFault", `Cluster ${found.name} is not in available state.`);
  }
  return found;
}

export function putCluster(tx: Transaction, ctx: Context, cluster: ClusterRecord): void {
  tx.putRecord(clusterKey(ctx, cluster.name), clusterCodec, cluster);
}

export function removeCluster(tx: Transaction, ctx: Context, cluster: ClusterRecord): void {
  tx.delete(clusterKey(ctx, cluster.name));
}

/** By name, after the one given; all there are without a limit. */
export function listClusters(
  snapshot: Snapshot,
  ctx: Context,
  after?: string,
  limit?: number,
): ClusterRecord[] {
  const prefix = clustersPrefix(ctx);
  const start: Key = after === undefined ? prefix : keyAfter(clusterKey(ctx, after));
  const range = { start, end: endOfPrefix(prefix), ...(limit === undefined ? {} : { limit }) };
  const found: ClusterRecord[] = [];
  for (const { value } of snapshot.range(range)) found.push(clusterCodec.decode(value));
  return found;
}
