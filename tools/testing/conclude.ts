import type { Outcome } from "./checks.ts";

/** Prints the last line, and makes the process fail if something failed or if nothing was tested. */
export function conclude(outcomes: readonly Outcome[], tested: Outcome): void {
  const sum = (count: keyof Outcome): number =>
    outcomes.reduce((total, outcome) => total + outcome[count], 0);
  if (tested.passed === 0) console.log("No test ran.");
  if (sum("failed") > 0 || tested.passed === 0) process.exitCode = 1;
  const skipped = sum("skipped") === 0 ? "" : `, ${sum("skipped")} skipped`;
  console.log(`${sum("passed")} passed, ${sum("failed")} failed${skipped}`);
}
