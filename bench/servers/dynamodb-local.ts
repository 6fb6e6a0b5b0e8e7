import { existsSync } from "node:fs";
import { join } from "node:path";
import { findCommand, peersFolder } from "../folders.ts";
import type { Server } from "./server.ts";

const libraries = join(peersFolder, "dynamodb-local", "lib");

/** Its SQLite syncs each write by itself, without group commit (seen with strace). */
export const dynamodbLocalOnDisk: Server = {
  ...dynamodbLocal((folder) => ["-dbPath", folder]),
  name: "dynamodb-local-disk",
  keepsWrites: "synced",
};

export const dynamodbLocalInMemory: Server = {
  ...dynamodbLocal(() => ["-inMemory"]),
  name: "dynamodb-local-memory",
  keepsWrites: "in memory",
};

function dynamodbLocal(
  storage: (folder: string) => string[],
): Omit<Server, "name" | "keepsWrites"> {
  return {
    warmsSlowly: true,
    answersFixedBody: false,
    missing() {
      if (findCommand("java") === undefined) return "no java on the PATH";
      return existsSync(libraries) ? undefined : "not installed: npm run bench -- --install-peers";
    },
    command: ({ port, folder }) => ({
      file: "java",
      arguments: [
        `-Djava.library.path=${libraries}`,
        "-cp",
        join(libraries, "*"),
        "software.amazon.dynamodb.services.local.main.ServerRunner",
        ...storage(folder),
        "-port",
        String(port),
        "-disableTelemetry",
      ],
    }),
  };
}
