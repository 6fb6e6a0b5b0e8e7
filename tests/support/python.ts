import { existsSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../.cache/python");

/** The project's own Python with boto3, and its AWS CLI, as tools/set-up.mjs installs them for the tests. */
export const python = {
  interpreter: join(folder, "bin/python"),
  awsCli: join(folder, "bin/aws"),
  /** For a test's options: `test(name, { skip: python.missing }, ...)`. */
  missing: existsSync(join(folder, "installed.txt"))
    ? (false as const)
    : "there is no python3 with venv on this machine, or its packages could not be fetched",
};
