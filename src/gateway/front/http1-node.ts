import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connection } from "#world/world.ts";
import { BodyBroken, BodyTooLarge } from "./body-errors.ts";
import { Dropped } from "./dropped.ts";
import type { Connections, Kept } from "./connections.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import { bodyHighWaterBytes, writeHighWaterBytes } from "./limits.ts";
import { BodyPace, WritePace } from "./pace.ts";
import { IncomingBody } from "./request-body.ts";
import type { BodySource } from "./request-body.ts";
import { readHead } from "./request-head.ts";
import type { RequestHead } from "./request-head.ts";
import { closeStream, framed, isStream, slices, writeStream } from "./response-body.ts";
import {
  hasNoBody,
  headerPairs,
  lastWords,
  plainResponse,
  statusOfParserError,
} from "./response-head.ts";

/**
 * HTTP/1.1 through node:http, for a runtime whose parser the socket front cannot use, and for whoever prefers it.
 * The invariants H1 to H3 of http1-sockets.ts hold here too; H4 only as far as node:http lets them. Timeouts are the
 * front's own, as node:http watches only servers that listen themselves.
 */
export function nodeHttp1(connections: Connections): (socket: Connection, first: Buffer) => void {
  const { limits } = connections;
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    requireHostHeader: false,
    insecureHTTPParser: false,
    keepAliveTimeout: 0,
    headersTimeout: 0,
    requestTimeout: 0,
    noDelay: true,
  });
  // Zero means all of them: by default node:http drops the headers beyond 2000 without a word.
  server.maxHeadersCount = 0;
  server.timeout = 0;
  const known = new WeakMap<object, NodeConnection>();
  const of = (socket: object): NodeConnection | undefined => known.get(socket);
  server.on("request", (message, response) => of(message.socket)?.onRequest(message, response));
  server.on("checkContinue", (message, response) =>
    of(message.socket)?.onRequest(message, response),
  );
  server.on("checkExpectation", (message, response) =>
    of(message.socket)?.onRequest(message, response),
  );
  server.on("connect", (_message, socket) => of(socket)?.refuse(400));
  server.on("clientError", (error, socket) => of(socket)?.refuse(statusOfParserError(error)));
  return (socket, first) => {
    known.set(socket, new NodeConnection(connections, socket));
    socket.pause();
    socket.unshift(first);
    server.emit("connection", socket);
    socket.resume();
  };
}

class NodeRequest implements HttpRequest, BodySource {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly httpVersion: "1.1" | "1.0";
  readonly remoteAddress: string;
  readonly body: IncomingBody;
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  private readonly abort = new AbortController();
  private continueOwed: boolean;

  constructor(head: RequestHead, message: IncomingMessage, response: ServerResponse) {
    this.method = head.method;
    this.path = head.path;
    this.query = head.query;
    this.headers = head.headers;
    this.httpVersion = head.httpVersion;
    this.continueOwed = head.expectsContinue;
    this.message = message;
    this.response = response;
    this.remoteAddress = message.socket.remoteAddress ?? "";
    this.body = new IncomingBody(this, head.bodyBytes);
    message.on("data", (chunk: Buffer) => {
      this.body.push(chunk);
      if (this.body.waitingBytes > bodyHighWaterBytes) message.pause();
    });
    message.on("end", () => this.body.finish());
    message.on("error", () => this.goneAway());
    message.on("close", () => {
      if (!message.complete) this.goneAway();
    });
    if (head.bodyBytes === 0) this.body.finish();
  }

  /** None is offered; but node:http loses what follows such a request in the same packet. */
  get wantsUpgrade(): boolean {
    return this.headers["upgrade"] !== undefined;
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** A client that still waits for 100 Continue: whether its body ever comes, nobody knows. */
  get undecided(): boolean {
    return this.continueOwed && this.body.receivedBytes === 0;
  }

  bodyWanted(): void {
    if (this.undecided) this.response.writeContinue();
    this.continueOwed = false;
    this.message.resume();
  }

  goneAway(): void {
    this.body.fail(new BodyBroken("the client went away"));
    this.abort.abort();
  }
}

class NodeConnection implements Kept {
  private readonly connections: Connections;
  private readonly socket: Connection & { readonly bytesRead?: number };
  private countedBytes = 0;
  private readonly waiting: NodeRequest[] = [];
  private active: NodeRequest | undefined = undefined;
  /** Answered, though its body was perhaps not all there. */
  private unread: NodeRequest | undefined = undefined;
  private refusal = 0;
  private lingering = false;
  /** The last answer is on its way. */
  private closing = false;
  private sinceMs: number;
  private readAtRest = 0;
  private midHeaders = true;
  private readonly bodyPace = new BodyPace();
  private readonly writePace = new WritePace();

  constructor(connections: Connections, socket: Connection) {
    this.connections = connections;
    this.socket = socket;
    connections.add(this);
    this.sinceMs = connections.nowMs;
    // Only where the connection does not count itself: a listener would cost node:http its short cut to the socket.
    if (this.socket.bytesRead === undefined)
      socket.on("data", (chunk: Buffer) => {
        this.countedBytes += chunk.length;
      });
    socket.on("error", () => this.destroy());
    socket.on("close", () => {
      connections.remove(this);
      for (const request of this.waiting) request.goneAway();
      this.active?.goneAway();
    });
  }

  private get bytesRead(): number {
    return this.socket.bytesRead ?? this.countedBytes;
  }

