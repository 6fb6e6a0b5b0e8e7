import { rootOf } from "#kernel/identity.ts";
import { Kernel } from "#kernel/kernel.ts";
import type { Log } from "#kernel/log.ts";
import { noPeers, type Peers } from "#kernel/region-calls.ts";
import { dynamodb, dynamodbstreams } from "#services/dynamodb/service.ts";
import { simulatedStore } from "#store/open.ts";
import { StoreClosed, StoreFailed } from "#store/store.ts";
import type { SeededRandom } from "#world/seeded-random.ts";
import type { SimulatedWorld } from "#world/simulated.ts";
import { MarkedStore } from "./marked-store.ts";

const account = "000000000000";

/** A server's life on a simulated machine: the production store, kernel and DynamoDB, without HTTP. */
export interface Machine {
  readonly world: SimulatedWorld;
  readonly store: MarkedStore;
  readonly kernel: Kernel;
}

export function originOf(
  operation: string,
  service: "dynamodb" | "dynamodbstreams" = "dynamodb",
  region = "us-east-1",
) {
  return {
    service,
    operation,
    account,
    region,
    caller: rootOf(account),
    requestId: "simulated",
  };
}

/** Whether an error says that the store or its machine has gone, and nothing of the request. */
export function isGone(error: unknown): boolean {
  return error instanceof StoreFailed || error instanceof StoreClosed;
}

/** Starts a server on what the disk has, through as many crashes as it takes. */
export async function startSomehow(
  world: SimulatedWorld,
  random: SeededRandom,
  onProblem: (text: string) => void,
  peers: Peers = noPeers,
): Promise<Machine> {
  for (let machine = world; ; machine = machine.crash()) {
    if (random.chance(0.3)) machine.files.haltAfter(random.below(40));
    try {
      const started = await start(machine, onProblem, peers);
      if (machine.hasStopped) continue;
      machine.files.haltAfter(Infinity);
      return started;
    } catch (error) {
      if (!machine.hasStopped) throw error;
    }
  }
}

async function start(
  world: SimulatedWorld,
  onProblem: (text: string) => void,
  peers: Peers,
): Promise<Machine> {
  const opened = await simulatedStore({
    world,
    folder: "/data",
    segmentBytes: 16_384,
    applyBytes: 12_000,
    maxPendingBytes: 40_000,
  });
  const store = new MarkedStore(opened);
  const kernel = new Kernel({
    world,
    store,
    services: [dynamodb, dynamodbstreams],
    log: problemLog(onProblem),
    peers,
  });
  await kernel.start();
  return { world, store, kernel };
}

/** Jobs fail when the store does, and are tried again in the next life. They have no other reason to. */
function problemLog(onProblem: (text: string) => void): Log {
  return {
    info() {},
    debug() {},
    error(message, fields = {}) {
      const { error } = fields;
      if (isGone(error)) return;
      const said = error instanceof Error ? error.stack : JSON.stringify(fields);
      onProblem(`the log says "${message}": ${said}`);
    },
  };
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets time pass, as chance has it, until all of it is done. */
export async function drive<T>(
  world: SimulatedWorld,
  random: SeededRandom,
  work: Promise<T>,
): Promise<T> {
  const progress = { isDone: false };
  const ended = work.finally(() => (progress.isDone = true));
  // Whoever asked for the work looks at its failure below.
  ended.catch(() => undefined);
  while (!progress.isDone) {
    await nextTurn();
    if (random.chance(0.5)) await world.clock.advance(random.below(4));
  }
  return ended;
}
