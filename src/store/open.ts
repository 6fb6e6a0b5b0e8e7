import { MemoryEngine } from "./engines/memory.ts";
import { LocalStore } from "./local-store.ts";
import type { Store } from "./store.ts";

/** A store in memory, for tests and `--memory`. What it holds ends with the process. */
export function memoryStore(): Store {
  return new LocalStore(new MemoryEngine());
}
