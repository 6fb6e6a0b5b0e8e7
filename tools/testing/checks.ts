import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

interface Check {
  readonly name: string;
  readonly command: string;
  readonly argv: readonly string[];
  /** What mends it, if something does. */
  readonly remedy?: string;
}

const checks: readonly Check[] = [
  { name: "format", command: "oxfmt", argv: ["--check"], remedy: "npm run format" },
  { name: "lint", command: "oxlint", argv: ["--deny-warnings"] },
  { name: "types", command: "tsc", argv: [] },
  { name: "dead code", command: "knip", argv: ["--no-progress"] },
  {
    name: "generated files are fresh",
    command: "node",
    argv: ["tools/generate-models.ts", "--check"],
    remedy: "npm run generate",
  },
];

export interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
}

/** Runs all checks, two at a time, printing one line for each, and what those that fail have to say. */
export async function runChecks(): Promise<Outcome> {
  const outcome: Outcome = { passed: 0, failed: 0, skipped: 0 };
  const waiting = [...checks];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const { code, output } = await run(check);
      if (code === 0) {
        outcome.passed += 1;
        console.log(`passed  ${check.name}`);
      } else {
        outcome.failed += 1;
        const remedy = check.remedy === undefined ? "" : `\n(mended by: ${check.remedy})`;
        console.log(`FAILED  ${check.name}\n${output.trim()}${remedy}`);
      }
    }
  };
  await Promise.all([work(), work()]);
  return outcome;
}

function run({ command, argv }: Check): Promise<{ code: number; output: string }> {
  const local = join(root, "node_modules/.bin", command);
  return new Promise((resolve) => {
    const child = spawn(existsSync(local) ? local : command, argv, { cwd: root });
    let output = "";
    child.stdout.on("data", (text) => (output += String(text)));
    child.stderr.on("data", (text) => (output += String(text)));
    child.on("error", (error) => resolve({ code: 1, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
