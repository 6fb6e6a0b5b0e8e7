import { join } from "node:path";
import { textAuthenticator } from "#gateway/authenticate-text.ts";
import { gateway } from "#gateway/pipeline.ts";
import { openFront } from "#gateway/front/open-front.ts";
import { Credentials } from "#kernel/credentials.ts";
import { rootOf } from "#kernel/identity.ts";
import { Kernel, type KernelOptions } from "#kernel/kernel.ts";
import type { Log } from "#kernel/log.ts";
import { services } from "#services/index.ts";
import { memoryStore, openStore } from "#store/open.ts";
import type { World } from "#world/world.ts";

export interface ServerOptions {
  readonly world: World;
  readonly log: Log;
  readonly version: string;
  /** Where all state lives; undefined keeps it in memory. */
  readonly dataFolder: string | undefined;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** The first of the ports that services open for protocols of their own; 0 picks free ones. */
  readonly servicePort: number;
  readonly http1: "sockets" | "node";
  readonly authentication: "open" | "strict";
  /** Of requests that name none. */
  readonly account: string;
  readonly region: string;
  /** The account's root access key. */
  readonly rootKey: RootKey | undefined;
  /** Whether capacity that is used up is refused, and whether partitions have limits of their own. */
  readonly throttle: boolean;
  readonly partitionLimits: boolean;
}

export interface RootKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Server {
  readonly host: string;
  /** The one that was picked, if 0 was asked for. */
  readonly port: number;
  /** Answers what is under way, makes everything durable, and frees port and folder. */
  close(): Promise<void>;
}

/** Puts the server together: the only place that knows all its parts. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { world, log, dataFolder } = options;
  const startedAtElapsedMs = world.clock.elapsedMs();
  const store =
    dataFolder === undefined
      ? memoryStore()
      : await openStore({
          world,
          folder: join(dataFolder, "store"),
          holder: `process ${process.pid}`,
        });
  try {
    const credentials = knownCredentials(options);
    const kernel = new Kernel({
      world,
      store,
      services,
      log,
      settings: { throttle: options.throttle, partitionLimits: options.partitionLimits },
      blobs: placeForBlobs(options),
      ports: {
        host: options.host,
        first: options.servicePort,
        authenticate: textAuthenticator({
          credentials,
          authentication: options.authentication,
          defaultAccount: options.account,
          nowMs: () => world.clock.nowMs(),
        }),
      },
    });
    await kernel.start();
    const handler = gateway({
      kernel,
      credentials,
      facts: {
        version: options.version,
        authentication: options.authentication,
        dataFolder,
        startedAtElapsedMs,
      },
      defaultAccount: options.account,
      defaultRegion: options.region,
    });
    const front = await openFront({
      sockets: world.sockets,
      clock: world.clock,
      host: options.host,
      port: options.port,
      http1: options.http1,
      handler,
      onFailure: (failure) => log.error("A request failed within the server", { failure }),
    });
    return {
      host: front.host,
      port: front.port,
      async close() {
        // Whoever is held up by a fault is answered now.
        kernel.faults.clear();
        await front.close();
        await kernel.stop();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** All that the server keeps is in two folders: the store's and this one. */
function placeForBlobs({ world, dataFolder }: ServerOptions): KernelOptions["blobs"] {
  return dataFolder === undefined
    ? undefined
    : { files: world.files, folder: join(dataFolder, "blobs") };
}

function knownCredentials({ rootKey, account }: ServerOptions): Credentials {
  const credentials = new Credentials();
  if (rootKey !== undefined) credentials.add({ ...rootKey, principal: rootOf(account) });
  return credentials;
}
