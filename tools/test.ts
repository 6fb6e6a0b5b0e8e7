import { rmSync } from "node:fs";
import { join } from "node:path";
import { compatibilityCheck, runCheck, runChecks } from "./testing/checks.ts";
import { conclude } from "./testing/conclude.ts";
import { runTests } from "./testing/tests.ts";

// `npm test`: everything, or with arguments the test files that match them.
const patterns = process.argv.slice(2);
if (patterns.length > 0) {
  const tested = await runTests(patterns);
  conclude([tested], tested);
} else {
  rmSync(join(import.meta.dirname, "../.cache/coverage"), { recursive: true, force: true });
  const checked = await runChecks();
  const tested = await runTests([
    "src/**/*.test.ts",
    "tests/**/*.test.ts",
    "tools/**/*.test.ts",
    "bench/**/*.test.ts",
  ]);
  const compared = await runCheck(compatibilityCheck);
  conclude([checked, tested, compared], tested);
}
