import type { Connection } from "#world/world.ts";
import type { Connections, Kept } from "./connections.ts";
import { BodyBroken, BodyTooLarge } from "./body-errors.ts";
import { Dropped } from "./dropped.ts";
import type { HttpResponse } from "./http.ts";
import { bodyHighWaterBytes, writeHighWaterBytes } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import { BodyPace, WritePace } from "./pace.ts";
import type { Parser, ParserKit } from "./parser.ts";
import { IncomingBody } from "./request-body.ts";
import type { BodySource } from "./request-body.ts";
import { readHead } from "./request-head.ts";
import {
  closeStream,
  framed,
  isStream,
  oneBuffer,
  slices,
  tooLong,
  tooShort,
} from "./response-body.ts";
import {
  hasNoBody,
  lastWords,
  plainResponse,
  reasonOf,
  renderHeaders,
  statusOfParserError,
} from "./response-head.ts";
import { SocketRequest } from "./socket-request.ts";

/*
 * HTTP/1.1 on a socket: llhttp reads, this file answers. What must stay true:
 *
 * H1. One request of a connection is with the handler at a time, the next waits parsed. Answers are so in order, and
 *     a pipelined write is done before the read behind it (RFC 9112, 9.3.2: only safe methods may run in parallel).
 * H2. After the first thing that is not a well-formed request nothing further of the connection is looked at: what
 *     follows could be read differently by whoever stands in front of us. Good requests before it are answered first.
 * H3. What a client can make us keep is bounded: headers by headerBytes, waiting requests by pipelineDepth (plus one
 *     read's worth), a body by its reader's limit or the high water mark, answers by the high water mark.
 * H4. An answer that ends the connection says so, and the connection lingers: closing with unread bytes would make
 *     the kernel reset it and take the answer away from the client.
 * H5. An offer to upgrade is an ordinary request. While it lasts the parser hides its errors as a short count; behind
 *     it the parser stops for good. So a short count inside such a request is an error, and behind it is a fresh parser.
 */

const serving = 0;
/** The last answer is out; whatever comes is thrown away until the client closes. */
const lingering = 1;
const closed = 2;

export class Http1Connection implements Kept, BodySource {
  private readonly connections: Connections;
  private readonly socket: Connection;
  private readonly parser: Parser;
  private readonly methods: readonly string[];
  private state = serving;
  /** Header pairs that came before the parser had them all (it hands over 32 at a time). */
  private gathered: string[] | undefined = undefined;
  private gatheredUrl = "";
  /** The request whose message is being parsed. */
  private arriving: SocketRequest | undefined = undefined;
  private waiting: SocketRequest[] = [];
  private active: SocketRequest | undefined = undefined;
  private midHeaders = true;
  private readonly requestType: number;
  private upgradeAsked = false;
  /** The status that ends the connection once everything before it is answered (H2). */
  private refusal = 0;
  private refusalIsSilent = false;
  private ended = false;
  private continueOwed = false;
  private pumping = false;
  private reading = true;
  private streaming = false;
  private readonly outbox: Outbox;
  private readonly bodyPace = new BodyPace();
  private readonly writePace = new WritePace();
  /** Since when the connection waits for headers, for a request at all, or for its end; by `connections.nowMs`. */
  private sinceMs: number;

  constructor(connections: Connections, kit: ParserKit, socket: Connection) {
    this.connections = connections;
    this.socket = socket;
    this.outbox = new Outbox(socket);
    this.methods = kit.methods;
    this.sinceMs = connections.nowMs;
    const { HTTPParser } = kit;
    const parser = new HTTPParser();
    this.parser = parser;
    this.requestType = HTTPParser.REQUEST;
    this.initializeParser();
    parser[HTTPParser.kOnMessageBegin] = () => {
      this.midHeaders = true;
      this.sinceMs = this.connections.nowMs;
    };
    parser[HTTPParser.kOnHeaders] = (pairs: string[], url: string) =>
      this.onSomeHeaders(pairs, url);
    parser[HTTPParser.kOnHeadersComplete] = (
      major: number,
      minor: number,
      pairs: string[] | undefined,
      method: number,
      url: string | undefined,
      _status: unknown,
      _statusMessage: unknown,
      upgrade: boolean,
      keepAlive: boolean,
    ) => {
      if (upgrade) this.upgradeAsked = true;
      return this.onHeaders(major, minor, pairs, method, url, keepAlive);
    };
    parser[HTTPParser.kOnBody] = (chunk: Buffer) => {
      this.arriving?.incoming?.push(chunk);
    };
    parser[HTTPParser.kOnMessageComplete] = () => this.onMessageComplete();
    socket.on("data", (chunk: Buffer) => this.onData(chunk));
    socket.on("end", () => this.onEnd());
    socket.on("drain", () => this.onDrain());
    socket.on("error", () => this.destroy());
    socket.on("close", () => this.onClose());
    connections.add(this);
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress ?? "";
  }

