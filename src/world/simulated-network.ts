import { Duplex } from "node:stream";
import type { SeededRandom } from "./seeded-random.ts";
import type { Activity, SimulatedClock } from "./simulated-clock.ts";
import { systemError } from "./system-error.ts";
import type { Cancel, Connection, ListenAt, Listener, Sockets } from "./world.ts";

/** Sockets in memory. The other side of a connection is a test's, by `connect`. */
export class SimulatedNetwork implements Sockets {
  /** Delivers what is written in pieces of other sizes, as networks do. */
  fragments = false;
  readonly #clock: SimulatedClock;
  readonly #random: SeededRandom;
  readonly #activity: Activity;
  readonly #listeners = new Map<number, (connection: Connection) => void>();
  readonly #connections = new Set<SimulatedConnection>();
  #nextPort = 49_152;

  constructor(clock: SimulatedClock, random: SeededRandom, activity: Activity) {
    this.#clock = clock;
    this.#random = random;
    this.#activity = activity;
  }

  async listen(at: ListenAt, onConnection: (connection: Connection) => void): Promise<Listener> {
    const port = at.port === 0 ? this.#nextPort++ : at.port;
    if (this.#listeners.has(port)) throw systemError("EADDRINUSE", "listen", `${at.host}:${port}`);
    this.#listeners.set(port, onConnection);
    return {
      host: at.host,
      port,
      close: () => {
        this.#listeners.delete(port);
        return Promise.resolve();
      },
    };
  }

  /** Connects to what listens on this port, as a client does. */
  connect(port: number): Connection {
    const onConnection = this.#listeners.get(port);
    if (onConnection === undefined) throw systemError("ECONNREFUSED", "connect", String(port));
    const client = this.#connection();
    const server = this.#connection();
    client.other = server;
    server.other = client;
    setImmediate(() => {
      this.#activity.events += 1;
      if (!server.destroyed) onConnection(server);
    });
    return client;
  }

  /** Breaks all connections, as when a cable is pulled. Listening goes on. */
  cut(): void {
    for (const connection of this.#connections) {
      connection.destroy(systemError("ECONNRESET", "read", "a simulated connection"));
    }
  }

  /** The machine is gone: nothing listens, nothing is connected. */
  stop(): void {
    this.#listeners.clear();
    this.cut();
  }

  #connection(): SimulatedConnection {
    const connection = new SimulatedConnection(this.#clock, (bytes) => this.#pieces(bytes));
    this.#connections.add(connection);
    connection.once("close", () => this.#connections.delete(connection));
    // A broken connection is the network's doing and no error of the program that nobody handled.
    connection.on("error", () => undefined);
    return connection;
  }

  #pieces(bytes: Buffer): Buffer[] {
    this.#activity.events += 1;
    if (!this.fragments) return [bytes];
    const pieces: Buffer[] = [];
    for (let start = 0; start < bytes.length;) {
      const end = start + 1 + this.#random.below(bytes.length - start);
      pieces.push(bytes.subarray(start, end));
      start = end;
    }
    return pieces;
  }
}

/** One end of a connection: what is written here is read at the other. */
class SimulatedConnection extends Duplex implements Connection {
  readonly remoteAddress = "127.0.0.1";
  other: SimulatedConnection | undefined;
  readonly #clock: SimulatedClock;
  readonly #pieces: (bytes: Buffer) => Buffer[];
  #onceRead: (() => void) | undefined;
  #hasSentEnd = false;
  #idleMs = 0;
  #cancelIdle: Cancel = () => undefined;

  constructor(clock: SimulatedClock, pieces: (bytes: Buffer) => Buffer[]) {
    super({ allowHalfOpen: true });
    this.#clock = clock;
    this.#pieces = pieces;
  }

  setNoDelay(): this {
    return this;
  }

  /** As a socket's: "timeout" is emitted after so long without a byte in either direction; 0 for never. */
  setTimeout(timeoutMs: number): this {
    this.#idleMs = timeoutMs;
    this.#moved();
    return this;
  }

  override _read(): void {
    const resume = this.#onceRead;
    this.#onceRead = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#moved();
    const other = this.other!;
    if (other.destroyed) {
      done(systemError("EPIPE", "write", "a simulated connection"));
      return;
    }
    // A copy: once written, the bytes are the writer's again.
    const hasRoom = other.#receive(this.#pieces(Buffer.from(chunk)));
    if (hasRoom) setImmediate(done);
    else other.#onceRead = () => setImmediate(done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#sendEnd();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#cancelIdle();
    const other = this.other;
    if (other !== undefined && !other.destroyed) {
      if (error !== null)
        other.destroy(systemError("ECONNRESET", "read", "a simulated connection"));
      else this.#sendEnd();
      other._read();
    }
    done(error);
  }

  #sendEnd(): void {
    if (this.#hasSentEnd) return;
    this.#hasSentEnd = true;
    this.other?.push(null);
  }

  #receive(pieces: Buffer[]): boolean {
    this.#moved();
    let hasRoom = true;
    for (const piece of pieces) hasRoom = this.push(piece);
    return hasRoom;
  }

  #moved(): void {
    this.#cancelIdle();
    if (this.#idleMs > 0) {
      this.#cancelIdle = this.#clock.after(this.#idleMs, () => this.emit("timeout"));
    }
  }
}
