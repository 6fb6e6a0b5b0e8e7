import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { realWorld } from "#world/real.ts";
import { FolderInUse } from "#world/world.ts";
import { openStore } from "./open.ts";
import { describeStore } from "./store.contract.ts";

/** @param close called before the folder is removed. */
async function freshFolder(t: TestContext, close?: () => Promise<void>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tule-store-"));
  t.after(async () => {
    await close?.();
    await rm(folder, { recursive: true });
  });
  return folder;
}

/** With sizes of 0 each write goes on to the base at once; else most of it stays above, in memory. */
for (const applyBytes of [4_000_000, 0]) {
  describeStore(`on disk, applied after ${applyBytes} bytes`, async (t) => {
    const world = realWorld();
    const folder = await freshFolder(t, () => store.close());
    const open = () =>
      openStore({ world, folder, applyBytes, maxPendingBytes: applyBytes, segmentBytes: 65_536 });
    let store = await open();
    return {
      store,
      async reopen() {
        await store.close();
        store = await open();
        return store;
      },
    };
  });
}

void test("a folder is open in one store at a time", async (t) => {
  const world = realWorld();
  const folder = await freshFolder(t);
  const store = await openStore({ world, folder, holder: "process 4711" });
  await assert.rejects(openStore({ world, folder }), (error: Error) => {
    assert.ok(error instanceof FolderInUse);
    assert.match(error.message, /is in use by process 4711/);
    return true;
  });
  await store.close();
  await (await openStore({ world, folder })).close();
});
