import { existsSync } from "node:fs";
import { join } from "node:path";
import { peersFolder } from "../folders.ts";
import type { Server } from "./server.ts";

const program = join(peersFolder, "moto", "bin", "moto_server");

export const moto: Server = {
  name: "moto",
  keepsWrites: "in memory",
  warmsSlowly: false,
  answersFixedBody: false,
  missing: () =>
    existsSync(program) ? undefined : "not installed: npm run bench -- --install-peers",
  command: ({ port }) => ({
    file: program,
    arguments: ["-H", "127.0.0.1", "-p", String(port)],
  }),
};
