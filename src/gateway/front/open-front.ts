import type { Clock, Connection, Sockets } from "#world/world.ts";
import { Connections } from "./connections.ts";
import type { Kept } from "./connections.ts";
import type { Front, FrontLimits, HttpHandler } from "./http.ts";
import { Http1Connection } from "./http1-sockets.ts";
import { defaultLimits } from "./limits.ts";
import { parserKit } from "./parser.ts";
import { lastWords } from "./response-head.ts";

export interface FrontOptions {
  readonly sockets: Sockets;
  readonly clock: Clock;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly handler: HttpHandler;
  readonly limits?: Partial<FrontLimits>;
  /** "sockets" (the default) is twice as fast; "node" is node:http. Both behave alike. */
  readonly http1?: "sockets" | "node";
  /** Hears of handlers that throw, and of answers that cannot be sent. */
  readonly onFailure?: (failure: unknown) => void;
}

/** Opens one port for HTTP/1.1 and HTTP/2 with prior knowledge; a connection's first bytes tell which it is. */
export async function openFront(options: FrontOptions): Promise<Front> {
  const limits = { ...defaultLimits, ...options.limits };
  const onFailure = options.onFailure ?? (() => {});
  const connections = new Connections(options.clock, limits, options.handler, onFailure);
  const kit = options.http1 === "node" ? undefined : parserKit();
  const acceptNode =
    kit === undefined ? (await import("./http1-node.ts")).nodeHttp1(connections) : undefined;
  let http2: Promise<(socket: Connection, first: Buffer) => void> | undefined;

  const accept: Accept = (protocol, socket, first) => {
    if (protocol === "http2") {
      // Loaded when the first client speaks it: most servers never need its 7 MB.
      http2 ??= import("./http2.ts").then(({ http2Server }) => http2Server(connections));
      socket.on("error", () => socket.destroy());
      socket.pause();
      http2.then((take) => socket.destroyed || take(socket, first), onFailure);
    } else if (kit !== undefined) new Http1Connection(connections, kit, socket).onData(first);
    else acceptNode?.(socket, first);
  };

  const listener = await options.sockets.listen(
    { host: options.host, port: options.port },
    (socket) => {
      if (connections.count >= limits.maxConnections || connections.closing) {
        socket.on("error", () => socket.destroy());
        socket.end(lastWords(503, connections.dateHeader()), () => socket.destroy());
        return;
      }
      socket.setNoDelay?.(true);
      new Newcomer(connections, socket, accept).listen();
    },
  );
  return {
    host: listener.host,
    port: listener.port,
    http1: kit === undefined ? "node" : "sockets",
    async close() {
      const released = listener.close();
      await connections.finishAll();
      await released;
    },
  };
}

type Accept = (protocol: "http1" | "http2", socket: Connection, first: Buffer) => void;

const preface = Buffer.from("PRI");
const tlsHandshake = 0x16;

/** A connection that has not yet said what it speaks. */
class Newcomer implements Kept {
  private readonly connections: Connections;
  private readonly socket: Connection;
  private readonly accept: Accept;
  private readonly sinceMs: number;
  private seen: Buffer | undefined = undefined;

  constructor(connections: Connections, socket: Connection, accept: Accept) {
    this.connections = connections;
    this.socket = socket;
    this.accept = accept;
    connections.add(this);
    this.sinceMs = connections.nowMs;
  }

  listen(): void {
    this.socket.on("data", this.onData);
    this.socket.on("end", this.onGone);
    this.socket.on("error", this.onGone);
    this.socket.on("close", this.onGone);
  }

  private readonly onData = (chunk: Buffer): void => {
    const first = this.seen === undefined ? chunk : Buffer.concat([this.seen, chunk]);
    const known = Math.min(first.length, preface.length);
    const maybeHttp2 = first.compare(preface, 0, known, 0, known) === 0;
    if (maybeHttp2 && known < preface.length) {
      this.seen = first;
      return;
    }
    // A TLS hello: certificates have their place here. Until then the client learns at once that nobody speaks TLS.
    if (first[0] === tlsHandshake) {
      this.destroy();
      return;
    }
    this.leave();
    this.accept(maybeHttp2 ? "http2" : "http1", this.socket, first);
    // Last, so that the front never counts no connections in between, which would end its sweep.
    this.connections.remove(this);
  };

  private readonly onGone = (): void => {
    this.destroy();
  };

  private leave(): void {
    this.socket.off("data", this.onData);
    this.socket.off("end", this.onGone);
    this.socket.off("error", this.onGone);
    this.socket.off("close", this.onGone);
  }

  sweep(): void {
    if (this.connections.nowMs - this.sinceMs >= this.connections.limits.headersTimeoutMs)
      this.destroy();
  }

  finish(): void {
    this.destroy();
  }

  destroy(): void {
    this.socket.destroy();
    this.connections.remove(this);
  }
}
