/**
 * What the front hands to whoever answers requests, whatever the connection speaks: HTTP/1.1 on sockets, HTTP/1.1
 * through node:http, or HTTP/2. Nothing behind this file knows which.
 */
export interface HttpRequest {
  /** Upper case, as sent: "GET", "POST" ... */
  readonly method: string;
  /** The path as sent, not decoded; begins with "/" (or is "*" for OPTIONS). */
  readonly path: string;
  /** What follows the first "?", not decoded; "" when there is none. */
  readonly query: string;
  /**
   * Names in lower case. A name sent twice is joined with "," (cookies with "; "), which is also how SigV4 signs it.
   * The record has no prototype: any name is either a header or undefined. HTTP/2's :authority is `host`.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly httpVersion: "1.1" | "1.0" | "2.0";
  /** The peer's IP address; "" when the connection does not say. */
  readonly remoteAddress: string;
  readonly body: RequestBody;
  /**
   * Aborts when the client closes before its answer is complete: whoever waits (a long poll, a stream without end)
   * should stop waiting, and give nothing out that only this client was to get.
   */
  readonly signal: AbortSignal;
}

export interface RequestBody {
  /** Everything has arrived (true from the start for a request without a body). */
  readonly complete: boolean;
  /**
   * The whole body: at once if it is there (the usual case for small requests), else a promise.
   * Rejects with BodyTooLarge beyond the limit, and with BodyBroken when the client goes away.
   */
  bytes(limitBytes: number): Buffer | Promise<Buffer>;
  /** The body as it arrives; the client is slowed down to the reader's pace. Fails with BodyBroken. */
  stream(): AsyncIterable<Buffer>;
}

export interface HttpResponse {
  readonly status: number;
  /** Any capitals. A list becomes one line each (Set-Cookie). Content-Length and Date are added when missing. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /**
   * A stream without a Content-Length header goes out chunked; with one it must yield just so many bytes.
   * An answer to HEAD has no body on the wire but the length that it would have had.
   */
  readonly body?: Buffer | string | readonly Buffer[] | AsyncIterable<Buffer> | undefined;
}

/** May answer at once or later; a failure becomes a plain 500 (413 for BodyTooLarge, 408 or nothing for BodyBroken, nothing for Dropped). */
export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

export interface FrontLimits {
  /** Request line and headers together. */
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly requestLineBytes: number;
  /** From a request's first byte (or from connecting) to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** Between requests. */
  readonly idleTimeoutMs: number;
  /** A body that stands still for so long, or that after so long came slower than the rate, is given up (408). */
  readonly bodyTimeoutMs: number;
  readonly bodyMinimumBytesPerSecond: number;
  /** An answer of which the client takes nothing for so long is given up. */
  readonly writeTimeoutMs: number;
  /** Further connections are answered 503 and closed. */
  readonly maxConnections: number;
  /** Requests of one connection that wait parsed while an earlier one is being answered. */
  readonly pipelineDepth: number;
  /** What of an unread body is skipped to keep the connection; beyond it the connection closes. */
  readonly discardBytes: number;
  /** How long a closing connection waits for the client to have read its last answer. */
  readonly lingerMs: number;
  /** How long `close` waits for requests in flight. */
  readonly closeGraceMs: number;
}

export interface Front {
  readonly host: string;
  readonly port: number;
  /** Which HTTP/1.1 is at work: "sockets" falls back to "node" where the runtime lacks what it needs. */
  readonly http1: "sockets" | "node";
  /** Accepts no more, lets requests in flight finish (bounded by closeGraceMs), then closes. */
  close(): Promise<void>;
}

export { BodyBroken, BodyTooLarge } from "./body-errors.ts";
export { Dropped } from "./dropped.ts";
