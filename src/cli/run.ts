import { readFileSync } from "node:fs";
import { isSystemError } from "#world/system-error.ts";
import { sortArguments } from "./arguments.ts";
import { ServerProblem } from "./ask-server.ts";
import { readConfiguration } from "./configuration.ts";
import type { Configuration } from "./configuration.ts";
import { help } from "./help.ts";
import { nearest } from "#base/nearest.ts";
import { UsageError } from "./settings.ts";
import { version } from "./version.ts";

const commands = [
  "start",
  "env",
  "status",
  "demo",
  "cost",
  "why-denied",
  "time",
  "fault",
  "snapshot",
  "fork",
];

/** Runs one command. Resolves with the exit code: 0, 1 if it failed, 2 if it was called wrongly. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    const [command, ...rest] = argv;
    if (
      command === undefined ||
      command === "help" ||
      argv.includes("--help") ||
      argv.includes("-h")
    ) {
      process.stdout.write(help());
      return 0;
    }
    if (command === "--version" || command === "-v") {
      process.stdout.write(`tule ${version}\n`);
      return 0;
    }
    // Loaded only here: each command needs little, and `start` has to be quick.
    switch (command) {
      case "start":
        return await (await import("./start.ts")).start(configurationOf(rest));
      case "env": {
        const { takeShell, printEnvironment } = await import("./env.ts");
        const { shell, flags } = takeShell(rest);
        return await printEnvironment(configurationOf(flags), shell);
      }
      case "status":
        return await (await import("./status.ts")).status(configurationOf(rest));
      case "demo":
        return await (await import("./demo.ts")).demo(configurationOf(rest));
      case "cost": {
        const { words, own, settings } = sortArguments(rest, { "--json": undefined });
        if (words[0] !== undefined) throw new UsageError(`"${words[0]}" is not expected here`);
        const { cost } = await import("./cost.ts");
        return await cost(configurationOf(settings), own.has("--json"));
      }
      case "time": {
        const { words, settings } = sortArguments(rest);
        return await (await import("./time.ts")).time(configurationOf(settings), words);
      }
      case "why-denied": {
        const { words, settings } = sortArguments(rest);
        return await (await import("./why-denied.ts")).whyDenied(configurationOf(settings), words);
      }
      case "fault":
        return await (await import("./fault.ts")).fault(rest, configurationOf);
      case "snapshot": {
        const { words, settings } = sortArguments(rest);
        return await (await import("./snapshot.ts")).snapshot(configurationOf(settings), words);
      }
      case "fork":
        return await (await import("./fork.ts")).fork(rest, configurationOf);
      default:
        throw new UsageError(unknownCommand(command));
    }
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof ServerProblem)) throw error;
    process.stderr.write(`tule: ${error.message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function configurationOf(flags: readonly string[]): Configuration {
  const { configuration, warnings } = readConfiguration({
    flags,
    environment: process.env,
    folder: process.cwd(),
    readFile: readIfThere,
  });
  if (configuration.log !== "silent") {
    for (const warning of warnings) process.stderr.write(`tule: ${warning}\n`);
  }
  return configuration;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw new UsageError(error instanceof Error ? error.message : `${path} can't be read`);
  }
}

function unknownCommand(command: string): string {
  const found = nearest(command, commands);
  const hint = found === undefined ? "tule --help lists them" : `did you mean ${found}?`;
  return `there is no command ${command}; ${hint}`;
}
