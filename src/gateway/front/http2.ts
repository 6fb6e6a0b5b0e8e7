import { constants, createServer } from "node:http2";
import type { OutgoingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Connection } from "#world/world.ts";
import { BodyBroken, BodyTooLarge } from "./body-errors.ts";
import { Dropped } from "./dropped.ts";
import type { Connections, Kept } from "./connections.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import { bodyHighWaterBytes } from "./limits.ts";
import { BodyPace, WritePace } from "./pace.ts";
import { IncomingBody } from "./request-body.ts";
import type { BodySource } from "./request-body.ts";
import { isHost } from "./request-head.ts";
import { headerRecordOfHttp2, parseTarget } from "./request-headers.ts";
import { closeStream, framed, isStream, writeStream } from "./response-body.ts";
import { hasNoBody, headerPairs, plainResponse } from "./response-head.ts";

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM } = constants;

/**
 * HTTP/2 with prior knowledge, by Node's own server in this process: the AWS SDKs use it for Kinesis and for event
 * streams even without TLS. Requests of one connection run in parallel here; each stream stands for itself.
 */
export function http2Server(connections: Connections): (socket: Connection, first: Buffer) => void {
  const { limits } = connections;
  const server = createServer({
    settings: { maxConcurrentStreams: 256, maxHeaderListSize: limits.headerBytes },
    maxHeaderListPairs: limits.headerCount,
  });
  server.on("session", (session) => {
    const kept = new Http2Connection(connections, session);
    session.on("stream", (stream, _headers, _flags, raw) =>
      // Node hands over the raw list as its fourth argument; its types call it an opaque array.
      kept.onStream(stream, raw),
    );
  });
  server.on("sessionError", () => {});
  return (socket, first) => {
    socket.unshift(first);
    server.emit("connection", socket);
  };
}

class Http2Connection implements Kept {
  readonly connections: Connections;
  private readonly session: ServerHttp2Session;
  private readonly exchanges = new Set<Http2Request>();
  private sinceMs: number;

  constructor(connections: Connections, session: ServerHttp2Session) {
    this.connections = connections;
    this.session = session;
    connections.add(this);
    this.sinceMs = connections.nowMs;
    session.on("error", () => session.destroy());
    session.on("close", () => connections.remove(this));
  }

  onStream(stream: ServerHttp2Stream, raw: readonly string[]): void {
    stream.on("error", () => {});
    const pseudo = (name: string): string => raw[raw.indexOf(name) + 1] ?? "";
    const method = pseudo(":method");
    const headers = headerRecordOfHttp2(raw);
    const target = method === "CONNECT" ? undefined : parseTarget(pseudo(":path"), method);
    const host = headers === 400 ? undefined : headers["host"];
    if (headers === 400 || target === undefined || host === undefined || !isHost(host)) {
      stream.respond({ ":status": 400 }, { endStream: true });
      return;
    }
    if (target.path.length + target.query.length > this.connections.limits.requestLineBytes) {
      stream.respond({ ":status": 414 }, { endStream: true });
      return;
    }
    const length = headers["content-length"];
    const request = new Http2Request(
      stream,
      method,
      target,
      headers,
      this.session.socket.remoteAddress ?? "",
      length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : -1,
    );
    this.exchanges.add(request);
    stream.on("close", () => {
      this.exchanges.delete(request);
      this.sinceMs = this.connections.nowMs;
    });
    void serve(this.connections, request);
  }

  sweep(): void {
    const { nowMs, limits } = this.connections;
    for (const exchange of this.exchanges) exchange.sweep(this.connections);
    if (this.exchanges.size === 0 && nowMs - this.sinceMs >= limits.idleTimeoutMs)
      this.session.close();
  }

  finish(): void {
    this.session.close();
  }

  destroy(): void {
    this.session.destroy();
  }
}

