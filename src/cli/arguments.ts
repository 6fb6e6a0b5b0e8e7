import { nearest } from "#base/nearest.ts";
import { takesValue } from "./configuration.ts";
import { UsageError } from "./settings.ts";

/** What follows a command, sorted: its own words, its own flags, and what are settings. */
export interface Arguments {
  readonly words: readonly string[];
  /** By name: the values of `--share 10%`; "" for a switch. */
  readonly own: ReadonlyMap<string, string>;
  readonly settings: readonly string[];
}

/** A command's own flags; the placeholder of each one's value, or undefined for a switch. */
export type OwnFlags = Readonly<Record<`--${string}`, string | undefined>>;

/** Words and flags may come in any order; `-2h` is a word, for no flag begins with one dash and a digit. */
export function sortArguments(argv: readonly string[], ownFlags: OwnFlags = {}): Arguments {
  const words: string[] = [];
  const own = new Map<string, string>();
  const settings: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index]!;
    if (!word.startsWith("-") || /^-\d/.test(word)) {
      words.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const flag = equals < 0 ? word : word.slice(0, equals);
    if (!isOwn(flag, ownFlags)) {
      settings.push(word);
      if (equals < 0 && takesValue(flag) && index + 1 < argv.length)
        settings.push(argv[(index += 1)]!);
    } else if (ownFlags[flag] === undefined) {
      if (equals >= 0) throw new UsageError(`${flag} takes no value`);
      own.set(flag, "");
    } else {
      const value = equals < 0 ? argv[(index += 1)] : word.slice(equals + 1);
      if (value === undefined || value === "")
        throw new UsageError(`${flag} needs a value: ${ownFlags[flag]}`);
      own.set(flag, value);
    }
  }
  return { words, own, settings };
}

function isOwn(flag: string, ownFlags: OwnFlags): flag is keyof OwnFlags {
  return Object.hasOwn(ownFlags, flag);
}

/** The complaint about a word that is none of a command's own. */
export function unknownWord(command: string, word: string, known: readonly string[]): UsageError {
  const meant = nearest(word, known);
  const hint =
    meant === undefined
      ? `there are ${known.join(", ")}`
      : `did you mean tule ${command} ${meant}?`;
  return new UsageError(`tule ${command} knows no ${JSON.stringify(word)}; ${hint}`);
}
