import { seededRandom } from "./seeded-random.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedFolders } from "./simulated-folders.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import { systemError } from "./system-error.ts";
import type { World } from "./world.ts";

/**
 * A world in memory whose every turn follows from its seed. Its clock moves only by `clock.advance`, its
 * disk and network fail when told to, and it can crash. It starts no processes: `spawn` throws.
 */
export interface SimulatedWorld extends World {
  readonly seed: number;
  readonly clock: SimulatedClock;
  readonly random: SeededRandom;
  readonly files: SimulatedDisk;
  readonly sockets: SimulatedNetwork;
  /** Whether the machine has stopped, by `crash` or in the middle of a disk's operation (`haltAfter`). */
  readonly hasStopped: boolean;
  /** Asks the program to end, as SIGTERM does. */
  askToStop(): void;
  /**
   * Power off. Every file, lock, connection and alarm of this world is dead: what still waits for its disk
   * is rejected. Returns the machine started again, with what survived on its disk.
   */
  crash(): SimulatedWorld;
}

export interface SimulationOptions {
  /** A whole number; the same seed and the same calls give the same run. */
  readonly seed: number;
  /** 2026-01-01T00:00:00Z if nothing is said. */
  readonly startMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export function simulatedWorld(options: SimulationOptions): SimulatedWorld {
  const startMs = options.startMs ?? Date.UTC(2026, 0, 1);
  return boot(options, seededRandom(options.seed), startMs, undefined);
}

function boot(
  options: SimulationOptions,
  random: SeededRandom,
  startMs: number,
  folders: SimulatedFolders | undefined,
): SimulatedWorld {
  const activity = { events: 0, pending: 0 };
  const stops = new Set<() => void>();
  let hasStopped = false;

  function halt(): void {
    hasStopped = true;
    files.halt();
    sockets.stop();
    clock.stop();
  }

  const clock = new SimulatedClock(startMs, activity);
  const files = new SimulatedDisk(clock, random, activity, halt, folders);
  const sockets = new SimulatedNetwork(clock, random, activity);

  return {
    seed: options.seed,
    clock,
    random,
    files,
    sockets,
    requests: {
      get: (url) => Promise.reject(systemError("ECONNREFUSED", "connect", url)),
      post: (url) => Promise.reject(systemError("ECONNREFUSED", "connect", url)),
    },
    processes: {
      environment: () => options.environment ?? {},
      spawn() {
        throw new Error("A simulated world starts no processes");
      },
      onStop(stop) {
        stops.add(stop);
        return () => void stops.delete(stop);
      },
    },
    get hasStopped() {
      return hasStopped;
    },
    askToStop() {
      const asked = [...stops];
      stops.clear();
      for (const stop of asked) stop();
    },
    crash() {
      halt();
      return boot(options, random, clock.exactMachineMs, files.survive(random));
    },
  };
}
