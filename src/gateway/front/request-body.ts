import { BodyTooLarge } from "./body-errors.ts";
import type { RequestBody } from "./http.ts";

/** Who feeds a body: told when someone waits for more (time for 100 Continue, time to read on). */
export interface BodySource {
  bodyWanted(): void;
}

const empty = Buffer.alloc(0);

const unread = 0;
const whole = 1;
const streaming = 2;
const discarding = 3;

/**
 * A request's body between the connection, which pushes, and one reader, who takes it whole or as a stream.
 * Until someone reads, chunks gather here; the connection watches `waitingBytes` and stops reading when it is too much.
 */
export class IncomingBody implements RequestBody {
  complete = false;
  receivedBytes = 0;
  /** Bytes that wait for a reader who does not take them: never more than the reader asked for, else backpressure. */
  waitingBytes = 0;
  private skippedFrom = Number.POSITIVE_INFINITY;
  private mode = unread;
  private limitBytes = 0;
  private first: Buffer | undefined = undefined;
  private rest: Buffer[] | undefined = undefined;
  private failure: Error | undefined = undefined;
  private wake: (() => void) | undefined = undefined;
  private readonly source: BodySource | undefined;
  /** What Content-Length announced; -1 for a chunked body. */
  readonly announcedBytes: number;

  constructor(source: BodySource | undefined, announcedBytes: number) {
    this.source = source;
    this.announcedBytes = announcedBytes;
  }

  /** Somebody waits for bytes that have not come. */
  get wanted(): boolean {
    return this.wake !== undefined || this.mode === discarding;
  }

  /** Bytes that came since nobody reads any more. */
  get skippedBytes(): number {
    return Math.max(0, this.receivedBytes - this.skippedFrom);
  }

  get broken(): boolean {
    return this.failure !== undefined;
  }

  push(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    if (this.mode === discarding) return;
    if (this.mode === whole) {
      if (this.receivedBytes > this.limitBytes) {
        this.fail(new BodyTooLarge(`the body is longer than ${this.limitBytes} bytes`));
        this.discard();
        return;
      }
    } else this.waitingBytes += chunk.length;
    if (this.first === undefined) this.first = chunk;
    else if (this.rest === undefined) this.rest = [chunk];
    else this.rest.push(chunk);
    if (this.mode === streaming) this.awaken();
  }

  finish(): void {
    this.complete = true;
    this.awaken();
  }

  /** Breaks a body that is not complete; a complete one stays what it is. */
  fail(failure: Error): void {
    if (this.complete || this.failure !== undefined) return;
    this.failure = failure;
    this.awaken();
  }

  /** Nobody reads this any more: forget what came and what will come. */
  discard(): void {
    if (this.mode !== discarding) this.skippedFrom = this.receivedBytes;
    this.mode = discarding;
    this.first = undefined;
    this.rest = undefined;
    this.waitingBytes = 0;
  }

  bytes(limitBytes: number): Buffer | Promise<Buffer> {
    if (this.mode === streaming) throw new Error("the body is already read as a stream");
    if (this.announcedBytes > limitBytes || this.receivedBytes > limitBytes) {
      this.discard();
      return Promise.reject(new BodyTooLarge(`the body is longer than ${limitBytes} bytes`));
    }
    if (this.complete) return this.joined();
    return this.later(limitBytes);
  }

  async *stream(): AsyncGenerator<Buffer, void, undefined> {
    if (this.mode === streaming) throw new Error("the body is already read as a stream");
    if (this.mode === unread) this.mode = streaming;
    try {
      for (;;) {
        const chunk = this.take();
        if (chunk !== undefined) {
          yield chunk;
          continue;
        }
        if (this.failure !== undefined) throw this.failure;
        if (this.complete) return;
        await this.more();
      }
    } finally {
      this.discard();
    }
  }

  private async later(limitBytes: number): Promise<Buffer> {
    this.mode = whole;
    this.limitBytes = limitBytes;
    this.waitingBytes = 0;
    while (!this.complete) {
      if (this.failure !== undefined) throw this.failure;
      await this.more();
    }
    return this.joined();
  }

  private more(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.wake = resolve;
      this.source?.bodyWanted();
    });
  }

  private awaken(): void {
    const wake = this.wake;
    if (wake === undefined) return;
    this.wake = undefined;
    wake();
  }

  private joined(): Buffer {
    if (this.rest !== undefined) {
      this.first = Buffer.concat([this.first ?? empty, ...this.rest]);
      this.rest = undefined;
    }
    return this.first ?? empty;
  }

  private take(): Buffer | undefined {
    const chunk = this.first;
    if (chunk === undefined) return undefined;
    this.waitingBytes -= chunk.length;
    this.first = this.rest?.shift();
    return chunk;
  }
}

/** The body of a request that has none. Shared: it has no state. */
export class EmptyBody implements RequestBody {
  readonly complete = true;

  bytes(): Buffer {
    return empty;
  }

  async *stream(): AsyncGenerator<Buffer, void, undefined> {}
}
