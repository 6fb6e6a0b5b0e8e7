import type { Address } from "#kernel/listeners.ts";
import { ItemCache } from "./item-cache.ts";
import { LruCache } from "./lru-cache.ts";
import { NodeMetrics } from "./node-metrics.ts";
import type { RunningCluster } from "./running-cluster.ts";

/** What a node is told when it starts, and whenever that changes. */
export interface NodeSettings {
  readonly nodeId: string;
  readonly zone: string;
  readonly memoryBytes: number;
  /** 0 keeps items until there is no room. */
  readonly itemTimeToLiveMs: number;
  /** 0 keeps no answers of queries. */
  readonly queryTimeToLiveMs: number;
  /** How often the node was started: another number, and it forgets everything. */
  readonly boot: number;
}

/** One node: its caches and its numbers. */
export class Node {
  readonly id: string;
  readonly zone: string;
  readonly address: Address;
  readonly cluster: RunningCluster;
  readonly metrics: NodeMetrics;
  readonly items: ItemCache;
  readonly #cache: LruCache;
  #settings: NodeSettings;
  readonly #nowMs: () => number;

  constructor(
    cluster: RunningCluster,
    clusterName: string,
    address: Address,
    settings: NodeSettings,
  ) {
    const { ctx } = cluster;
    this.cluster = cluster;
    this.id = settings.nodeId;
    this.zone = settings.zone;
    this.address = address;
    this.metrics = new NodeMetrics(ctx, clusterName, settings.nodeId);
    this.#settings = settings;
    this.#nowMs = () => ctx.now();
    this.#cache = new LruCache(settings.memoryBytes, (sizeBytes) =>
      this.metrics.add("EvictedSize", sizeBytes),
    );
    this.items = new ItemCache(this.#cache, this.#nowMs, settings.itemTimeToLiveMs);
  }

  /** A node that is started anew forgets what it had; its connections stay, for clients are slow to notice. */
  change(settings: NodeSettings): void {
    const isRestarted = settings.boot !== this.#settings.boot;
    this.#settings = settings;
    this.items.timeToLiveMs = settings.itemTimeToLiveMs;
    if (isRestarted) this.#cache.clear();
  }

  /** The answer to a Query or Scan, by all that was asked. */
  findQuery(key: string): Buffer | undefined {
    return this.#cache.get(key, this.#nowMs());
  }

  keepQuery(key: string, answer: Buffer): void {
    const { queryTimeToLiveMs } = this.#settings;
    if (queryTimeToLiveMs > 0) this.#cache.set(key, answer, this.#nowMs() + queryTimeToLiveMs);
  }

  get memoryUtilization(): number {
    return (100 * this.#cache.sizeBytes) / this.#settings.memoryBytes;
  }
}