  private initializeParser(): void {
    this.parser.initialize(this.requestType, {}, this.connections.limits.headerBytes, 0);
  }

  onData(chunk: Buffer): void {
    if (this.state !== serving || this.refusal !== 0) return;
    let rest = chunk;
    for (;;) {
      const consumed = this.parser.execute(rest);
      if (typeof consumed !== "number") {
        this.refuse(statusOfParserError(consumed));
        break;
      }
      if (this.refusal !== 0 || !this.upgradeAsked) break;
      // H5
      const isWhole = this.arriving === undefined && !this.midHeaders;
      if (!isWhole) {
        if (consumed < rest.length) this.refuse(400);
        break;
      }
      this.upgradeAsked = false;
      this.initializeParser();
      if (consumed >= rest.length) break;
      rest = rest.subarray(consumed);
    }
    this.pump();
  }

  // --- what the parser says -------------------------------------------------------------------------------------

  private onSomeHeaders(pairs: string[], url: string): void {
    // After the headers these are a chunked body's trailers: nobody acts on them, and merging them would be a hole.
    if (this.arriving !== undefined || this.refusal !== 0) return;
    if (this.gathered === undefined) this.gathered = pairs;
    else for (const text of pairs) this.gathered.push(text);
    this.gatheredUrl += url;
    if (this.gathered.length > this.connections.limits.headerCount * 2) this.refuse(431);
  }

  private onHeaders(
    major: number,
    minor: number,
    pairs: string[] | undefined,
    methodIndex: number,
    urlOrNone: string | undefined,
    keepAlive: boolean,
  ): number {
    this.midHeaders = false;
    if (this.refusal !== 0) return 0;
    let raw = pairs;
    let url = urlOrNone ?? "";
    if (this.gathered !== undefined) {
      raw = pairs === undefined ? this.gathered : [...this.gathered, ...pairs];
      url = this.gatheredUrl + url;
      this.gathered = undefined;
      this.gatheredUrl = "";
    }
    const request = this.readRequest(major, minor, raw ?? [], methodIndex, url, keepAlive);
    if (typeof request === "number") this.refuse(request);
    else this.arriving = request;
    return 0;
  }

  /** The request, or the status that refuses it. */
  private readRequest(
    major: number,
    minor: number,
    raw: readonly string[],
    methodIndex: number,
    url: string,
    keepAlive: boolean,
  ): SocketRequest | number {
    const method = this.methods[methodIndex] as string;
    const head = readHead(major, minor, raw, method, url, this.connections.limits);
    if (typeof head === "number") return head;
    let body: IncomingBody | undefined;
    if (head.bodyBytes !== 0) {
      body = new IncomingBody(this, head.bodyBytes);
    }
    this.continueOwed = head.expectsContinue;
    return new SocketRequest(this, head, body, keepAlive);
  }

  private onMessageComplete(): void {
    const request = this.arriving;
    if (request === undefined) return;
    this.arriving = undefined;
    this.continueOwed = false;
    request.incoming?.finish();
    if (!request.dispatched) this.waiting.push(request);
  }

  private refuse(status: number): void {
    if (this.refusal !== 0) return;
    this.refusal = status;
    const broken = this.arriving;
    this.arriving = undefined;
    // Its answer is out already: a second one would be taken for the answer to something else.
    this.refusalIsSilent = broken !== undefined && broken.dispatched && broken !== this.active;
    broken?.incoming?.fail(
      new BodyBroken(status === 408 ? "the body came too slowly" : "the body is not well formed"),
    );
  }

  // --- from requests to answers ---------------------------------------------------------------------------------

  /** Hands over what is ready, one after another, as long as answers come at once; then sees what to wait for. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    while (this.active === undefined && this.state === serving) {
      if (this.outbox.isFull()) break;
      const request = this.waiting.length > 0 ? this.waiting.shift() : this.partlyArrived();
      if (request === undefined) break;
      this.dispatch(request);
    }
    this.pumping = false;
    if (this.state === serving && this.active === undefined && this.waiting.length === 0) {
      if (this.refusal !== 0 && !this.refusalIsSilent) this.sayLast(this.refusal);
      else if (
        this.refusal !== 0 ||
        this.ended ||
        this.skipsTooMuch ||
        (this.connections.closing && this.isIdle)
      )
        this.linger();
    }
    this.outbox.flush();
    this.adjustReading();
  }

  /** A request whose body is still coming; its handler may start. */
  private partlyArrived(): SocketRequest | undefined {
    const request = this.arriving;
    return request === undefined || request.dispatched ? undefined : request;
  }

