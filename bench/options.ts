import { parseArgs } from "node:util";
import { scenarios } from "./scenarios/index.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { servers } from "./servers/index.ts";
import type { Server } from "./servers/server.ts";
import { tule } from "./servers/tule.ts";

export interface Options {
  readonly run: "side by side" | "growth" | "install peers" | "help";
  readonly scenarios: readonly Scenario[];
  readonly servers: readonly Server[];
  readonly connections: number;
  /** Of each measured window. */
  readonly seconds: number;
  readonly rounds: number;
  /** Load before the first round, for servers with a just-in-time compiler that warms slowly. */
  readonly warmSeconds: number;
  /** Growth only: how many items the large partition and the start-up test have. */
  readonly items: number;
  /** Growth only: bytes of items loaded before memory is measured. */
  readonly loadedBytes: number;
  readonly resultFile: string | undefined;
}

export const usage = `Usage: npm run bench -- [growth] [options]

Without a word: every scenario on every server that is here, interleaved, and a table for each scenario.
growth           what Tule costs with much data: large partitions, start-up, memory

--install-peers  put the peers into .cache/peers (Maven, npm, pip) and end
--scenarios A,B  ${scenarios.map(({ name }) => name).join(", ")}
--servers A,B    ${servers.map(({ name }) => name).join(", ")}
--connections N  clients at the same time (64)
--duration S     seconds of each measured window (5)
--rounds N       how often each server has its turn; medians are reported (3)
--warm S         seconds of load before the first round for servers that compile as they run (60)
--items N        growth: items in the large partition (1000000)
--bytes N        growth: bytes of items stored when memory is read (2000000000)
--json FILE      where the result goes (bench/results/<date>.json)
`;

/** Throws a message for the user if the arguments make no sense. */
export function readOptions(parameters: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...parameters],
    allowPositionals: true,
    options: {
      scenarios: { type: "string" },
      servers: { type: "string" },
      connections: { type: "string", default: "64" },
      duration: { type: "string", default: "5" },
      rounds: { type: "string", default: "3" },
      warm: { type: "string", default: "60" },
      items: { type: "string", default: "1000000" },
      bytes: { type: "string", default: "2000000000" },
      json: { type: "string" },
      "install-peers": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  // Growth is Tule's own question, unless someone asks for a peer by name.
  const usualServers = positionals.length > 0 ? [tule] : servers;
  const unknown = positionals.find((word) => word !== "growth");
  if (unknown !== undefined) throw new Error(`"${unknown}" is nothing that can be run`);
  return {
    run: values.help
      ? "help"
      : values["install-peers"]
        ? "install peers"
        : positionals.length > 0
          ? "growth"
          : "side by side",
    scenarios: choose(scenarios, values.scenarios, "scenario"),
    servers:
      values.servers === undefined ? usualServers : choose(servers, values.servers, "server"),
    connections: readNumber("connections", values.connections, 1, 1000),
    seconds: readNumber("duration", values.duration, 0.1, 600),
    rounds: readNumber("rounds", values.rounds, 1, 100),
    warmSeconds: readNumber("warm", values.warm, 0, 600),
    items: readNumber("items", values.items, 2000, 50_000_000),
    loadedBytes: readNumber("bytes", values.bytes, 1, 1e11),
    resultFile: values.json,
  };
}

function choose<Named extends { readonly name: string }>(
  all: readonly Named[],
  names: string | undefined,
  what: string,
): readonly Named[] {
  if (names === undefined) return all;
  return names.split(",").map((name) => {
    const found = all.find((one) => one.name === name.trim());
    if (found === undefined) {
      throw new Error(`no ${what} "${name}"; there are ${all.map((one) => one.name).join(", ")}`);
    }
    return found;
  });
}

function readNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!(value >= least && value <= most)) {
    throw new Error(`--${name} takes a number from ${least} to ${most}, not "${text}"`);
  }
  return value;
}
