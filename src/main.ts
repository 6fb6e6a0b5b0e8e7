import { join } from "node:path";
import { textAuthenticator } from "#gateway/authenticate-text.ts";
import { gateway } from "#gateway/pipeline.ts";
import { PeerSignatures } from "#gateway/peer-signatures.ts";
import { httpPeers } from "#gateway/peers.ts";
import { openFront } from "#gateway/front/open-front.ts";
import { authorityFile, Certificates } from "#kernel/certificates.ts";
import { Credentials, type Credential } from "#kernel/credentials.ts";
import { rootOf } from "#kernel/identity.ts";
import { Faults } from "#kernel/faults.ts";
import { Kernel } from "#kernel/kernel.ts";
import type { Log } from "#kernel/log.ts";
import { Metrics } from "#kernel/metrics.ts";
import { RegionLinks } from "#kernel/region-links.ts";
import { DiskPlace } from "#kernel/state/disk-place.ts";
import { Life } from "#kernel/state/life.ts";
import { MemoryPlace } from "#kernel/state/memory-place.ts";
import type { StatePlace } from "#kernel/state/place.ts";
import { masterKeyOf, masterKeyFile, Vault } from "#kernel/vault.ts";
import { Directory } from "#services/iam/directory.ts";
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
  /** Where issuers of tokens keep their keys: URLs and absolute paths of JSON Web Key Sets, by issuer. */
  readonly issuers?: ReadonlyMap<string, string> | undefined;
  /** Whether capacity that is used up is refused, and whether partitions have limits of their own. */
  readonly throttle: boolean;
  readonly partitionLimits: boolean;
  /** The servers that serve other regions, by region, and the secret that is shared with them. */
  readonly peers?:
    | { readonly urls: ReadonlyMap<string, string>; readonly secret: string }
    | undefined;
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
  // They are this process's, whichever state is loaded.
  const metrics = new Metrics();
  const links = new RegionLinks();
  const faults = new Faults(world.clock, world.random);
  const settings = { throttle: options.throttle, partitionLimits: options.partitionLimits };
  const place = placeOf(options);
  const { blobs } = place;
  const peerSignatures = options.peers && new PeerSignatures(options.peers.secret, world);
  const peers =
    options.peers &&
    peerSignatures &&
    httpPeers({
      urls: options.peers.urls,
      signatures: peerSignatures,
      requests: world.requests,
      log,
    });
  const ports = {
    host: options.host,
    first: options.servicePort,
    authenticate: textAuthenticator({
      authentication: options.authentication,
      defaultAccount: options.account,
      nowMs: () => world.clock.machineMs(),
    }),
  };
  // Made once: snapshots of a state in memory are sealed under its key.
  let vault: Vault | undefined;
  let certificates: Certificates | undefined;
  const life = await Life.begin({
    clock: world.clock,
    version: options.version,
    place,
    makeKernel: async (store) => {
      vault ??= await vaultOf(options);
      certificates ??= certificatesOf(options, vault);
      const directory = new Directory({ store, vault, nowMs: () => world.clock.nowMs() });
      return new Kernel({
        world,
        store,
        services,
        log,
        settings,
        blobs,
        ports,
        metrics,
        links,
        faults,
        peers,
        vault,
        certificates,
        issuers: options.issuers,
        policies: directory,
        credentials: new Credentials(rootCredentials(options), directory),
      });
    },
  });
  try {
    const handler = gateway({
      life,
      get kernel() {
        return life.kernel;
      },
      facts: {
        version: options.version,
        authentication: options.authentication,
        dataFolder,
        startedAtElapsedMs,
      },
      defaultAccount: options.account,
      defaultRegion: options.region,
      peerSignatures,
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
        faults.clear();
        await front.close();
        await life.end();
      },
    };
  } catch (error) {
    await life.end();
    throw error;
  }
}

function placeOf({ world, dataFolder }: ServerOptions): StatePlace {
  if (dataFolder === undefined) return new MemoryPlace(() => memoryStore(undefined, setImmediate));
  const holder = `process ${process.pid}`;
  return new DiskPlace({
    files: world.files,
    dataFolder,
    holder,
    openStore: (folder) => openStore({ world, folder, holder }),
  });
}

async function vaultOf({ world, dataFolder }: ServerOptions): Promise<Vault> {
  const { files, random } = world;
  const key =
    dataFolder === undefined
      ? random.bytes(32)
      : await masterKeyOf(files, join(dataFolder, masterKeyFile), random);
  return new Vault(key, random);
}

function certificatesOf(
  { world: { files, random, clock }, dataFolder }: ServerOptions,
  vault: Vault,
): Certificates {
  const file =
    dataFolder === undefined ? undefined : { files, path: join(dataFolder, authorityFile) };
  return new Certificates({ vault, random, clock, file });
}

function rootCredentials({ rootKey, account }: ServerOptions): Credential[] {
  return rootKey === undefined ? [] : [{ ...rootKey, principal: rootOf(account) }];
}
