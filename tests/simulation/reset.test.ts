import assert from "node:assert/strict";
import test from "node:test";
import { tuple } from "#base/tuple.ts";
import type { TableDescription } from "#models/dynamodb.ts";
import { Kernel } from "#kernel/kernel.ts";
import { silentLog } from "#kernel/log.ts";
import { dynamodb } from "#services/dynamodb/service.ts";
import { memoryStore } from "#store/open.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { createTableInput, designOf } from "./designs.ts";
import { originOf } from "./machine.ts";

test("a table that is made while everything is being forgotten is there whole, or not at all", async () => {
  for (let turns = 0; turns < 12; turns += 1) {
    const world = simulatedWorld({ seed: turns });
    const store = memoryStore();
    // More than one transaction of the reset takes.
    for (let from = 0; from < 15_000; from += 5000) {
      await store.transact((tx) => {
        for (let number = from; number < from + 5000; number += 1) {
          // Between DynamoDB's keys and those of jobs.
          tx.put(tuple("elsewhere", number), Buffer.alloc(0));
        }
      });
    }
    const kernel = new Kernel({ world, store, services: [dynamodb], log: silentLog });
    await kernel.start();
    const forgotten = kernel.reset();
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    await kernel.call(originOf("CreateTable"), createTableInput(designOf("plain")));
    await forgotten;
    await world.clock.advance(1000);
    const listed = await kernel.call(originOf("ListTables"), {});
    const { TableNames: names = [] } = listed as { TableNames?: string[] };
    for (const TableName of names) {
      const described = await kernel.call(originOf("DescribeTable"), { TableName });
      const { Table } = described as { Table: TableDescription };
      assert.equal(Table.TableStatus, "ACTIVE", `after ${turns} turns`);
    }
  }
});
