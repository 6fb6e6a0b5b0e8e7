import { runChecks } from "./testing/checks.ts";
import { conclude } from "./testing/conclude.ts";
import { runTests } from "./testing/tests.ts";

// `npm run check`: what to run before each push. All checks, and the tests that need no server.
const checked = await runChecks();
const tested = await runTests(["src/**/*.test.ts", "tests/*.test.ts"]);
conclude([checked, tested], tested);