  onRequest(message: IncomingMessage, response: ServerResponse): void {
    if (this.refusal !== 0 || this.lingering) return;
    this.midHeaders = false;
    response.sendDate = false;
    const head = readHead(
      message.httpVersionMajor,
      message.httpVersionMinor,
      message.rawHeaders,
      message.method ?? "",
      message.url ?? "",
      this.connections.limits,
    );
    if (typeof head === "number") {
      message.resume();
      this.refuse(head);
      return;
    }
    this.waiting.push(new NodeRequest(head, message, response));
    this.next();
  }

  refuse(status: number): void {
    if (this.refusal !== 0) return;
    this.refusal = status;
    const broken = new BodyBroken("the body is not well formed");
    // The events of a whole request may still be on their way: it stays whole.
    for (const request of [...this.waiting, this.active])
      if (request !== undefined && !request.message.complete) request.body.fail(broken);
    this.next();
  }

  private next(): void {
    if (this.active !== undefined || this.lingering || this.closing) return;
    const request = this.waiting.shift();
    if (request === undefined) {
      if (this.refusal === 0) return;
      // An answer is out for a request whose body then broke: a second one would be taken for something else's.
      if (this.unread !== undefined && !this.unread.message.complete) this.socket.end();
      else this.sayLast(this.refusal);
      return;
    }
    this.active = request;
    void this.serve(request).finally(() => {
      this.active = undefined;
      this.unread = request.response.headersSent ? request : undefined;
      this.sinceMs = this.connections.nowMs;
      this.readAtRest = this.bytesRead;
      this.next();
    });
  }

  private async serve(request: NodeRequest): Promise<void> {
    let response: HttpResponse;
    try {
      response = await this.connections.handler(request);
    } catch (failure) {
      if (failure instanceof BodyBroken) {
        if (this.refusal === 0) this.destroy();
        return;
      }
      if (failure instanceof Dropped) return this.destroy();
      if (!(failure instanceof BodyTooLarge)) this.connections.onFailure(failure);
      response = plainResponse(failure instanceof BodyTooLarge ? 413 : 500);
    }
    try {
      await this.send(request, response);
    } catch (failure) {
      if (this.socket.destroyed) return;
      this.connections.onFailure(failure);
      if (request.response.headersSent) this.destroy();
      else await this.send(request, plainResponse(500));
    }
  }

  private async send(request: NodeRequest, response: HttpResponse): Promise<void> {
    if (this.socket.destroyed) {
      if (isStream(response.body)) await closeStream(response.body);
      return;
    }
    const { status, body } = response;
    const out = request.response;
    const { pairs, facts } = headerPairs(response.headers);
    const bodyless = hasNoBody(status);
    const isHead = request.method === "HEAD";
    const { length } = framed(facts.contentLength, body, isHead || bodyless);
    if (!facts.hasDate) pairs.push("Date", this.connections.dateHeader());
    if (length !== undefined && (!bodyless || (status === 304 && length > 0)))
      pairs.push("Content-Length", String(length));
    const { body: incoming } = request;
    const unreadBytes = incoming.complete ? 0 : incoming.announcedBytes - incoming.receivedBytes;
    const undecided = !incoming.complete && request.undecided;
    if (
      facts.wantsClose ||
      this.connections.closing ||
      request.wantsUpgrade ||
      incoming.broken ||
      undecided ||
      unreadBytes > this.connections.limits.discardBytes
    ) {
      pairs.push("Connection", "close");
      this.closing = true;
    }
    out.writeHead(status, pairs);
    const written = new Promise<void>((resolve) => {
      out.once("finish", resolve);
      out.once("close", resolve);
    });
    if (body === undefined || bodyless || isHead) {
      if (isStream(body)) void closeStream(body);
      out.end();
    } else if (isStream(body)) await writeStream(out, body, length);
    else if ((length as number) > writeHighWaterBytes) await writeStream(out, slices(body), length);
    else if (Array.isArray(body)) out.end(Buffer.concat(body));
    else out.end(body);
    if (!incoming.complete) {
      incoming.discard();
      request.message.resume();
    }
    await written;
  }

  private sayLast(status: number): void {
    if (this.lingering) return;
    this.lingering = true;
    this.sinceMs = this.connections.nowMs;
    this.socket.write(lastWords(status, this.connections.dateHeader()));
    this.socket.end();
    this.socket.resume();
  }

  finish(): void {
    if (this.active === undefined && this.waiting.length === 0) this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  sweep(): void {
    const { nowMs, limits } = this.connections;
    const pendingBytes = this.socket.writableLength;
    if (this.writePace.stalled(0, pendingBytes, this.connections)) return this.destroy();
    if (this.lingering) {
      if (pendingBytes === 0 && nowMs - this.sinceMs >= limits.lingerMs) this.destroy();
      return;
    }
    if (this.active !== undefined) {
      const { body } = this.active;
      if (body.complete) return;
      if (this.bodyPace.tooSlow(body, body.wanted, this.connections)) this.refuse(408);
      return;
    }
    if (this.unread !== undefined && !this.unread.message.complete) {
      const { body } = this.unread;
      const skipsTooMuch = body.skippedBytes > limits.discardBytes;
      if (skipsTooMuch || this.bodyPace.tooSlow(body, true, this.connections)) this.destroy();
      return;
    }
    if (!this.midHeaders && this.bytesRead > this.readAtRest) {
      this.midHeaders = true;
      this.sinceMs = nowMs;
    }
    const idleMs = nowMs - this.sinceMs;
    if (this.midHeaders) {
      if (idleMs >= limits.headersTimeoutMs) this.sayLast(408);
    } else if (idleMs >= limits.idleTimeoutMs) this.socket.end();
  }
}
