/**
 * The store alone: `node bench/store.ts [keys] [disk|memory]`. Loads the keys, then durable
 * random puts with 1, 64 and 256 waiting, point gets and ranges. CPU is the whole process's, all threads.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endOfPrefix } from "#base/key.ts";
import { integer, text } from "#base/tuple.ts";
import { memoryStore, openStore } from "#store/open.ts";
import type { Store } from "#store/store.ts";
import { realWorld } from "#world/real.ts";

const keyCount = Number(process.argv[2] ?? 300_000);
const kind = process.argv[3] ?? "disk";
const seconds = Number(process.argv[4] ?? 4);
const folder = mkdtempSync(join(process.env["TULE_BENCH_FOLDER"] ?? tmpdir(), "tule-store-"));
const prefix = ["dynamodb", "000000000000", "us-east-1", "items", "0123456789ab"]
  .map(text)
  .join("");
const value = Buffer.alloc(1024, 7);

let state = 88_172_645;
/** Xorshift: the same keys in each run. */
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

function key(index: number): string {
  return prefix + integer(index);
}

interface Measured {
  operations: number;
  latenciesMs: number[];
  wallMs: number;
  cpuUs: number;
}

async function measure(run: (measured: Measured) => Promise<void>): Promise<Measured> {
  const measured: Measured = { operations: 0, latenciesMs: [], wallMs: 0, cpuUs: 0 };
  const cpu = process.cpuUsage();
  const start = performance.now();
  await run(measured);
  measured.wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  measured.cpuUs = user + system;
  return measured;
}

function report(name: string, { operations, latenciesMs, wallMs, cpuUs }: Measured): void {
  latenciesMs.sort((a, b) => a - b);
  const at = (part: number) => (latenciesMs[Math.floor(latenciesMs.length * part)] ?? 0).toFixed(2);
  const perSecond = Math.round((operations / wallMs) * 1000);
  const cpu = (cpuUs / operations).toFixed(1);
  console.log(
    `${name.padEnd(28)} ${String(perSecond).padStart(8)}/s  ${cpu.padStart(7)} us CPU  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`,
  );
}

async function load(store: Store): Promise<Measured> {
  return measure(async (measured) => {
    const waiting: Promise<void>[] = [];
    for (let from = 0; from < keyCount; from += 500) {
      waiting.push(
        store.transact((tx) => {
          for (let index = from; index < Math.min(from + 500, keyCount); index++) {
            tx.put(key(index), value);
          }
        }),
      );
      if (waiting.length >= 8) await waiting.shift();
      measured.operations += 500;
    }
    await Promise.all(waiting);
  });
}

/** So many clients, each with one operation at a time, for some seconds. */
function clients(count: number, operate: () => Promise<unknown>): Promise<Measured> {
  return measure(async (measured) => {
    const until = performance.now() + seconds * 1000;
    await Promise.all(
      Array.from({ length: count }, async () => {
        for (let now = performance.now(); now < until;) {
          await operate();
          const after = performance.now();
          measured.latenciesMs.push(after - now);
          measured.operations += 1;
          now = after;
        }
      }),
    );
  });
}

async function turns(operations: number, operate: () => unknown): Promise<Measured> {
  return measure(async (measured) => {
    for (; measured.operations < operations; measured.operations += 1) {
      operate();
      if (measured.operations % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  });
}

async function open(): Promise<Store> {
  return kind === "memory" ? memoryStore() : openStore({ world: realWorld(), folder });
}

let store = await open();
console.log(`${kind}, ${keyCount} keys of ${value.length} bytes`);
report("load, 500 a transaction", await load(store));
for (const count of [1, 64, 256]) {
  const put = () => store.transact((tx) => tx.put(key(random(keyCount)), value));
  report(`put, ${count} waiting`, await clients(count, put));
}
const update = () =>
  store.transact((tx) => {
    const at = key(random(keyCount));
    tx.get(at);
    tx.put(at, value);
  });
report("get and put, 64 waiting", await clients(64, update));
let tail = keyCount;
report(
  "append, 64 waiting",
  await clients(64, () => store.transact((tx) => tx.put(key(tail++), value))),
);
report(
  "get",
  await turns(200_000, () => {
    const at = key(random(keyCount));
    void store.read((snapshot) => snapshot.get(at));
  }),
);
report(
  "range of 100",
  await turns(5000, () => {
    const range = { start: key(random(keyCount)), end: endOfPrefix(prefix), limit: 100 };
    void store.read((snapshot) => {
      for (const entry of snapshot.range(range)) if (entry.value.length === 0) throw new Error();
    });
  }),
);
const closing = performance.now();
await store.close();
const opening = performance.now();
if (kind !== "memory") {
  store = await open();
  const opened = performance.now();
  console.log(
    `close ${(opening - closing).toFixed(0)} ms, open ${(opened - opening).toFixed(0)} ms`,
  );
  await store.close();
}
console.log(`resident ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`);
rmSync(folder, { recursive: true });
