import assert from "node:assert/strict";
import test from "node:test";
import {
  consumedCapacity,
  noUnits,
  readUnits,
  tableCapacity,
  writeUnits,
} from "./consumed-capacity.ts";

test("reads are counted in 4 KB, writes in 1 KB, each at least once", () => {
  const cases: [bytes: number, reads: number, writes: number][] = [
    [0, 1, 1],
    [1, 1, 1],
    [1024, 1, 1],
    [1025, 1, 2],
    [4096, 1, 4],
    [4097, 2, 5],
    [409_600, 100, 400],
  ];
  for (const [bytes, reads, writes] of cases) {
    assert.equal(readUnits(bytes, true), reads);
    assert.equal(readUnits(bytes, false), reads / 2);
    assert.equal(writeUnits(bytes), writes);
  }
});

test("an answer shows the total alone, or each table and index with it", () => {
  const units = noUnits();
  units.table = 2;
  units.globalIndexes.set("g", 3);
  units.localIndexes.set("l", 1);
  assert.equal(consumedCapacity(undefined, "t", units), undefined);
  assert.equal(consumedCapacity("NONE", "t", units), undefined);
  assert.deepEqual(consumedCapacity("TOTAL", "t", units), { TableName: "t", CapacityUnits: 6 });
  assert.deepEqual(consumedCapacity("INDEXES", "t", units, "WriteCapacityUnits"), {
    TableName: "t",
    CapacityUnits: 6,
    WriteCapacityUnits: 6,
    Table: { CapacityUnits: 2, WriteCapacityUnits: 2 },
    GlobalSecondaryIndexes: { g: { CapacityUnits: 3, WriteCapacityUnits: 3 } },
    LocalSecondaryIndexes: { l: { CapacityUnits: 1, WriteCapacityUnits: 1 } },
  });
  assert.deepEqual(tableCapacity("INDEXES", "t", 0.5), {
    TableName: "t",
    CapacityUnits: 0.5,
    Table: { CapacityUnits: 0.5 },
  });
});
