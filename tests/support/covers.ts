import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach } from "node:test";

const folder = join(import.meta.dirname, "../../.cache/coverage");
const filePath = join(folder, `${process.pid}.jsonl`);
let named: string[] = [];

/**
 * Says which operations the running test proves, as `covers("dynamodb.PutItem", "dynamodb.GetItem")` on
 * the test's first line. Those of tests that pass make the compatibility table. Tests of one file run one
 * after another (node:test's default), so the operations named since the last test ended are this test's.
 */
export function covers(...operations: readonly `${string}.${string}`[]): void {
  named.push(...operations);
}

afterEach((context) => {
  const operations = named;
  named = [];
  if (operations.length === 0 || !isPassed(context)) return;
  mkdirSync(folder, { recursive: true });
  const test = context.fullName;
  appendFileSync(filePath, `${JSON.stringify({ operations, test })}\n`);
});

/** The hook is handed suites as well, by its type; the types also lack `passed`. */
function isPassed(
  context: object,
): context is { readonly fullName: string; readonly passed: true } {
  return "fullName" in context && "passed" in context && context.passed === true;
}
