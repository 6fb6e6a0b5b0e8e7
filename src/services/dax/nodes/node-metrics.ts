import type { Context } from "#kernel/context.ts";
import type { Series } from "#kernel/measurements.ts";

/** What CloudWatch shows of a node, by AWS's names. */
const names = [
  "TotalRequestCount",
  "ErrorRequestCount",
  "FaultRequestCount",
  "ThrottledRequestCount",
  "FailedRequestCount",
  "ItemCacheHits",
  "ItemCacheMisses",
  "QueryCacheHits",
  "QueryCacheMisses",
  "ScanCacheHits",
  "ScanCacheMisses",
  "GetItemRequestCount",
  "BatchGetItemRequestCount",
  "PutItemRequestCount",
  "UpdateItemRequestCount",
  "DeleteItemRequestCount",
  "BatchWriteItemRequestCount",
  "QueryRequestCount",
  "ScanRequestCount",
  "TransactGetItemsCount",
  "TransactWriteItemsCount",
  "ClientConnections",
  "CacheMemoryUtilization",
  "EvictedSize",
] as const;

export type NodeMetric = (typeof names)[number];

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/dax-metrics-dimensions-dax.html */
export class NodeMetrics {
  readonly #series: ReadonlyMap<NodeMetric, Series>;

  constructor(ctx: Context, clusterName: string, nodeId: string) {
    const dimensions = { ClusterId: clusterName, NodeId: nodeId };
    this.#series = new Map(names.map((name) => [name, ctx.series("AWS/DAX", name, dimensions)]));
  }

  add(metric: NodeMetric, value = 1): void {
    this.#series.get(metric)?.add(value);
  }
}
