import assert from "node:assert/strict";
import test from "node:test";
import { billOf, type TableUsage } from "./bill.ts";

const GB = 2 ** 30;
const idle: TableUsage = {
  tableName: "Music",
  mode: "PAY_PER_REQUEST",
  tableClass: "STANDARD",
  hours: 730,
  readUnits: 0,
  writeUnits: 0,
  provisioned: undefined,
  followed: { read: 730, write: 730 },
  storedByteHours: 0,
  recoveryByteHours: 0,
  backupByteHours: 0,
  streamReads: 0,
};

function totals(usage: Partial<TableUsage>): Record<string, number> {
  const { offers } = billOf({ ...idle, ...usage });
  return Object.fromEntries(
    offers.map(({ capacity, tableClass, total }) => [
      `${capacity}, ${tableClass === "STANDARD" ? "Standard" : "Standard-IA"}`,
      Number(total.toFixed(4)),
    ]),
  );
}

const cheapest = (usage: Partial<TableUsage>): string => {
  const { capacity, tableClass } = billOf({ ...idle, ...usage }).cheapest;
  return `${capacity}, ${tableClass}`;
};

test("requests, units and bytes are priced by the list", () => {
  assert.deepEqual(
    totals({
      mode: "PROVISIONED",
      readUnits: 10e6,
      writeUnits: 2e6,
      provisioned: { read: 100 * 730, write: 10 * 730 },
      followed: { read: 20 * 730, write: 5 * 730 },
      storedByteHours: 40 * GB * 730,
    }),
    {
      "on-demand, Standard": 12.5,
      "on-demand, Standard-IA": 7.11,
      "auto scaling, Standard": 14.2705,
      "auto scaling, Standard-IA": 9.2925,
      "provisioned as it is, Standard": 24.235,
      "provisioned as it is, Standard-IA": 21.593,
    },
  );
});

test("a shorter time is projected to a month", () => {
  const day = { hours: 24, writeUnits: 1e6, followed: { read: 24, write: 24 * 20 } };
  const { current } = billOf({ ...idle, ...day, storedByteHours: 4 * GB * 24 });
  assert.equal(Number(current.throughput.toFixed(4)), Number(((730 / 24) * 0.625).toFixed(4)));
  assert.equal(current.storage, 1);
});

test("streams, backups and recovery cost the same whatever the rest", () => {
  const extras = {
    streamReads: 5e6,
    recoveryByteHours: 10 * GB * 730,
    backupByteHours: 10 * GB * 730,
  };
  for (const offer of billOf({ ...idle, ...extras }).offers) assert.equal(offer.extras, 4);
});

test("the cheapest way to run a table is named", () => {
  assert.equal(cheapest({}), "on-demand, STANDARD");
  assert.equal(cheapest({ storedByteHours: GB * 730 }), "on-demand, STANDARD_INFREQUENT_ACCESS");
  const busy = { writeUnits: 500e6, followed: { read: 730, write: 280 * 730 } };
  assert.equal(cheapest(busy), "auto scaling, STANDARD");
});
