import type { Problems } from "../crash/problems.ts";

/** One write of an item, as its writer knows it. Times are the machine's, in milliseconds. */
export interface Write {
  readonly region: string;
  /** What the item is after it; undefined: it is deleted. No two writes have the same. */
  readonly version: string | undefined;
  readonly startMs: number;
  /** Undefined while nobody knows whether it was done. */
  endMs: number | undefined;
}

/** All writes of a run, whoever made them. */
export class History {
  readonly #writes = new Map<string, Write[]>();
  acknowledged = 0;

  begin(name: string, region: string, version: string | undefined, startMs: number): Write {
    const write: Write = { region, version, startMs, endMs: undefined };
    const writes = this.#writes.get(name);
    if (writes === undefined) this.#writes.set(name, [write]);
    else writes.push(write);
    return write;
  }

  end(write: Write, endMs: number): void {
    write.endMs = endMs;
    this.acknowledged += 1;
  }

  /** It changed nothing: who deletes what is not there, in the region that is asked, has written nothing. */
  forget(name: string, write: Write): void {
    const writes = this.#writes.get(name)!;
    writes.splice(writes.indexOf(write), 1);
  }

  names(): Iterable<string> {
    return this.#writes.keys();
  }

  /**
   * Whether the item may be this in the end: it is what a write made of it that no other write came after. A write that
   * nobody knows of may have been done at any time since it began.
   */
  check(name: string, version: string | undefined, problems: Problems): void {
    const writes = this.#writes.get(name) ?? [];
    const latestStartMs = Math.max(
      ...writes.map((write) => (write.endMs === undefined ? -Infinity : write.startMs)),
      -Infinity,
    );
    const isPossible =
      (version === undefined && latestStartMs === -Infinity) ||
      writes.some((write) => {
        if (write.version !== version) return false;
        return write.endMs === undefined || write.endMs >= latestStartMs;
      });
    if (isPossible) return;
    problems.add("lost", `${name} is ${version}, after ${JSON.stringify(writes.slice(-6))}`);
  }
}
