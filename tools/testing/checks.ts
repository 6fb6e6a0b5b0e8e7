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

/** After all tests: only then is it known what they prove. */
export const compatibilityCheck: Check = {
  name: "compatibility tables are fresh",
  command: "node",
  argv: ["tools/compatibility.ts", "--check"],
  remedy: "npm run compatibility",
};

/** Runs all checks, two at a time. */
export async function runChecks(): Promise<Outcome> {
  const waiting = [...checks];
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check; check = waiting.shift())
      outcomes.push(await runCheck(check));
  };
  await Promise.all([work(), work()]);
  return {
    passed: outcomes.filter(({ passed }) => passed > 0).length,
    failed: outcomes.filter(({ failed }) => failed > 0).length,
    skipped: 0,
  };
}

/** Runs one check, prints a line for it, and what it has to say if it fails. */
export async function runCheck(check: Check): Promise<Outcome> {
  const { code, output } = await run(check);
  if (code === 0) {
    console.log(`passed  ${check.name}`);
    return { passed: 1, failed: 0, skipped: 0 };
  }
  const remedy = check.remedy === undefined ? "" : `\n(mended by: ${check.remedy})`;
  console.log(`FAILED  ${check.name}\n${output.trim()}${remedy}`);
  return { passed: 0, failed: 1, skipped: 0 };
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