class Http2Request implements HttpRequest, BodySource {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly httpVersion = "2.0";
  readonly remoteAddress: string;
  readonly body: IncomingBody;
  readonly stream: ServerHttp2Stream;
  private readonly abort = new AbortController();
  private continueOwed: boolean;
  private readonly bodyPace = new BodyPace();
  private readonly writePace = new WritePace();

  constructor(
    stream: ServerHttp2Stream,
    method: string,
    target: { readonly path: string; readonly query: string },
    headers: Readonly<Record<string, string>>,
    remoteAddress: string,
    announcedBytes: number,
  ) {
    this.stream = stream;
    this.method = method;
    this.path = target.path;
    this.query = target.query;
    this.headers = headers;
    this.remoteAddress = remoteAddress;
    this.continueOwed = headers["expect"]?.toLowerCase() === "100-continue";
    this.body = new IncomingBody(this, announcedBytes);
    if (stream.readableEnded || stream.endAfterHeaders) this.body.finish();
    else {
      stream.on("data", (chunk: Buffer) => {
        this.body.push(chunk);
        if (this.body.waitingBytes > bodyHighWaterBytes) stream.pause();
      });
      stream.on("end", () => {
        if (!stream.aborted) this.body.finish();
      });
    }
    stream.on("aborted", () => this.goneAway());
    stream.on("close", () => this.goneAway());
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  bodyWanted(): void {
    if (this.continueOwed && this.body.receivedBytes === 0 && !this.stream.headersSent)
      this.stream.additionalHeaders({ ":status": 100 });
    this.continueOwed = false;
    this.stream.resume();
  }

  goneAway(): void {
    this.body.fail(new BodyBroken("the client went away"));
    if (!this.stream.writableFinished) this.abort.abort();
  }

  sweep(connections: Connections): void {
    const { body, stream } = this;
    if (this.writePace.stalled(0, stream.writableLength, connections)) stream.close(NGHTTP2_CANCEL);
    else if (!body.complete && this.bodyPace.tooSlow(body, body.wanted, connections))
      stream.close(NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

async function serve(connections: Connections, request: Http2Request): Promise<void> {
  let response: HttpResponse;
  try {
    response = await connections.handler(request);
  } catch (failure) {
    if (failure instanceof BodyBroken) return;
    if (failure instanceof Dropped) return request.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    if (!(failure instanceof BodyTooLarge)) connections.onFailure(failure);
    response = plainResponse(failure instanceof BodyTooLarge ? 413 : 500);
  }
  try {
    await send(connections, request, response);
  } catch (failure) {
    if (request.stream.destroyed) return;
    connections.onFailure(failure);
    if (request.stream.headersSent) request.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else await send(connections, request, plainResponse(500));
  }
}

async function send(
  connections: Connections,
  request: Http2Request,
  response: HttpResponse,
): Promise<void> {
  const { stream } = request;
  const { status, body } = response;
  if (stream.destroyed || stream.closed) {
    if (isStream(body)) await closeStream(body);
    return;
  }
  const { pairs, facts } = headerPairs(response.headers);
  const headers: OutgoingHttpHeaders = { ":status": status };
  for (let i = 0; i < pairs.length; i += 2) {
    const name = (pairs[i] as string).toLowerCase();
    const value = pairs[i + 1] as string;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else headers[name] = [`${before}`, value];
  }
  if (!facts.hasDate) headers["date"] = connections.dateHeader();
  const silent = hasNoBody(status) || request.method === "HEAD";
  const { length } = framed(facts.contentLength, body, silent);
  if (length !== undefined && !hasNoBody(status)) headers["content-length"] = String(length);
  const endStream = silent || body === undefined || length === 0;
  stream.respond(headers, { endStream });
  if (endStream) {
    if (isStream(body)) await closeStream(body);
  } else if (isStream(body)) await writeStream(stream, body, length);
  else stream.end(Array.isArray(body) ? Buffer.concat(body) : (body as Buffer | string));
  if (!request.body.complete) {
    request.body.discard();
    // RFC 9113, 8.1: an answer that is whole before the request is may ask the client to stop sending.
    if (stream.writableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
  }
}
