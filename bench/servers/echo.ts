import { fileURLToPath } from "node:url";
import type { Server } from "./server.ts";

/** The measure of all: what HTTP alone costs in this Node. */
export const echo: Server = {
  name: "echo",
  keepsWrites: "no data",
  warmsSlowly: false,
  answersFixedBody: true,
  missing: () => undefined,
  command: ({ port }) => ({
    file: process.execPath,
    arguments: [fileURLToPath(new URL("echo-server.ts", import.meta.url)), String(port)],
  }),
};
