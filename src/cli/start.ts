import { StoreFromEarlierVersion } from "#store/open.ts";
import { realWorld } from "#world/real.ts";
import { FolderInUse } from "#world/world.ts";
import type { World } from "#world/world.ts";
import { startServer } from "../main.ts";
import type { RootKey } from "../main.ts";
import { isLoopback } from "./configuration.ts";
import type { Configuration } from "./configuration.ts";
import { endpointOf } from "./endpoint.ts";
import { lineLog } from "./log.ts";
import { makeRootKey, readRootKey } from "./root-key.ts";
import { version } from "./version.ts";

/** Runs the server until the process is asked to end. Resolves with the exit code. */
export async function start(configuration: Configuration): Promise<number> {
  const world = realWorld();
  const log = lineLog({
    level: configuration.log,
    format: configuration.logFormat,
    nowMs: () => world.clock.nowMs(),
    write: (line) => process.stderr.write(line),
  });
  const dataFolder = configuration.memory ? undefined : configuration.data;
  const stopped = new Promise<void>((resolve) => world.processes.onStop(resolve));
  try {
    const rootKey = await rootKeyOf(world, configuration, dataFolder);
    const server = await startServer({
      world,
      log,
      version,
      dataFolder,
      host: configuration.host,
      port: configuration.port,
      servicePort: configuration.servicePort,
      http1: configuration.http,
      authentication: configuration.auth,
      account: configuration.account,
      region: configuration.region,
      rootKey,
      issuers: configuration.issuers,
      throttle: configuration.throttle,
      partitionLimits: configuration.partitionLimits,
      peers: configuration.peers,
    });
    const where = dataFolder === undefined ? "in memory" : `in ${dataFolder}`;
    const readyMs = Math.round(performance.now());
    process.stdout.write(
      `Tule ${version} is ready at ${endpointOf(server)}, data ${where} (${readyMs} ms)\n`,
    );
    if (
      rootKey !== undefined &&
      dataFolder === undefined &&
      configuration.rootAccessKeyId === undefined
    ) {
      // There is no other place where its user could find it.
      process.stderr.write(
        `tule: root access key ${rootKey.accessKeyId}, secret ${rootKey.secretAccessKey}\n`,
      );
    }
    if (configuration.auth === "open" && !isLoopback(configuration.host)) {
      process.stderr.write(
        `tule: whoever can reach ${server.host}:${server.port} is root here (--auth open)\n`,
      );
    }
    await stopped;
    await server.close();
    return 0;
  } catch (error) {
    const problem = problemOf(error, configuration);
    if (problem === undefined) throw error;
    process.stderr.write(`tule: ${problem}\n`);
    return 1;
  }
}

async function rootKeyOf(
  world: World,
  configuration: Configuration,
  dataFolder: string | undefined,
): Promise<RootKey | undefined> {
  const { rootAccessKeyId: accessKeyId, rootSecretAccessKey: secretAccessKey } = configuration;
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return { accessKeyId, secretAccessKey };
  const found = dataFolder === undefined ? undefined : await readRootKey(world.files, dataFolder);
  if (found !== undefined || configuration.auth === "open") return found;
  return makeRootKey(world, dataFolder);
}

/** What kept the server from starting, if it is the user's to mend. */
function problemOf(error: unknown, { host, port, data }: Configuration): string | undefined {
  if (error instanceof FolderInUse) {
    return `the data folder ${data} is in use by ${error.holder}; choose another with --data`;
  }
  if (error instanceof StoreFromEarlierVersion) return error.message;
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string")
    return undefined;
  const call = "syscall" in error ? error.syscall : undefined;
  if (call === "listen" || call === "bind" || call === "getaddrinfo") {
    if (error.code === "EADDRINUSE") {
      return `port ${port} on ${host} is in use; choose another with --port (0 picks a free one)`;
    }
    if (error.code === "EACCES")
      return `port ${port} is not this user's to listen on; choose another with --port`;
    return `can't listen on ${host}: ${error.code}; choose another address with --host`;
  }
  const reason = folderProblems[error.code];
  if (reason === undefined) return undefined;
  return `the data folder ${data} ${reason}; choose another with --data, or --memory`;
}

const folderProblems: Readonly<Record<string, string>> = {
  EACCES: "can't be written by this user",
  EPERM: "can't be written by this user",
  EROFS: "is on a disk that can't be written",
  ENOTDIR: "lies below something that is no folder",
  EEXIST: "is a file",
  ENOSPC: "is on a disk that is full",
};
