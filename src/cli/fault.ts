import { sortArguments, unknownWord, type OwnFlags } from "./arguments.ts";
import { askServer } from "./ask-server.ts";
import type { Configuration } from "./configuration.ts";
import { UsageError } from "./settings.ts";

const ownFlags: OwnFlags = {
  "--share": "a part of the calls, such as 10%",
  "--region": "REGION",
  "--account": "ID",
  "--latency": "a duration, such as 200ms",
  "--jitter": "a duration, such as 50ms",
  "--throttle": undefined,
  "--error": "an error's code, such as InternalServerError",
  "--message": "TEXT",
  "--status": "an HTTP status, such as 503",
  "--disconnect": undefined,
  "--late": undefined,
  "--count": "a number of calls",
  "--for": "a duration, such as 10m",
};

const verbs = ["add", "list", "remove", "clear", "partition", "delay", "heal"];

/** What the page says of a fault; see docs/guides/bend-it.md. */
interface FaultFacts {
  readonly id: string;
  readonly service?: string;
  readonly operation?: string;
  readonly region?: string;
  readonly account?: string;
  readonly share: number;
  readonly latency?: string;
  readonly jitter?: string;
  readonly throttle?: true;
  readonly disconnect?: true;
  readonly error?: string;
  readonly late?: true;
  readonly count?: number;
  readonly until?: string;
  readonly strikes: number;
}

interface LinkFacts {
  readonly regions: readonly [string, string];
  readonly cut: boolean;
  readonly delay: string;
}

/** Adds faults to a running server, lists them, takes them back; cuts regions from each other. */
export async function fault(
  argv: readonly string[],
  configurationOf: (flags: readonly string[]) => Configuration,
): Promise<number> {
  const [verb = "list", ...rest] = argv;
  if (verb === "add") {
    const { words, own, settings } = sortArguments(rest, ownFlags);
    const asked = faultOf(words, own);
    const added = await askServer<FaultFacts>(configurationOf(settings), "POST", "faults", asked);
    print([faultLine(added)]);
    return 0;
  }
  const { words, settings } = sortArguments(rest);
  const configuration = configurationOf(settings);
  const ask = (method: "POST" | "DELETE", page: string, value?: object) =>
    askServer<object>(configuration, method, page, value);
  switch (verb) {
    case "list":
      expectWords(words, 0, "tule fault list");
      break;
    case "clear":
      expectWords(words, 0, "tule fault clear");
      await ask("DELETE", "faults");
      await ask("DELETE", "links");
      break;
    case "remove":
      expectWords(words, 1, "tule fault remove ID");
      await ask("DELETE", `faults/${encodeURIComponent(words[0]!)}`);
      break;
    case "partition":
      expectWords(words, 2, "tule fault partition REGION REGION");
      await ask("POST", "links", { regions: words, cut: true });
      break;
    case "delay": {
      expectWords(words, 3, "tule fault delay REGION REGION DURATION");
      await ask("POST", "links", { regions: words.slice(0, 2), delay: words[2] });
      break;
    }
    case "heal":
      if (words.length === 0) await ask("DELETE", "links");
      else {
        expectWords(words, 2, "tule fault heal [REGION REGION]");
        await ask("POST", "links", { regions: words, cut: false, delay: "0s" });
      }
      break;
    default:
      throw unknownWord("fault", verb, verbs);
  }
  return list(configuration);
}

async function list(configuration: Configuration): Promise<number> {
  const { faults } = await askServer<{ faults: FaultFacts[] }>(configuration, "GET", "faults");
  const { links } = await askServer<{ links: LinkFacts[] }>(configuration, "GET", "links");
  const lines = [...faults.map(faultLine), ...links.map(linkLine)];
  print(lines.length === 0 ? ["no faults"] : lines);
  return 0;
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** "3  dynamodb:PutItem  10%  throttle  (struck 17)". */
function faultLine(facts: FaultFacts): string {
  const { id, service, operation, share, strikes } = facts;
  const parts = [
    id,
    service === undefined && operation === undefined
      ? "*"
      : `${service ?? "*"}:${operation ?? "*"}`,
    facts.region,
    facts.account,
    share === 1 ? undefined : `${Number((share * 100).toPrecision(6))}%`,
    facts.latency && `latency ${facts.latency}`,
    facts.jitter && `jitter ${facts.jitter}`,
    facts.throttle && "throttle",
    facts.error && `error ${facts.error}`,
    facts.disconnect && "disconnect",
    facts.late && "late",
    facts.count && `at most ${facts.count}`,
    facts.until && `until ${facts.until}`,
    `(struck ${strikes})`,
  ];
  return parts.filter((part) => part !== undefined).join("  ");
}

function linkLine({ regions, cut, delay }: LinkFacts): string {
  const late = delay === "0s" ? undefined : `delay ${delay}`;
  return [regions.join(" - "), cut ? "cut" : undefined, late]
    .filter((part) => part !== undefined)
    .join("  ");
}

/** The page's request: the server checks what the words mean. */
function faultOf(words: readonly string[], own: ReadonlyMap<string, string>): object {
  const usage =
    "tule fault add SERVICE[:OPERATION] with --latency, --throttle, --error or --disconnect";
  expectWords(words, 1, usage);
  const [service = "", operation = "*", ...more] = words[0]!.split(":");
  if (more.length > 0 || service === "" || operation === "") throw new UsageError(`use: ${usage}`);
  return {
    ...(service === "*" ? {} : { service }),
    ...(operation === "*" ? {} : { operation }),
    ...Object.fromEntries(
      [...own].map(([flag, value]) => [
        flag.slice(2),
        ownFlags[flag as "--"] === undefined ? true : valueOf(flag, value),
      ]),
    ),
  };
}

function valueOf(flag: string, value: string): string | number {
  if (flag === "--share") {
    const found = /^(\d+(?:\.\d+)?)(%?)$/.exec(value);
    if (found === null)
      throw new UsageError(`--share must be ${ownFlags["--share"]}, not "${value}"`);
    return Number(found[1]) / (found[2] === "%" ? 100 : 1);
  }
  if (flag !== "--status" && flag !== "--count") return value;
  if (!/^\d+$/.test(value)) throw new UsageError(`${flag} must be a number, not "${value}"`);
  return Number(value);
}

function expectWords(words: readonly string[], count: number, usage: string): void {
  if (words.length !== count) throw new UsageError(`use: ${usage}`);
}
