import { endOfPrefix, type Key } from "#base/key.ts";
import { tuple } from "#base/tuple.ts";
import type { Codec, Snapshot, Store, Transaction, Unwatch } from "#store/store.ts";
import type { Cancel, Connection, Listener, World } from "#world/world.ts";
import type { RequestContext } from "./authorization/request-context.ts";
import type { Certificates } from "./certificates.ts";
import type { Context, Tenant } from "./context.ts";
import type { Log } from "./log.ts";
import type { Principal } from "./identity.ts";

export type { Connection } from "#world/world.ts";

/**
 * TCP ports of services whose clients do not speak HTTP: a cache's nodes, a broker, a database.
 *
 * N1. A port stands from the commit that opened it to the commit that closed it, across restarts, with the number that
 *     it was given at first. It is opened within moments of the commit; `listening` waits for that.
 * N2. Under one (tenant, service, listener, key) stands one port. Asking again hands its handler the new payload.
 * N3. Connections are bounded; when the port goes, they go. A handler that throws loses its connection, nothing more.
 * N4. When the server stops, ports accept no more and handlers finish what is under way; then connections are cut.
 */

/** Where a port belongs. */
export interface PortOwner extends Tenant {
  readonly service: string;
}

export interface PortRequest {
  /** The name under the service's `listeners`. */
  readonly listener: string;
  readonly key: string;
  /** Anything that JSON can hold: what the handler is told. */
  readonly payload?: unknown;
  /** Its clients speak TLS: certificates.ts. A port stays what it was opened as. */
  readonly isSecure?: boolean;
}

export interface Address {
  /** What the server listens on, as users would connect to it. */
  readonly host: string;
  readonly port: number;
}

/** What a handler is told when a port opens. */
export interface Opening {
  readonly key: string;
  readonly payload: unknown;
  readonly address: Address;
}

/** Answers on ports of one kind. One object for each running server: it may hold what its ports share. */
export interface PortHandler {
  /** `ctx` is that of the port's owner. */
  open(ctx: PortContext, opening: Opening): OpenPort;
}

export interface OpenPort {
  /** One client. Errors of the connection are the handler's to listen for. */
  connect(connection: Connection): void;
  /** The port was asked for again, with this payload. */
  change(payload: unknown): void;
  /** Ends what is under way. The connections are cut when it resolves, or after some seconds. */
  close(): Promise<void>;
}

/** What a handler may do beside what every context offers. */
export interface PortContext extends Context<string> {
  /** Who signed the text, by the rules for requests over HTTP; undefined if the signature is refused. */
  authenticate(signed: SignedText): Principal | undefined | Promise<Principal | undefined>;
  /** Whether the policies let somebody do what they ask for. Throws the denial; answers at once where it can. */
  permit(asked: PortCall): void | Promise<void>;
  /** Something failed within the server that no client should be told more of. */
  report(message: string, failure: unknown): void;
  /** Milliseconds that only ever grow, for durations. */
  elapsedMs(): number;
}

/** What somebody wants to do over a port's protocol with a resource of the port's owner. */
export interface PortCall {
  readonly caller: Principal;
  /** "GetItem" */
  readonly operation: string;
  readonly requestId: string;
  /** "dax:GetItem", all of which must be allowed. */
  readonly actions: readonly string[];
  /** Its ARN. */
  readonly resource: string;
  /** What the request tells conditions. */
  readonly keys?: RequestContext | undefined;
}

