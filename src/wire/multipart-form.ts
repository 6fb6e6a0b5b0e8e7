/**
 * A browser's form with a file (RFC 7578), read as it arrives: the fields before the file, then the file's bytes at
 * the pace of whoever takes them. What follows the file is read and ignored, as S3 does.
 */
import { WireProblem } from "./protocol.ts";

export interface MultipartForm {
  /** By their names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** Undefined where the form ended without a part named "file". */
  readonly file: FormFile | undefined;
}

export interface FormFile {
  /** Undefined for a field like any other. */
  readonly name: string | undefined;
  readonly bytes: AsyncIterable<Buffer>;
}

/** All that stands before the file. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */
const fieldsBytes = 20 * 1024;

/** The boundary between a form's parts; undefined for what is no such form. */
export function formBoundary(contentType: string | undefined): string | undefined {
  const [, quoted, plain] =
    /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(
      contentType ?? "",
    ) ?? [];
  return quoted ?? plain;
}

export async function readForm(
  source: AsyncIterable<Buffer>,
  boundary: string,
): Promise<MultipartForm> {
  const parts = new PartReader(source, boundary);
  const fields = new Map<string, string>();
  await parts.skipPreamble();
  let left = fieldsBytes;
  for (;;) {
    const head = await parts.nextHead(left);
    if (head === undefined) return { fields, file: undefined };
    const { name, fileName } = dispositionOf(head);
    if (name.toLowerCase() === "file") {
      return { fields, file: { name: fileName, bytes: parts.body() } };
    }
    const value = await parts.wholeBody(left);
    left -= head.length + value.length;
    if (left < 0) throw tooLarge();
    fields.set(name.toLowerCase(), value.toString("utf8"));
  }
}

function dispositionOf(head: string): { name: string; fileName: string | undefined } {
  const [, disposition] = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head) ?? [];
  const name = parameterOf(disposition, "name");
  if (name === undefined) throw malformed();
  return { name, fileName: parameterOf(disposition, "filename") };
}

function parameterOf(disposition: string | undefined, name: string): string | undefined {
  const found = new RegExp(`(?:^|[;\\s])${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, "i");
  const [, quoted, plain] = found.exec(disposition ?? "") ?? [];
  return quoted?.replaceAll(/\\(["\\])/g, "$1") ?? plain;
}

class PartReader {
  readonly #source: AsyncIterator<Buffer>;
  readonly #delimiter: Buffer;
  #buffer: Buffer = Buffer.from("\r\n");
  #ended = false;

  constructor(source: AsyncIterable<Buffer>, boundary: string) {
    this.#source = source[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
  }

  async skipPreamble(): Promise<void> {
    await this.wholeBody(fieldsBytes);
  }

  /** The headers of the next part; undefined behind the last one. */
  async nextHead(limitBytes: number): Promise<string | undefined> {
    while (this.#buffer.length < 2) await this.#more();
    if (this.#buffer.subarray(0, 2).toString("latin1") === "--") return undefined;
    for (;;) {
      const end = this.#buffer.indexOf("\r\n\r\n");
      if (end >= 0) {
        const head = this.#buffer.subarray(0, end).toString("utf8").trimStart();
        this.#buffer = this.#buffer.subarray(end + 4);
        return head;
      }
      if (this.#buffer.length > limitBytes) throw tooLarge();
      await this.#more();
    }
  }

  async wholeBody(limitBytes: number): Promise<Buffer> {
    for (;;) {
      const end = this.#buffer.indexOf(this.#delimiter);
      if (end >= 0) {
        const body = this.#buffer.subarray(0, end);
        this.#buffer = this.#buffer.subarray(end + this.#delimiter.length);
        return body;
      }
      if (this.#buffer.length > limitBytes + this.#delimiter.length) throw tooLarge();
      await this.#more();
    }
  }

  async *body(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const end = this.#buffer.indexOf(this.#delimiter);
      if (end >= 0) {
        if (end > 0) yield this.#buffer.subarray(0, end);
        break;
      }
      // What could be the delimiter's beginning waits for the rest of it.
      const safe = this.#buffer.length - this.#delimiter.length + 1;
      if (safe > 0) {
        yield this.#buffer.subarray(0, safe);
        this.#buffer = this.#buffer.subarray(safe);
      }
      await this.#more();
    }
    this.#buffer = Buffer.alloc(0);
    for (let next = await this.#source.next(); next.done !== true;) {
      next = await this.#source.next();
    }
  }

  async #more(): Promise<void> {
    if (this.#ended) throw malformed();
    const next = await this.#source.next();
    if (next.done === true) {
      this.#ended = true;
      throw malformed();
    }
    const bytes = next.value;
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
  }
}

const malformed = (): WireProblem =>
  new WireProblem(
    "MalformedPOSTRequest",
    "The body of your POST request is not well-formed multipart/form-data.",
  );

const tooLarge = (): WireProblem =>
  new WireProblem(
    "MaxPostPreDataLengthExceeded",
    "Your POST request fields preceeding the upload file was too large.",
  );
