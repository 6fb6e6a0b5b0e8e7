import { ipAddress, isInSubnet } from "./ip-addresses.ts";
import { Instant, type Value } from "./query.ts";
import { floorToPeriod, periodOf } from "./periods.ts";
import { numberOf, textOf } from "./values.ts";

/** Source: CloudWatch Logs User Guide, "Boolean, comparison, numeric, datetime, and other functions". */
export interface InsightsFunction {
  readonly least: number;
  readonly most: number;
  call(args: readonly Value[], at: Moment): Value;
}

/** When an event was, and when it is asked for. */
export interface Moment {
  readonly eventMs: number | undefined;
  readonly nowMs: number;
}

const fixed = (count: number, call: InsightsFunction["call"]): InsightsFunction => {
  return { least: count, most: count, call };
};

const ofNumber = (call: (value: number) => number): InsightsFunction =>
  fixed(1, ([value]) => {
    const number = numberOf(value);
    return number === undefined ? undefined : call(number);
  });

const ofText = (call: (text: string) => Value): InsightsFunction =>
  fixed(1, ([value]) => {
    const text = textOf(value);
    return text === undefined ? undefined : call(text);
  });

const some = (call: (values: readonly number[]) => number): InsightsFunction => ({
  least: 1,
  most: Infinity,
  call(args) {
    const numbers = args.map(numberOf).filter((each) => each !== undefined);
    return numbers.length === 0 ? undefined : call(numbers);
  },
});

/** Strips from one end or both: what is given, or space. */
const trimmed = (start: boolean, end: boolean): InsightsFunction => ({
  least: 1,
  most: 2,
  call([value, given]) {
    let text = textOf(value);
    if (text === undefined) return undefined;
    const stripped = textOf(given);
    if (stripped === undefined) {
      return start && end ? text.trim() : start ? text.trimStart() : text.trimEnd();
    }
    const strips = (character: string): boolean => stripped.includes(character);
    if (start) while (text !== "" && strips(text.charAt(0))) text = text.slice(1);
    if (end) while (text !== "" && strips(text.charAt(text.length - 1))) text = text.slice(0, -1);
    return text;
  },
});

const date = (round: (ms: number, period: string) => number | undefined): InsightsFunction =>
  fixed(2, ([value, period]) => {
    const ms = numberOf(value);
    const rounded = ms === undefined ? undefined : round(ms, textOf(period) ?? "");
    return rounded === undefined ? undefined : new Instant(rounded);
  });

const address = (versions: readonly number[]): InsightsFunction =>
  fixed(1, ([value]) => versions.includes(ipAddress(textOf(value) ?? "")?.version ?? 0));

const subnet = (versions: readonly number[]): InsightsFunction =>
  fixed(2, ([value, range]) => {
    const address = ipAddress(textOf(value) ?? "");
    if (address === undefined || !versions.includes(address.version)) return false;
    return isInSubnet(address, textOf(range) ?? "");
  });

/** By name in small letters: capitals do not matter. */
export const functions: Readonly<Record<string, InsightsFunction>> = {
  abs: ofNumber(Math.abs),
  ceil: ofNumber(Math.ceil),
  floor: ofNumber(Math.floor),
  log: ofNumber(Math.log),
  sqrt: ofNumber(Math.sqrt),
  greatest: some((values) => Math.max(...values)),
  least: some((values) => Math.min(...values)),

  bin: {
    least: 1,
    most: 2,
    call(args, { eventMs }) {
      const ms = args.length === 2 ? numberOf(args[0]) : eventMs;
      const floor = ms === undefined ? undefined : floorToPeriod(ms, textOf(args.at(-1)) ?? "");
      return floor === undefined ? undefined : new Instant(floor);
    },
  },
  datefloor: date(floorToPeriod),
  dateceil: date((ms, period) => {
    const floor = floorToPeriod(ms, period);
    const lengthMs = periodOf(period);
    if (floor === undefined || lengthMs === undefined || floor === ms) return floor;
    return floor + lengthMs;
  }),
  frommillis: ofNumberToInstant(),
  tomillis: fixed(1, ([value]) => numberOf(value)),
  now: fixed(0, (_, { nowMs }) => Math.floor(nowMs / 1000)),

  ispresent: fixed(1, ([value]) => value !== undefined),
  coalesce: {
    least: 1,
    most: Infinity,
    call: (args) => args.find((each) => each !== undefined),
  },
  if: {
    least: 3,
    most: 3,
    call: ([condition, yes, no]) => (condition === true || numberOf(condition) === 1 ? yes : no),
  },

  isempty: fixed(1, ([value]) => value === undefined || value === ""),
  isblank: fixed(1, ([value]) => value === undefined || textOf(value)!.trim() === ""),
  concat: {
    least: 1,
    most: Infinity,
    call: (args) => args.map((each) => textOf(each) ?? "").join(""),
  },
  ltrim: trimmed(true, false),
  rtrim: trimmed(false, true),
  trim: trimmed(true, true),
  strlen: ofText((text) => Array.from(text).length),
  toupper: ofText((text) => text.toUpperCase()),
  tolower: ofText((text) => text.toLowerCase()),
  substr: {
    least: 2,
    most: 3,
    call([value, start, length]) {
      const text = textOf(value);
      const from = numberOf(start);
      if (text === undefined || from === undefined) return undefined;
      const count = numberOf(length);
      return text.slice(from, count === undefined ? undefined : from + count);
    },
  },
  replace: fixed(3, ([value, sought, given]) => {
    const text = textOf(value);
    return text?.replaceAll(textOf(sought) ?? "", () => textOf(given) ?? "");
  }),
  strcontains: fixed(2, ([value, sought]) =>
    (textOf(value) ?? "").includes(textOf(sought) ?? "") ? 1 : 0,
  ),
  startswith: fixed(2, ([value, sought]) =>
    (textOf(value) ?? "").startsWith(textOf(sought) ?? "") ? 1 : 0,
  ),
  endswith: fixed(2, ([value, sought]) =>
    (textOf(value) ?? "").endsWith(textOf(sought) ?? "") ? 1 : 0,
  ),
  unmask: fixed(1, ([value]) => value),

  isvalidip: address([4, 6]),
  isvalidipv4: address([4]),
  isvalidipv6: address([6]),
  isipinsubnet: subnet([4, 6]),
  isipv4insubnet: subnet([4]),
  isipv6insubnet: subnet([6]),
};

function ofNumberToInstant(): InsightsFunction {
  return fixed(1, ([value]) => {
    const ms = numberOf(value);
    return ms === undefined ? undefined : new Instant(ms);
  });
}
