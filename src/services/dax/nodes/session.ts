import { framed } from "#engines/dax-protocol/answer-frame.ts";
import { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { FrameScanner } from "#engines/dax-protocol/frame-scanner.ts";
import { Malformed } from "#engines/dax-protocol/malformed.ts";
import { methods, type MethodName } from "#engines/dax-protocol/methods.ts";
import type { Principal } from "#kernel/identity.ts";
import type { Connection } from "#kernel/listeners.ts";
import { failureAnswer, unauthenticatedAnswer, unauthorizedAnswer } from "./failures.ts";
import { InputBuffer } from "./input-buffer.ts";
import type { Node } from "./node.ts";
import { permit, type Asked } from "./permissions.ts";
import { answerRequest } from "./requests.ts";

/** What every client says first: a name, how it wants its answers, its session, who it is, no types of its own. */
const magic = Buffer.from("gJ7yne5G", "latin1");
/** Answers as they are, or with their length in front. */
const layers = { plain: 0, framed: 1 } as const;
const preambleValues = 5;
/** The service's number and the method's. */
const headValues = 2;
const service = 1;

/** DynamoDB's largest request has 16 MB of items. */
const largestFrameBytes = 20 * 1024 * 1024;
/** Whoever has not signed in needs no more than this. */
const largestFrameUnsignedBytes = 16 * 1024;
/** Clients sign in anew after five minutes at the latest, some of which a request may be on its way. */
const signedInMs = 6 * 60_000;
/** Clients keep connections open for as long as they are of use; half an hour of silence means that nobody is there. */
const idleMs = 30 * 60_000;

/** One connection of one client: requests in, answers out, one after another. */
export class Session {
  readonly #node: Node;
  readonly #connection: Connection;
  readonly #input = new InputBuffer();
  readonly #scanner = new FrameScanner();
  #isGreeted = false;
  #isFramed = false;
  #principal: Principal | undefined;
  #signedInAtMs = 0;
  #isBusy = false;
  #hasEnded = false;

  constructor(node: Node, connection: Connection) {
    this.#node = node;
    this.#connection = connection;
    connection.setNoDelay?.(true);
    connection.setTimeout?.(idleMs);
    connection.on("timeout", () => connection.destroy());
    connection.on("error", () => connection.destroy());
    connection.on("data", (chunk: Buffer) => this.#receive(chunk));
    connection.on("end", () => {
      this.#hasEnded = true;
      if (!this.#isBusy) connection.end();
    });
    connection.on("drain", () => this.#work());
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Ends the connection when the answer is out that is worked on. */
  finish(): void {
    this.#hasEnded = true;
  }

  #receive(chunk: Buffer): void {
    this.#input.add(chunk);
    // What comes while a request is worked on waits, and not in our memory.
    if (this.#isBusy && this.#input.length > largestFrameUnsignedBytes) this.#connection.pause();
    this.#work();
  }

  /** Answers what is there, as long as it can be answered at once and the client takes the answers. */
  #work(): void {
    try {
      while (!this.#isBusy && !this.#connection.destroyed && !this.#connection.writableNeedDrain) {
        const frame = this.#isGreeted ? this.#nextRequest() : this.#greeting();
        if (frame === undefined) break;
        if (frame !== greeted) this.#answer(frame);
      }
      const bound = this.#principal === undefined ? largestFrameUnsignedBytes : largestFrameBytes;
      if (this.#input.length > bound && !this.#isBusy) throw new Malformed("a request too large");
    } catch (problem) {
      // Nobody can tell where the next request would begin.
      if (!(problem instanceof Malformed))
        this.#node.cluster.ctx.report("a session failed", problem);
      this.#connection.destroy();
    }
  }

  #greeting(): typeof greeted | undefined {
    const { bytes } = this.#input;
    const length = Math.min(bytes.length, magic.length);
    if (bytes.compare(magic, 0, length, 0, length) !== 0) throw new Malformed("another protocol");
    if (!this.#scanner.scan(bytes, preambleValues)) return undefined;
    const reader = new CborReader(this.#take());
    reader.skip();
    const layer = reader.integer();
    if (layer !== layers.plain && layer !== layers.framed) throw new Malformed("an unknown layer");
    this.#isFramed = layer === layers.framed;
    this.#isGreeted = true;
    return greeted;
  }

  #nextRequest(): Request | undefined {
    const { bytes } = this.#input;
    if (!this.#scanner.scan(bytes, headValues)) return undefined;
    const head = new CborReader(bytes);
    if (head.integer() !== service) throw new Malformed("an unknown service");
    const method = methods.get(head.integer());
    if (method === undefined) throw new Malformed("an unknown method");
    if (!this.#scanner.scan(bytes, headValues + method.parameters)) return undefined;
    const start = head.at;
    return { method: method.name, reader: new CborReader(this.#take(), start) };
  }

  /** The frame that was scanned. */
  #take(): Buffer {
    const frame = this.#input.take(this.#scanner.at);
    this.#scanner.reset(0);
    return frame;
  }

  #answer({ method, reader }: Request): void {
    if (method === "authorizeConnection") {
      // It has no answer of its own: a request follows at once, and is told if the signature was wrong.
      this.#authorize(reader);
      return;
    }
    const { ctx } = this.#node.cluster;
    this.#node.metrics.add("TotalRequestCount");
    const requestId = ctx.random.uuid();
    const caller = this.#caller();
    if (caller === undefined) {
      this.#refuse(unauthenticatedAnswer(requestId));
    } else if (method !== "endpoints" && caller.account !== ctx.account) {
      this.#refuse(unauthorizedAnswer(requestId, caller.arn));
    } else {
      const { remoteAddress } = this.#connection;
      this.#serve({ method, reader, caller, requestId, remoteAddress });
    }
  }

  #authorize(reader: CborReader): void {
    const accessKeyId = reader.text();
    const signature = reader.text();
    const stringToSign = reader.byteString().toString("utf8");
    const sessionToken = reader.tryNull() ? undefined : reader.text();
    const { ctx } = this.#node.cluster;
    const signed = { accessKeyId, signature, stringToSign, sessionToken, service: "dax" };
    this.#signedInAtMs = ctx.elapsedMs();
    const found = ctx.authenticate(signed);
    if (found instanceof Promise) void this.#authorizeLater(found);
    else this.#principal = found;
  }

  /** Undefined until somebody has signed in, and when that was too long ago. */
  #caller(): Principal | undefined {
    const sinceMs = this.#node.cluster.ctx.elapsedMs() - this.#signedInAtMs;
    return sinceMs < signedInMs ? this.#principal : undefined;
  }

  async #authorizeLater(found: Promise<Principal | undefined>): Promise<void> {
    this.#isBusy = true;
    this.#principal = await found.catch((failure: unknown) => {
      this.#node.cluster.ctx.report("a signature could not be verified", failure);
      return undefined;
    });
    this.#isBusy = false;
    this.#goOn();
  }

  #refuse(answer: Buffer): void {
    this.#node.metrics.add("ErrorRequestCount");
    this.#write(answer);
  }

  #serve(asked: Asked): void {
    const node = this.#node;
    const { localAddress } = this.#connection;
    let answer: Buffer | Promise<Buffer>;
    try {
      const permitted = permit(node.cluster, asked);
      answer =
        permitted === undefined
          ? answerRequest(node, asked, localAddress)
          : permitted.then(() => answerRequest(node, asked, localAddress));
    } catch (failure) {
      answer = failureAnswer(node, failure, asked.requestId);
    }
    if (Buffer.isBuffer(answer)) this.#write(answer);
    else void this.#serveLater(answer, asked);
  }

  async #serveLater(answer: Promise<Buffer>, { requestId }: Asked): Promise<void> {
    this.#isBusy = true;
    const bytes = await answer
      .catch((failure: unknown) => failureAnswer(this.#node, failure, requestId))
      .catch((failure: unknown) => {
        this.#node.cluster.ctx.report("a failure could not be told", failure);
        return undefined;
      });
    this.#isBusy = false;
    const connection = this.#connection;
    if (bytes === undefined || connection.destroyed) {
      connection.destroy();
      return;
    }
    this.#write(bytes);
    this.#goOn();
  }

  #write(answer: Buffer): void {
    this.#connection.write(this.#isFramed ? framed(answer) : answer);
  }

  /** With what came meanwhile. */
  #goOn(): void {
    const connection = this.#connection;
    if (this.#hasEnded) {
      connection.end();
      return;
    }
    connection.resume();
    this.#work();
  }
}

const greeted = Symbol("greeted");

interface Request {
  readonly method: MethodName;
  /** Before the method's first parameter. */
  readonly reader: CborReader;
}
