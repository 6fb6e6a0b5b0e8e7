import type { TableClass } from "#models/dynamodb.ts";
import prices from "./prices.json" with { type: "json" };

/*
 * What a month costs, by what was used: pure. Prices stand in prices.json, with their date and source.
 */

/** What a table and its global indexes used in so many hours. */
export interface TableUsage {
  readonly tableName: string;
  readonly mode: "PROVISIONED" | "PAY_PER_REQUEST";
  readonly tableClass: TableClass;
  readonly hours: number;
  /** Consumed. */
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Units times hours, as provisioned; undefined for a table that is paid by the request. */
  readonly provisioned: UnitHours | undefined;
  /** Units times hours, if capacity followed the traffic as auto scaling does. */
  readonly followed: UnitHours;
  /** Bytes times hours, indexes included. */
  readonly storedByteHours: number;
  readonly recoveryByteHours: number;
  readonly backupByteHours: number;
  /** Calls of GetRecords. */
  readonly streamReads: number;
}

export interface UnitHours {
  readonly read: number;
  readonly write: number;
}

export type Capacity = "on-demand" | "auto scaling" | "provisioned as it is";

/** A way to run a table, and what it costs a month, in US dollars. */
export interface Offer {
  readonly capacity: Capacity;
  readonly tableClass: TableClass;
  readonly throughput: number;
  readonly storage: number;
  /** Streams, backups and point-in-time recovery: the same whatever the rest. */
  readonly extras: number;
  readonly total: number;
}

export interface TableBill {
  readonly tableName: string;
  readonly usage: TableUsage;
  /** What it costs as it is set now. */
  readonly current: Offer;
  readonly offers: readonly Offer[];
  readonly cheapest: Offer;
}

/** Of AWS's calculators. */
const hoursPerMonth = 730;
const bytesPerGB = 2 ** 30;
const classes = ["STANDARD", "STANDARD_INFREQUENT_ACCESS"] as const;

export function billOf(usage: TableUsage): TableBill {
  const capacities: Capacity[] = ["on-demand", "auto scaling"];
  if (usage.provisioned !== undefined) capacities.push("provisioned as it is");
  const offers = capacities.flatMap((capacity) =>
    classes.map((tableClass) => offerOf(usage, capacity, tableClass)),
  );
  const now: Capacity = usage.mode === "PROVISIONED" ? "provisioned as it is" : "on-demand";
  const current = offers.find(
    (offer) => offer.capacity === now && offer.tableClass === usage.tableClass,
  )!;
  // Of equals, what it is already.
  const cheapest = offers.reduce(
    (best, offer) => (offer.total < best.total ? offer : best),
    current,
  );
  return { tableName: usage.tableName, usage, current, offers, cheapest };
}

function offerOf(usage: TableUsage, capacity: Capacity, tableClass: TableClass): Offer {
  const price = prices.classes[tableClass];
  /** What was measured, as it would be in a month. */
  const monthly = (measured: number): number => (measured / usage.hours) * hoursPerMonth;
  const gbMonths = (byteHours: number): number => byteHours / usage.hours / bytesPerGB;
  const unitHours = capacity === "auto scaling" ? usage.followed : usage.provisioned;
  const throughput =
    capacity === "on-demand"
      ? (monthly(usage.readUnits) * price.millionReadRequestUnits +
          monthly(usage.writeUnits) * price.millionWriteRequestUnits) /
        1e6
      : monthly(unitHours!.read) * price.readUnitHour +
        monthly(unitHours!.write) * price.writeUnitHour;
  const storage = gbMonths(usage.storedByteHours) * price.storedGBMonth;
  const extras =
    (monthly(usage.streamReads) * prices.millionStreamReads) / 1e6 +
    gbMonths(usage.recoveryByteHours) * prices.recoveryGBMonth +
    gbMonths(usage.backupByteHours) * prices.backupGBMonth;
  return {
    capacity,
    tableClass,
    throughput,
    storage,
    extras,
    total: throughput + storage + extras,
  };
}

/** Where the prices are from. */
export const priceList = {
  currency: prices.currency,
  region: prices.region,
  date: prices.date,
  source: prices.source,
};
