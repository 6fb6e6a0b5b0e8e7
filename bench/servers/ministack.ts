import { existsSync } from "node:fs";
import { join } from "node:path";
import { peersFolder } from "../folders.ts";
import type { Server } from "./server.ts";

const program = join(peersFolder, "ministack", "bin", "ministack");

export const ministack: Server = {
  name: "ministack",
  keepsWrites: "in memory",
  warmsSlowly: false,
  answersFixedBody: false,
  missing: () =>
    existsSync(program) ? undefined : "not installed: npm run bench -- --install-peers",
  command: ({ port }) => ({
    file: program,
    arguments: [],
    environment: {
      BIND_HOST: "127.0.0.1",
      GATEWAY_PORT: String(port),
      LOCALSTACK_HOST: "127.0.0.1",
      MINISTACK_HOST: "127.0.0.1",
    },
  }),
};