  private dispatch(request: SocketRequest): void {
    this.active = request;
    request.dispatched = true;
    if (this.ended) request.goneAway();
    let response: HttpResponse | Promise<HttpResponse>;
    try {
      response = this.connections.handler(request);
    } catch (failure) {
      this.answerFailure(request, failure);
      return;
    }
    if (response instanceof Promise) {
      response.then(
        (settled) => {
          this.answer(request, settled);
          this.pump();
        },
        (failure: unknown) => {
          this.answerFailure(request, failure);
          this.pump();
        },
      );
    } else this.answer(request, response);
  }

  private answerFailure(request: SocketRequest, failure: unknown): void {
    if (failure instanceof BodyTooLarge) return this.answer(request, plainResponse(413));
    if (failure instanceof BodyBroken) {
      // A refusal says why itself, as the connection's last words; a client that went away hears nothing.
      if (this.active === request) this.active = undefined;
      if (this.refusal === 0) this.destroy();
      return;
    }
    if (failure instanceof Dropped) return this.destroy();
    this.connections.onFailure(failure);
    this.answer(request, plainResponse(500));
  }

  private answer(request: SocketRequest, response: HttpResponse): void {
    if (this.state !== serving || this.active !== request) {
      if (isStream(response.body)) void closeStream(response.body);
      return;
    }
    try {
      this.send(request, response);
    } catch (failure) {
      this.connections.onFailure(failure);
      this.send(request, plainResponse(500));
    }
  }