/** A SigV4 signature of a protocol that is not HTTP: its clients sign a text in the form of a string to sign. */
export interface SignedText {
  readonly accessKeyId: string;
  readonly signature: string;
  readonly stringToSign: string;
  /** As the scope within the text must name it: "dax". */
  readonly service: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

interface PortRecord extends PortOwner {
  readonly listener: string;
  readonly key: string;
  readonly payload: unknown;
  readonly isSecure?: boolean;
  /** 0 until it was opened for the first time. */
  readonly port: number;
}

const portsPrefix = tuple("kernel", "port");
const connectionsAtMost = 1_000;
const retryMs = 1_000;
const drainMs = 5_000;
const portsTried = 1_000;

const portCodec: Codec<PortRecord> = {
  encode: (record) => Buffer.from(JSON.stringify(record)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as PortRecord,
};

function portKey(owner: PortOwner, listener: string, key: string): Key {
  return portsPrefix + tuple(owner.service, owner.account, owner.region, listener, key);
}

export function openPort(tx: Transaction, owner: PortOwner, request: PortRequest): void {
  const { service, account, region } = owner;
  const { listener, key, payload = null, isSecure = false } = request;
  const stored = portKey(owner, listener, key);
  const port = tx.record(stored, portCodec)?.port ?? 0;
  const record = { service, account, region, listener, key, payload, isSecure, port };
  tx.putRecord(stored, portCodec, record);
}

export function closePort(tx: Transaction, owner: PortOwner, listener: string, key: string): void {
  tx.delete(portKey(owner, listener, key));
}

export interface ListenersOptions {
  readonly world: Pick<World, "clock" | "sockets">;
  readonly store: Store;
  readonly log: Log;
  readonly certificates: Certificates;
  /** Where ports are opened. */
  readonly host: string;
  /** The first number that is given away, then the next free ones; 0 lets the system pick. */
  readonly firstPort: number;
  readonly open: (owner: PortOwner, listener: string, opening: Opening) => OpenPort;
}

interface Standing {
  readonly listener: Listener;
  readonly address: Address;
  readonly handler: OpenPort;
  readonly connections: Set<Connection>;
  payload: string;
}

/** Keeps the ports that stand as the store says they should. One for each process. */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #standing = new Map<Key, Standing>();
  #problems = new Map<Key, unknown>();
  #unwatch: Unwatch | undefined;
  #alarm: Cancel | undefined;
  #pass: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  /** Opens what stood before. A port that somebody else has by now is tried again and again. */
  async start(): Promise<void> {
    this.#unwatch = this.#options.store.watch(portsPrefix, () => void this.#settle());
    await this.#settle();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unwatch?.();
    this.#alarm?.();
    await this.#pass;
    await Promise.all([...this.#standing.keys()].map((key) => this.#close(key)));
  }

  /** Where the port listens that was asked for in a transaction; rejects if it can't be opened now. */
  async listening(owner: PortOwner, listener: string, key: string): Promise<Address> {
    await this.#settle();
    const stored = portKey(owner, listener, key);
    const found = this.#standing.get(stored);
    if (found !== undefined) return found.address;
    throw new Error(`no port is open for ${owner.service} ${listener} ${key}`, {
      cause: this.#problems.get(stored),
    });
  }

  /** One pass after another: each sees all that was committed before it began. */
  #settle(): Promise<void> {
    this.#pass = this.#pass.then(() => this.#settleOnce());
    return this.#pass;
  }

  async #settleOnce(): Promise<void> {
    if (this.#stopped) return;
    const { store, log, world } = this.#options;
    this.#alarm?.();
    this.#alarm = undefined;
    this.#problems = new Map();
    try {
      const wanted = await store.read(readPorts);
      for (const key of this.#standing.keys()) {
        if (!wanted.has(key)) await this.#close(key);
      }
      const taken = new Set([...wanted.values()].map(({ port }) => port));
      for (const [key, record] of wanted) {
        const standing = this.#standing.get(key);
        if (standing === undefined) await this.#open(key, record, taken);
        else this.#change(standing, record);
      }
    } catch (error) {
      log.error("opening ports failed", { error });
    }
    if (this.#problems.size > 0) {
      this.#alarm = world.clock.after(retryMs, () => void this.#settle());
    }
  }

  async #open(key: Key, record: PortRecord, taken: Set<number>): Promise<void> {
    const connections = new Set<Connection>();
    let handler: OpenPort | undefined;
    const accept = (connection: Connection): void => {
      if (handler === undefined || connections.size >= connectionsAtMost) connection.destroy();
      else this.#accept(handler, connections, connection);
    };
    let listener: Listener;
    try {
      listener = await this.#listen(record, taken, accept);
    } catch (error) {
      const { service, key: name, port } = record;
      this.#problems.set(key, error);
      this.#options.log.error("a port can't be opened", { service, key: name, port, error });
      return;
    }
    taken.add(listener.port);
    if (record.port !== listener.port) await this.#store(key, listener.port);
    const address = { host: reachable(this.#options.host), port: listener.port };
    const { listener: kind, payload } = record;
    handler = this.#options.open(record, kind, { key: record.key, payload, address });
    const standing = { listener, address, handler, connections, payload: JSON.stringify(payload) };
    this.#standing.set(key, standing);
  }

  /** The number that the port has for good, or the first free one. */
  async #listen(
    { port, isSecure }: PortRecord,
    taken: ReadonlySet<number>,
    accept: (connection: Connection) => void,
  ): Promise<Listener> {
    const { world, host, firstPort, certificates } = this.#options;
    const identityFor = isSecure === true ? await certificates.identities() : undefined;
    const listen = (at: number): Promise<Listener> =>
      world.sockets.listen({ host, port: at, identityFor }, accept);
    if (port !== 0 || firstPort === 0) return listen(port);
    let problem: unknown;
    for (let candidate = firstPort; candidate < firstPort + portsTried; candidate += 1) {
      if (taken.has(candidate)) continue;
      try {
        return await listen(candidate);
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  }

  #store(key: Key, port: number): Promise<void> {
    return this.#options.store.transact((tx) => {
      const record = tx.record(key, portCodec);
      if (record !== undefined) tx.putRecord(key, portCodec, { ...record, port });
    });
  }

  #accept(handler: OpenPort, connections: Set<Connection>, connection: Connection): void {
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
    try {
      handler.connect(connection);
    } catch (error) {
      this.#options.log.error("a connection could not be served", { error });
      connection.destroy();
    }
  }

  #change(standing: Standing, record: PortRecord): void {
    const payload = JSON.stringify(record.payload);
    if (payload === standing.payload) return;
    standing.payload = payload;
    standing.handler.change(record.payload);
  }

  async #close(key: Key): Promise<void> {
    const standing = this.#standing.get(key);
    if (standing === undefined) return;
    this.#standing.delete(key);
    await standing.listener.close();
    let cancel: Cancel | undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.world.clock.after(drainMs, resolve);
    });
    await Promise.race([standing.handler.close(), late]);
    cancel?.();
    for (const connection of standing.connections) connection.destroy();
  }
}

function readPorts(snapshot: Snapshot): Map<Key, PortRecord> {
  const found = new Map<Key, PortRecord>();
  for (const { key, value } of snapshot.range({
    start: portsPrefix,
    end: endOfPrefix(portsPrefix),
  })) {
    found.set(key, portCodec.decode(value));
  }
  return found;
}

/** Listening everywhere is listening here too; nobody can connect to "everywhere". */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "localhost") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
