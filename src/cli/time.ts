import { durationForm, parseDuration } from "#base/durations.ts";
import { unknownWord } from "./arguments.ts";
import { askServer } from "./ask-server.ts";
import type { Configuration } from "./configuration.ts";
import { UsageError } from "./settings.ts";

export interface ClockFacts {
  /** ISO 8601. */
  readonly now: string;
  readonly machine: string;
  /** Against the machine: "+1d12h". */
  readonly offset: string;
  readonly frozen: boolean;
}

interface Moved extends ClockFacts {
  /** Whether all that became due has been done. */
  readonly settled: boolean;
}

/** Shows a running server's clock, or moves it and waits for what became due. */
export async function time(
  configuration: Configuration,
  words: readonly string[],
): Promise<number> {
  const change = changeOf(words);
  if (change === undefined) {
    const facts = await askServer<ClockFacts>(configuration, "GET", "time");
    process.stdout.write(`${clockLine(facts)}\n`);
    return 0;
  }
  const moved = await askServer<Moved>(configuration, "POST", "time", change);
  process.stdout.write(`${clockLine(moved)}\n`);
  if (!moved.settled) process.stderr.write("tule: not all that became due is done yet\n");
  return 0;
}

/** "2026-11-27T02:48:40.123Z, +1d12h against the machine's clock". */
export function clockLine({ now, offset, frozen }: ClockFacts): string {
  const moved = offset === "+0s" ? "" : `, ${offset} against the machine's clock`;
  return `${now}${frozen ? ", frozen" : ""}${moved}`;
}

const verbs = ["set", "freeze", "resume", "reset"];

/** What to send; undefined if only to look. */
function changeOf([verb, ...rest]: readonly string[]): object | undefined {
  if (verb === undefined) return undefined;
  if (/^[+-]/.test(verb)) {
    // "+1d 12h" arrives as two words.
    const move = [verb, ...rest].join("");
    if (parseDuration(move.slice(1)) === undefined) {
      throw new UsageError(`tule time +... must be ${durationForm}, not ${JSON.stringify(move)}`);
    }
    return { move };
  }
  if (verb === "set") {
    if (rest.length !== 1) {
      throw new UsageError("tule time set needs a time, such as 2027-01-01T00:00:00Z");
    }
    return { set: rest[0] };
  }
  if (!verbs.includes(verb)) {
    if (parseDuration(verb) !== undefined) {
      throw new UsageError(`tule time moves forth by +${verb} and back by -${verb}`);
    }
    throw unknownWord("time", verb, verbs);
  }
  if (rest.length > 0) throw new UsageError(`${JSON.stringify(rest[0])} is not expected here`);
  if (verb === "reset") return { reset: true };
  return { frozen: verb === "freeze" };
}