  private send(request: SocketRequest, response: HttpResponse): void {
    const { status, body } = response;
    const facts = renderHeaders(response.headers);
    const bodyless = hasNoBody(status);
    const stream = isStream(body);
    const { length } = framed(facts.contentLength, body, bodyless || request.method === "HEAD");
    const chunked = stream && length === undefined && request.httpVersion === "1.1";
    const close =
      facts.wantsClose ||
      !request.keepAlive ||
      this.connections.closing ||
      !this.mayKeepAfter(request) ||
      (stream && length === undefined && !chunked);
    let head = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n${facts.lines}`;
    if (!facts.hasDate) head += `Date: ${this.connections.dateHeader()}\r\n`;
    if (chunked) head += "Transfer-Encoding: chunked\r\n";
    else if (length !== undefined && (!bodyless || (status === 304 && length > 0)))
      head += `Content-Length: ${length}\r\n`;
    if (close) head += "Connection: close\r\n\r\n";
    else if (request.httpVersion === "1.0") head += "Connection: keep-alive\r\n\r\n";
    else head += "\r\n";

    if (body === undefined || bodyless || request.method === "HEAD") {
      this.outbox.push(Buffer.from(head, "latin1"));
      if (stream) void closeStream(body);
      this.answered(request, close);
    } else if (stream) {
      this.outbox.push(Buffer.from(head, "latin1"));
      this.streaming = true;
      void this.sendStream(request, body, chunked, length, close);
    } else if ((length as number) > writeHighWaterBytes) {
      this.outbox.push(Buffer.from(head, "latin1"));
      this.streaming = true;
      void this.sendStream(request, slices(body), false, length, close);
    } else {
      this.outbox.push(oneBuffer(head, body, length as number));
      this.answered(request, close);
    }
  }

  private async sendStream(
    request: SocketRequest,
    body: AsyncIterable<Buffer>,
    chunked: boolean,
    length: number | undefined,
    close: boolean,
  ): Promise<void> {
    let sent = 0;
    try {
      for await (const chunk of body) {
        if (this.state !== serving) return;
        if (chunk.length === 0) continue;
        sent += chunk.length;
        if (length !== undefined && sent > length) throw tooLong();
        if (chunked) this.outbox.push(Buffer.from(`${chunk.length.toString(16)}\r\n`, "latin1"));
        this.outbox.push(chunk);
        if (chunked) this.outbox.push(crlf);
        this.outbox.flush();
        if (this.outbox.isFull()) await this.outbox.room();
      }
      if (length !== undefined && sent < length) throw tooShort();
      if (chunked) this.outbox.push(lastChunk);
    } catch (failure) {
      // Too late for an error answer: a cut connection is the only way to say that the body is not whole.
      if (this.state === serving) this.connections.onFailure(failure);
      this.destroy();
      return;
    }
    if (this.state !== serving) return;
    this.streaming = false;
    this.answered(request, close);
    this.pump();
  }

  /** Whether the connection is in a known state after an answer that did not need all of the request's body. */
  private mayKeepAfter(request: SocketRequest): boolean {
    const body = request.incoming;
    if (body === undefined || body.complete) return true;
    // A client that still waits for 100 Continue may or may not send its body now: no way to tell what comes next.
    if (body.broken || this.continueOwed) return false;
    return body.announcedBytes - body.receivedBytes <= this.connections.limits.discardBytes;
  }

  private answered(request: SocketRequest, close: boolean): void {
    this.active = undefined;
    this.sinceMs = this.connections.nowMs;
    if (request.incoming !== undefined && !request.incoming.complete) request.incoming.discard();
    if (close) this.linger();
  }

  /** Refuses in plain words, after everything before was answered, and ends the connection. */
  private sayLast(status: number): void {
    this.outbox.push(lastWords(status, this.connections.dateHeader()));
    this.linger();
  }

  private linger(): void {
    if (this.state !== serving) return;
    this.outbox.flush();
    this.state = lingering;
    this.sinceMs = this.connections.nowMs;
    this.waiting = [];
    this.arriving = undefined;
    this.socket.end();
    if (this.ended) return;
    this.reading = true;
    this.socket.resume();
  }

  // --- bytes in: how much to take -------------------------------------------------------------------------------

  private onDrain(): void {
    this.outbox.release();
    this.pump();
  }

  bodyWanted(): void {
    if (this.continueOwed && this.state === serving) {
      this.continueOwed = false;
      const body = this.arriving?.incoming;
      if (body !== undefined && body.receivedBytes === 0) {
        this.outbox.push(continueLine);
        this.outbox.flush();
      }
    }
    this.adjustReading();
  }

  private adjustReading(): void {
    if (this.state !== serving) return;
    const body = this.arriving?.incoming;
    const mayRead =
      this.refusal === 0 &&
      this.waiting.length < this.connections.limits.pipelineDepth &&
      !this.outbox.isFull() &&
      (body === undefined || body.waitingBytes <= bodyHighWaterBytes);
    if (mayRead === this.reading) return;
    this.reading = mayRead;
    if (mayRead) this.socket.resume();
    else this.socket.pause();
  }

  // --- ends -----------------------------------------------------------------------------------------------------

  private onEnd(): void {
    this.ended = true;
    if (this.state !== serving) return;
    // Most who close their side are gone, though some still listen: long polls should stop, answers may be written.
    this.active?.goneAway();
    this.arriving?.incoming?.fail(new BodyBroken("the client closed before the body was whole"));
    if (this.arriving !== undefined && !this.arriving.dispatched) this.arriving = undefined;
    this.pump();
  }

  private onClose(): void {
    if (this.state === closed) return;
    this.state = closed;
    this.connections.remove(this);
    this.parser.close();
    const gone = new BodyBroken("the client went away");
    this.arriving?.incoming?.fail(gone);
    this.arriving = undefined;
    this.active?.goneAway();
    this.waiting = [];
    this.outbox.release();
  }

  finish(): void {
    this.pump();
  }

  private get skipsTooMuch(): boolean {
    const body = this.arriving?.incoming;
    return body !== undefined && body.skippedBytes > this.connections.limits.discardBytes;
  }

  /** Nothing is owed to the client; what may still arrive is a body that nobody reads. */
  private get isIdle(): boolean {
    return this.arriving === undefined || this.arriving.dispatched;
  }

  destroy(): void {
    this.socket.destroy();
  }

  sweep(): void {
    const { nowMs, limits } = this.connections;
    if (this.state === lingering) {
      if (nowMs - this.sinceMs >= limits.lingerMs && this.socket.writableLength === 0)
        this.destroy();
    }
    const { handedBytes } = this.outbox;
    if (this.writePace.stalled(handedBytes, this.socket.writableLength, this.connections))
      return this.destroy();
    if (this.state !== serving) return;

    const body = this.arriving?.incoming;
    if (body !== undefined) {
      if (this.bodyPace.tooSlow(body, this.reading, this.connections)) this.giveUpBody();
    } else if (this.active === undefined && this.waiting.length === 0) {
      const idleMs = nowMs - this.sinceMs;
      if (this.midHeaders) {
        if (idleMs >= limits.headersTimeoutMs) this.sayLast(408);
      } else if (idleMs >= limits.idleTimeoutMs) this.linger();
    }
  }

  /** A handler that waits for the body hears of it and gives up; one that is already answering is cut off. */
  private giveUpBody(): void {
    const { active } = this;
    this.refuse(408);
    if (active === undefined) this.pump();
    else if (this.streaming) this.destroy();
  }
}

const crlf = Buffer.from("\r\n");
const lastChunk = Buffer.from("0\r\n\r\n");
const continueLine = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");
