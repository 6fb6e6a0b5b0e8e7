/** `npm run bench`: see docs/guides/benchmarks.md. */
import { runGrowth } from "./growth/growth.ts";
import { installPeers } from "./install-peers.ts";
import { readOptions, usage } from "./options.ts";
import type { Options } from "./options.ts";
import { writeResult } from "./result.ts";
import { killAllServers } from "./server-process.ts";
import { runSideBySide } from "./side-by-side.ts";
import { killAllLoad } from "./target.ts";

// Whichever way this ends, nothing that it started goes on.
process.on("exit", () => {
  killAllLoad();
  killAllServers();
});
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));
process.on("SIGHUP", () => process.exit(129));

async function run(options: Options): Promise<void> {
  if (options.run === "help") console.log(usage);
  else if (options.run === "install peers") installPeers();
  else {
    const figures =
      options.run === "growth" ? await runGrowth(options) : await runSideBySide(options);
    console.log(`\nAll figures: ${writeResult(options, figures)}`);
  }
}

try {
  await run(readOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
