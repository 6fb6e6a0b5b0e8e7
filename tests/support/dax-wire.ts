import { createHash, createHmac } from "node:crypto";
import { connect, type Socket } from "node:net";
import { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { CborWriter } from "#engines/dax-protocol/cbor-writer.ts";
import { FrameScanner } from "#engines/dax-protocol/frame-scanner.ts";
import type { Keys } from "./iam.ts";

/** DAX's protocol by hand, for what no client would say. */
export class DaxWire {
  readonly socket: Socket;
  /** Resolves when the connection is closed, by whomever. */
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.setNoDelay(true);
    this.socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    this.socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.on("close", () => {
        this.#wake();
        resolve();
      });
    });
  }

  greet(): void {
    this.socket.write(greeting());
  }

  signIn(keys: Keys): void {
    this.socket.write(authorization(keys));
  }

  /** An answer of so many values, the one for success included; undefined if the connection ends before. */
  async answer(values: number): Promise<Answer | undefined> {
    for (;;) {
      const scanner = new FrameScanner();
      const isError = this.#received.length > 0 && this.#received[0] !== 0x80;
      if (scanner.scan(this.#received, isError ? 3 : values)) {
        const bytes = this.#received.subarray(0, scanner.at);
        this.#received = this.#received.subarray(scanner.at);
        return isError ? errorIn(bytes) : { reader: new CborReader(bytes, 1) };
      }
      if (this.socket.destroyed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async listId(names: readonly string[]): Promise<number | undefined> {
    const writer = request(-1230579644).array(names.length);
    for (const name of names) writer.text(name);
    this.socket.write(writer.finish());
    return (await this.answer(2))?.reader?.integer();
  }
}

export interface Answer {
  readonly reader?: CborReader;
  readonly codes?: readonly number[];
  readonly message?: string;
}

function errorIn(bytes: Buffer): Answer {
  const reader = new CborReader(bytes);
  const codes: number[] = [];
  for (const _ of reader.elements()) codes.push(reader.integer());
  return { codes, message: reader.text() };
}

/** The beginning of a request; its parameters follow. */
export function request(method: number): CborWriter {
  return new CborWriter().integer(1).integer(method);
}

/** `layer`: 1 for answers with their length in front, as the Java client asks. */
export function greeting(layer = 0): Buffer {
  return new CborWriter()
    .text("J7yne5G")
    .integer(layer)
    .null()
    .map(1)
    .text("UserAgent")
    .text("by hand")
    .integer(0)
    .finish();
}

export function authorization({ accessKeyId, secretAccessKey, sessionToken }: Keys): Buffer {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const date = time.slice(0, 8);
  const empty = createHash("sha256").update("").digest("hex");
  const canonical = `POST\n/\n\nhost:dax.amazonaws.com\nx-amz-date:${time}\n\nhost;x-amz-date\n${empty}`;
  const hash = createHash("sha256").update(canonical).digest("hex");
  const text = `AWS4-HMAC-SHA256\n${time}\n${date}/us-east-1/dax/aws4_request\n${hash}`;
  const hmac = (key: Buffer | string, part: string): Buffer =>
    createHmac("sha256", key).update(part).digest();
  const key = ["us-east-1", "dax", "aws4_request"].reduce<Buffer>(
    hmac,
    hmac(`AWS4${secretAccessKey}`, date),
  );
  const signed = request(1489122155)
    .text(accessKeyId)
    .text(hmac(key, text).toString("hex"))
    .byteString(Buffer.from(text));
  return (sessionToken === undefined ? signed.null() : signed.text(sessionToken)).null().finish();
}
