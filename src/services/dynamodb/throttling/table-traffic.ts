import type { Context } from "#kernel/context.ts";
import type { SharedKind } from "#kernel/kernel.ts";
import type { Series } from "#kernel/measurements.ts";
import type { IndexRecord, TableRecord } from "../tables/table-record.ts";
import { warmAnyway } from "../tables/throughput.ts";
import { Lane, type LaneCapacity } from "./lane.ts";

/** Reads and writes of one table or one global index. */
export interface Lanes {
  readonly read: Lane;
  readonly write: Lane;
}

/** What one operation on a table is counted in. */
interface OperationSeries {
  readonly latencyMs: Series;
  readonly returnedItems: Series;
}

/**
 * A table's capacity at work, and its numbers. It lives in memory, as long as the process and the table do: after a
 * restart, buckets are as full as a fresh table's, and the peak of an on-demand table is forgotten.
 */
export class TableTraffic {
  readonly table: Lanes;
  readonly #name: string;
  readonly #series: (metric: string, dimensions?: Readonly<Record<string, string>>) => Series;
  readonly #indexes = new Map<number, Lanes>();
  readonly #operations = new Map<string, OperationSeries>();

  constructor(ctx: Context, record: TableRecord) {
    const { name, arn } = record;
    this.#name = name;
    this.#series = (metric, dimensions) =>
      ctx.series("AWS/DynamoDB", metric, { TableName: name, ...dimensions });
    this.table = lanes(ctx, { type: "Table", arn }, { TableName: name }, tableCapacity(record));
    this.change(ctx, record);
  }

  /** Obeys the record from now on. */
  change(ctx: Context, record: TableRecord): void {
    const nowMs = ctx.now();
    const { read, write } = tableCapacity(record);
    this.table.read.change(read, nowMs);
    this.table.write.change(write, nowMs);
    const gone = new Set(this.#indexes.keys());
    for (const index of record.globalIndexes) {
      gone.delete(index.id);
      const capacity = indexCapacity(record, index);
      const known = this.#indexes.get(index.id);
      if (known === undefined) {
        const dimensions = { TableName: this.#name, GlobalSecondaryIndexName: index.name };
        const resource = { type: "Index", arn: index.arn } as const;
        this.#indexes.set(index.id, lanes(ctx, resource, dimensions, capacity));
      } else {
        known.read.change(capacity.read, nowMs);
        known.write.change(capacity.write, nowMs);
      }
    }
    for (const id of gone) this.#indexes.delete(id);
  }

  /** Of a global index. */
  index(index: Pick<IndexRecord, "id">): Lanes | undefined {
    return this.#indexes.get(index.id);
  }

  operation(Operation: string): OperationSeries {
    let found = this.#operations.get(Operation);
    if (found === undefined) {
      found = {
        latencyMs: this.#series("SuccessfulRequestLatency", { Operation }),
        returnedItems: this.#series("ReturnedItemCount", { Operation }),
      };
      this.#operations.set(Operation, found);
    }
    return found;
  }

  /** For what happens seldom. */
  count(metric: string, value: number, dimensions?: Readonly<Record<string, string>>): void {
    this.#series(metric, dimensions).add(value);
  }
}

interface Capacity {
  readonly read: LaneCapacity;
  readonly write: LaneCapacity;
}

function lanes(
  ctx: Context,
  resource: { readonly type: "Table" | "Index"; readonly arn: string },
  dimensions: Readonly<Record<string, string>>,
  { read, write }: Capacity,
): Lanes {
  return {
    read: new Lane(ctx, resource, "Read", dimensions, read),
    write: new Lane(ctx, resource, "Write", dimensions, write),
  };
}

function tableCapacity({ billing }: TableRecord): Capacity {
  return capacityOf(billing.mode, billing.throughput, billing);
}

function indexCapacity({ billing }: TableRecord, index: IndexRecord): Capacity {
  return capacityOf(billing.mode, index.throughput ?? billing.throughput, index);
}

function capacityOf(
  mode: TableRecord["billing"]["mode"],
  throughput: TableRecord["billing"]["throughput"],
  asked: Pick<IndexRecord, "onDemandThroughput" | "warmThroughput">,
): Capacity {
  const isProvisioned = mode === "PROVISIONED";
  const anyway = warmAnyway(mode, throughput);
  const { onDemandThroughput: most, warmThroughput: warm } = asked;
  return {
    read: {
      isProvisioned,
      units: isProvisioned ? throughput.readUnits : most?.MaxReadRequestUnits,
      warmUnits: Math.max(anyway.read, warm?.read ?? 0),
    },
    write: {
      isProvisioned,
      units: isProvisioned ? throughput.writeUnits : most?.MaxWriteRequestUnits,
      warmUnits: Math.max(anyway.write, warm?.write ?? 0),
    },
  };
}

/** By the table's id. */
const traffics: SharedKind<Map<string, TableTraffic>> = { make: () => new Map() };

/** The traffic of a table, which from now on obeys this record of it. */
export function trafficOf(ctx: Context, record: TableRecord): TableTraffic {
  const all = ctx.shared(traffics);
  let traffic = all.get(record.id);
  if (traffic === undefined) all.set(record.id, (traffic = new TableTraffic(ctx, record)));
  else traffic.change(ctx, record);
  return traffic;
}

/** For a table that is gone. */
export function forgetTraffic(ctx: Context, { id }: Pick<TableRecord, "id">): void {
  ctx.shared(traffics).delete(id);
}
