import { connect } from "node:net";
import type { Socket } from "node:net";

export interface Answer {
  readonly status: number;
  /** Empty for a 200 unless the connection keeps bodies. */
  readonly body: string;
}

export interface AnswerListener {
  answered(answer: Answer): void;
  /** The request that was under way got no whole answer. */
  broke(error: Error): void;
}

const headEnd = Buffer.from("\r\n\r\n");

/**
 * One keep-alive HTTP/1.1 connection to 127.0.0.1 with one request at a time, made for load: it reads no more of
 * an answer than its status and where it ends. It connects again by itself when the server has closed.
 */
export class Connection {
  readonly #port: number;
  readonly #listener: AnswerListener;
  readonly #keepBodies: boolean;
  #socket: Socket | undefined;
  #waiting = false;
  #pending: Buffer | undefined;
  #status = 0;
  #bodyParts: Buffer[] = [];
  #inBody = false;
  #closesAfter = false;
  /** Bytes of the body still to come; undefined if chunked; Infinity if the end of the connection ends it. */
  #remaining: number | undefined = 0;

  constructor(port: number, listener: AnswerListener, keepBodies = false) {
    this.#port = port;
    this.#listener = listener;
    this.#keepBodies = keepBodies;
  }

  send(bytes: Uint8Array): void {
    this.#waiting = true;
    this.#inBody = false;
    this.#pending = undefined;
    this.#bodyParts = [];
    (this.#socket ?? this.#open()).write(bytes);
  }

  close(): void {
    this.#waiting = false;
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    let problem = new Error("the server closed the connection");
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => (problem = error));
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (!this.#waiting) return;
      if (this.#inBody && this.#remaining === Infinity) return this.#finish();
      this.#waiting = false;
      this.#listener.broke(problem);
    });
    this.#socket = socket;
    return socket;
  }

  #read(chunk: Buffer): void {
    if (!this.#waiting) return;
    let rest = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = undefined;
    if (!this.#inBody) {
      const end = rest.indexOf(headEnd);
      if (end < 0) {
        this.#pending = rest;
        return;
      }
      this.#readHead(rest.toString("latin1", 0, end));
      rest = rest.subarray(end + headEnd.length);
      if (this.#status === 100) return this.#read(rest);
      this.#inBody = true;
    }
    if (this.#remaining === undefined) return this.#readChunks(rest);
    if (this.#keepsBody()) this.#bodyParts.push(rest);
    this.#remaining -= rest.length;
    if (this.#remaining <= 0) this.#finish();
  }

  #readHead(head: string): void {
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) this.#remaining = Number(length);
    else if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#remaining = undefined;
    else this.#remaining = this.#status === 204 || this.#status === 304 ? 0 : Infinity;
    this.#closesAfter = head.startsWith("HTTP/1.0") || /\r\nconnection: *close/i.test(head);
  }

  #readChunks(bytes: Buffer): void {
    let at = 0;
    for (;;) {
      const lineEnd = bytes.indexOf("\r\n", at);
      const size = lineEnd < 0 ? 0 : Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
      const next = lineEnd + 2 + size + 2;
      if (lineEnd < 0 || bytes.length < next) {
        this.#pending = bytes.subarray(at);
        return;
      }
      if (size === 0) return this.#finish();
      if (this.#keepsBody()) this.#bodyParts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
      at = next;
    }
  }

  #keepsBody(): boolean {
    return this.#keepBodies || this.#status !== 200;
  }

  #finish(): void {
    this.#waiting = false;
    if (this.#closesAfter) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    const body = this.#keepsBody() ? Buffer.concat(this.#bodyParts).toString() : "";
    this.#listener.answered({ status: this.#status, body });
  }
}

/** Sends one request on a connection of its own. Rejects after `limitSeconds`. */
export function sendOnce(port: number, bytes: Uint8Array, limitSeconds = 30): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(limit);
      connection.close();
      act();
    };
    const connection = new Connection(
      port,
      {
        answered: (answer) => settle(() => resolve(answer)),
        broke: (error) => settle(() => reject(error)),
      },
      true,
    );
    const limit = setTimeout(
      () => settle(() => reject(new Error(`no answer in ${limitSeconds} s`))),
      limitSeconds * 1000,
    );
    connection.send(bytes);
  });
}
