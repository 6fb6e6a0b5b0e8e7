import assert from "node:assert/strict";
import test from "node:test";
import { endOfPrefix } from "#base/key.ts";
import { memoryStore } from "#store/open.ts";
import type { Store } from "#store/store.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { rootOf, type Principal } from "./identity.ts";
import { silentLog } from "./log.ts";
import { Uses } from "./uses.ts";

const account = "123456789012";
const bob: Principal = {
  arn: `arn:aws:iam::${account}:user/bob`,
  account,
  userId: "AIDABOB",
  kind: "user",
  accessKeyId: "AKIABOB",
};
const session: Principal = {
  arn: `arn:aws:sts::${account}:assumed-role/worker/night`,
  account,
  userId: "AROAWORKER:night",
  kind: "role-session",
};
const list = { service: "dynamodb", operation: "ListTables", region: "us-east-1" };

function setUp() {
  const { clock } = simulatedWorld({ seed: 1 });
  const store = memoryStore();
  return { clock, store, uses: new Uses({ clock, store, log: silentLog }) };
}

/** The entries that are stored, whatever is in memory. */
const stored = (store: Store): Promise<number> =>
  store.read((snapshot) => [...snapshot.range({ start: "", end: endOfPrefix("\u00fe") })].length);

test("the latest use of each operation and of each key counts", async () => {
  const { clock, uses } = setUp();
  uses.note(bob, list);
  const firstMs = clock.nowMs();
  clock.moveTo(firstMs + 1_000);
  uses.note(bob, { ...list, operation: "GetItem", region: "eu-west-1" });
  uses.note(session, list);
  assert.deepEqual(await uses.of(account, "AIDABOB"), {
    operations: {
      dynamodb: {
        ListTables: { atMs: firstMs, region: "us-east-1" },
        GetItem: { atMs: firstMs + 1_000, region: "eu-west-1" },
      },
    },
    keys: { AKIABOB: { atMs: firstMs + 1_000, region: "eu-west-1", service: "dynamodb" } },
  });
  clock.moveTo(firstMs + 2_000);
  uses.note(bob, list);
  const all = await uses.all(account);
  assert.deepEqual([...all.keys()].toSorted(), ["AIDABOB", "AROAWORKER"]);
  assert.equal(all.get("AIDABOB")?.operations["dynamodb"]?.["ListTables"]?.atMs, firstMs + 2_000);
  assert.deepEqual(all.get("AROAWORKER")?.keys, {});
  await uses.stop();
});

test("uses cost no write until their minute is over, and none of root's", async () => {
  const { clock, store, uses } = setUp();
  for (let times = 0; times < 100; times += 1) uses.note(bob, list);
  uses.note(rootOf(account), list);
  assert.equal(await stored(store), 0);
  clock.moveTo(clock.nowMs() + 60_000);
  await new Promise(setImmediate);
  await uses.of(account, "nobody");
  assert.equal(await stored(store), 1);
  await uses.stop();
});

test("what was used when the server stops is stored, and what is used after a reset is new", async () => {
  const { store, uses } = setUp();
  uses.note(bob, list);
  await uses.forget();
  assert.equal(await stored(store), 0);
  uses.note(bob, list);
  await uses.stop();
  assert.equal(await stored(store), 1);
});
