import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative, resolve } from "node:path";
import { run } from "node:test";
import { inspect } from "node:util";
import type { Outcome } from "./checks.ts";

const root = join(import.meta.dirname, "../..");

/** A test that never ends must not take the whole run with it. */
const longestTestMs = 8 * 60_000;

/** Runs the test files that match, each in a process of its own, printing a line for each file. */
export async function runTests(patterns: readonly string[]): Promise<Outcome> {
  const files = globSync([...patterns], { cwd: root })
    .map((file) => resolve(root, file))
    .sort();
  const outcome: Outcome = { passed: 0, failed: 0, skipped: 0 };
  const unfinished = new Set(files);
  const stream = run({
    files,
    cwd: root,
    concurrency: Math.max(2, availableParallelism()),
    timeout: longestTestMs,
  });
  stream.on("test:fail", ({ details, file, name, line }) => {
    // A suite or a parent fails with the tests in it, which say why themselves.
    if (isOfSubtests(details.error)) return;
    const place = file === undefined ? "" : `  (${relative(root, file)}:${line ?? 0})`;
    console.log(`FAILED  ${relative(root, name)}${place}\n${indented(textOf(details.error))}`);
    // A file that could not even be loaded has no summary to count it.
    if (unfinished.delete(name)) outcome.failed += 1;
  });
  stream.on("test:summary", ({ counts, duration_ms: durationMs, file }) => {
    if (file === undefined) return;
    const skipped = counts.skipped + counts.todo;
    const failed = counts.tests - counts.passed - skipped;
    unfinished.delete(file);
    outcome.passed += counts.passed;
    outcome.failed += failed;
    outcome.skipped += skipped;
    const parts = [
      ...(failed > 0 ? [`${failed} FAILED`] : []),
      `${counts.passed} passed`,
      ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ];
    const seconds = (durationMs / 1000).toFixed(1).padStart(6);
    console.log(`${seconds} s  ${relative(root, file)}: ${parts.join(", ")}`);
  });
  stream.on("test:stderr", ({ message }) => process.stderr.write(message));
  for await (const _event of stream);
  for (const file of unfinished) {
    console.log(`FAILED  ${relative(root, file)}: its process ended before its tests did`);
    outcome.failed += 1;
  }
  return outcome;
}

function isOfSubtests(error: unknown): boolean {
  return error instanceof Error && "failureType" in error && error.failureType === "subtestsFailed";
}

function textOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}
