import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Before anything large is loaded: the second start finds everything compiled. In the checkout, since a
// shared folder for temporary files is no place to load programs from.
enableCompileCache(join(import.meta.dirname, "../../.cache/compile"));

const { run } = await import("./run.ts");
process.exitCode = await run(process.argv.slice(2));
// What is still open now was closed by its owner and only lingers: it must not hold the process.
setTimeout(() => process.exit(), 1000).unref();
