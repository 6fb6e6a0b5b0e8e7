import { existsSync } from "node:fs";
import { join } from "node:path";
import { peersFolder } from "../folders.ts";
import type { Server } from "./server.ts";

const program = join(peersFolder, "dynalite", "node_modules", "dynalite", "cli.js");

/** On LevelDB, which it never asks to sync (seen with strace): survives its own end, not the machine's. */
export const dynalite: Server = {
  name: "dynalite",
  keepsWrites: "written, not synced",
  warmsSlowly: false,
  answersFixedBody: false,
  // It ends if it is asked for anything while LevelDB is still opening.
  startTries: 3,
  missing: () =>
    existsSync(program) ? undefined : "not installed: npm run bench -- --install-peers",
  command: ({ port, folder }) => ({
    file: process.execPath,
    arguments: [
      program,
      `--host=127.0.0.1`,
      `--port=${port}`,
      `--path=${folder}`,
      "--createTableMs=5",
    ],
  }),
};
