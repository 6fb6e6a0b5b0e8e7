import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../folders.ts";
import type { Server } from "./server.ts";

const program = join(projectFolder, "src/cli/main.ts");

/** Tule as users start it: on disk, a write acknowledged when it is synced. */
export const tule: Server = {
  name: "tule",
  keepsWrites: "synced",
  warmsSlowly: false,
  answersFixedBody: false,
  missing: () => (existsSync(program) ? undefined : "src/cli/main.ts does not exist"),
  command: ({ port, folder }) => ({
    file: process.execPath,
    arguments: [
      "--max-semi-space-size=16",
      program,
      "start",
      "--port",
      String(port),
      "--data",
      folder,
    ],
  }),
};
