import type { Context } from "#kernel/context.ts";
import { billOf, priceList, type TableBill } from "./bill.ts";
import { tablesOf } from "./measure-tables.ts";
import { storedBytes, usageOf } from "./usage.ts";

const dayMs = 86_400_000;
const windowMs = 30 * dayMs;
/** What is measured in less than a minute says nothing of a month. */
const shortestMs = 60_000;

export interface CostReport {
  readonly account: string;
  readonly region: string;
  readonly prices: typeof priceList;
  readonly tables: readonly (TableBill & { readonly measuredFrom: string })[];
  /** A month of all tables in US dollars: as they are, and each in its cheapest way. */
  readonly total: { readonly current: number; readonly cheapest: number };
}

/** What the tables of an account in a region cost a month, by what they used in the last thirty days, or since they are there. */
export async function costReport(ctx: Context): Promise<CostReport> {
  const nowMs = ctx.now();
  const found = await ctx.read((snapshot) =>
    tablesOf(snapshot, ctx).map((table) => ({ table, bytes: storedBytes(snapshot, ctx, table) })),
  );
  const tables: (TableBill & { readonly measuredFrom: string })[] = [];
  for (const { table, bytes } of found) {
    const startMs = Math.min(Math.max(nowMs - windowMs, table.createdAtMs), nowMs - shortestMs);
    const usage = await usageOf(ctx, table, bytes, { startMs, endMs: nowMs });
    tables.push({ ...billOf(usage), measuredFrom: new Date(startMs).toISOString() });
  }
  const sum = (of: (bill: TableBill) => number): number =>
    tables.reduce((total, bill) => total + of(bill), 0);
  const { account, region } = ctx;
  return {
    account,
    region,
    prices: priceList,
    tables,
    total: {
      current: sum((bill) => bill.current.total),
      cheapest: sum((bill) => bill.cheapest.total),
    },
  };
}
