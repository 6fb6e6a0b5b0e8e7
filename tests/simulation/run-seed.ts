import { type SeededRandom, seededRandom } from "#world/seeded-random.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { audit, auditEnd } from "./audit.ts";
import { History } from "./history.ts";
import { drive, isGone, type Machine, nextTurn, originOf, startSomehow } from "./machine.ts";
import { requestOf, StepSource } from "./steps.ts";

const lives = 4;
const clients = 5;

/** What a seed came to: for sums over many, and to see that the same seed does the same. */
export interface Outcome {
  requests: number;
  writes: number;
  /** Writes that were on their way when a machine stopped, and are not there. */
  lostUntold: number;
  /** Those that are there all the same. */
  keptUntold: number;
  faults: number;
}

export function addTo(total: Outcome, outcome: Outcome): void {
  total.requests += outcome.requests;
  total.writes += outcome.writes;
  total.lostUntold += outcome.lostUntold;
  total.keptUntold += outcome.keptUntold;
  total.faults += outcome.faults;
}

export function sentenceOf({ requests, writes, lostUntold, keptUntold, faults }: Outcome): string {
  return (
    `${requests} requests, ${writes} writes; on their way when a machine stopped: ` +
    `${lostUntold} lost, ${keptUntold} kept; ${faults} disks failed`
  );
}

/** What goes wrong ends the run with an error that names the seed. */
export async function runSeed(seed: number): Promise<Outcome> {
  const run = new Run(seed);
  try {
    await run.live();
  } catch (error) {
    throw new Error(repeatLine(seed), { cause: error });
  }
  if (run.history.problems.length > 0) {
    throw new Error(`${repeatLine(seed)}\n${run.history.problems.slice(0, 5).join("\n")}`);
  }
  return { ...run.outcome, writes: run.history.writes };
}

const repeatLine = (seed: number): string => `npm run simulate -- --seed ${seed}`;

type Ending = "halt" | "fault" | "close" | "power off";

class Run {
  readonly history = new History();
  readonly outcome: Outcome = { requests: 0, writes: 0, lostUntold: 0, keptUntold: 0, faults: 0 };
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #steps: StepSource;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.#steps = new StepSource(seededRandom(seed + 1_000_000_007));
  }

  async live(): Promise<void> {
    const { history } = this;
    let world = simulatedWorld({ seed: this.#seed });
    for (let life = 0; life < lives; life += 1) {
      const machine = await this.#start(world);
      if (life > 0 && this.#random.chance(0.6)) await audit(machine, history);
      if (history.problems.length > 0) return;
      world = await this.#liveOnce(machine);
      if (history.problems.length > 0) return;
    }
    const machine = await this.#start(world);
    await audit(machine, history);
    await auditEnd(machine, history);
  }

  async #start(world: Machine["world"]): Promise<Machine> {
    const { history, outcome } = this;
    const machine = await startSomehow(world, this.#random, (text) => history.problem(text));
    const mark = await machine.store.lastMark();
    outcome.lostUntold += history.last - mark;
    outcome.keptUntold += mark - history.told;
    history.restart(mark);
    return machine;
  }

  /** Clients work until they are through or the machine is gone. Answers the world for the next life. */
  async #liveOnce(machine: Machine): Promise<Machine["world"]> {
    const random = this.#random;
    const { world } = machine;
    const ending = (["halt", "halt", "fault", "close", "power off"] as const)[random.below(5)]!;
    if (random.chance(0.5)) world.files.delay({ operation: "sync", delayMs: 1 + random.below(5) });
    if (ending === "halt") world.files.haltAfter(random.below(150));
    if (ending === "fault") this.#breakDisk(world);
    const working = Promise.all(Array.from({ length: clients }, () => this.#client(machine)));
    await drive(world, random, working);
    return this.#end(machine, ending);
  }

  #breakDisk({ files }: Machine["world"]): void {
    const random = this.#random;
    const code = random.chance(0.5) ? "EIO" : "ENOSPC";
    if (random.chance(0.5)) {
      // What reached the disk before a sync that failed is the hardest to be right about.
      files.fail({ operation: "sync", path: "/data/log", code, skip: random.below(20) });
      return;
    }
    const operation = (["write", "sync", "rename", "open"] as const)[random.below(4)]!;
    files.fail({ operation, code, skip: random.below(40) });
  }

  async #end(machine: Machine, ending: Ending): Promise<Machine["world"]> {
    const { kernel, store, world } = machine;
    if (ending === "halt" || ending === "power off") return world.crash();
    const closing = (async () => {
      await kernel.stop();
      await store.close();
      return true;
    })();
    const isClosed = await drive(world, this.#random, closing).catch(() => false);
    world.files.heal();
    if (!isClosed) this.outcome.faults += 1;
    if (ending === "close" && !isClosed) this.history.problem("a healthy store could not close");
    // On the same machine: what it reads of its own may never have reached the disk.
    return this.#random.chance(0.5) ? world : world.crash();
  }

  async #client(machine: Machine): Promise<void> {
    const random = this.#random;
    const turns = 5 + random.below(20);
    for (let turn = 0; turn < turns && this.history.problems.length === 0; turn += 1) {
      if (random.chance(0.3)) await nextTurn();
      if (random.chance(0.02)) machine.world.clock.jump(random.below(120_000));
      if (random.chance(0.02)) machine.world.clock.jump(-random.below(1500));
      try {
        await this.#request(machine);
      } catch (error) {
        if (isGone(error)) return;
        throw error;
      } finally {
        this.outcome.requests += 1;
      }
    }
  }

  async #request(machine: Machine): Promise<void> {
    const step = this.#steps.next(this.history.state);
    const { operation, input } = requestOf(step);
    // As over the wire: nobody shares objects with the server.
    const sent: unknown = JSON.parse(JSON.stringify(input));
    await this.history.observe(step, machine, () => machine.kernel.call(originOf(operation), sent));
  }
}
