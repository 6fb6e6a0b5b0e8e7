/**
 * AWS event streams (`application/vnd.amazon.eventstream`): frames of total length, header length, their checksum,
 * headers, payload and a checksum of all. Used by Kinesis SubscribeToShard, S3 Select, Lambda's response streams, logs.
 */
import { crc32 } from "node:zlib";
import { JsonWriter } from "./json-encode.ts";
import { WireProblem } from "./protocol.ts";
import type { Shape } from "./shapes.ts";
import { XmlWriter } from "./xml-values.ts";

/** Header values as they are typed on the wire; a time is a `Date`, since a number is an integer. */
export type EventHeader = boolean | number | bigint | string | Uint8Array | Date;

export interface EventFrame {
  headers: Record<string, EventHeader>;
  payload: Buffer;
}

// AWS's limits for one frame.
const mostPayloadBytes = 16 * 1024 * 1024;
const mostHeaderBytes = 128 * 1024;
const overheadBytes = 16;

export function encodeFrame({ headers, payload }: EventFrame): Buffer {
  const headerBytes = Buffer.concat(
    Object.entries(headers).map(([name, value]) => encodeHeader(name, value)),
  );
  const total = overheadBytes + headerBytes.length + payload.length;
  const frame = Buffer.allocUnsafe(total);
  frame.writeUInt32BE(total, 0);
  frame.writeUInt32BE(headerBytes.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  headerBytes.copy(frame, 12);
  payload.copy(frame, 12 + headerBytes.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, total - 4)), total - 4);
  return frame;
}

function encodeHeader(name: string, value: EventHeader): Buffer {
  const nameBytes = Buffer.from(name);
  if (nameBytes.length === 0 || nameBytes.length > 255)
    throw new RangeError(`a header cannot be called "${name}"`);
  const [type, body] = typed(value);
  return Buffer.concat([Buffer.from([nameBytes.length]), nameBytes, Buffer.from([type]), body]);
}

function typed(value: EventHeader): [type: number, body: Buffer] {
  if (typeof value === "boolean") return [value ? 0 : 1, Buffer.alloc(0)];
  if (typeof value === "number") {
    const body = Buffer.alloc(4);
    body.writeInt32BE(value);
    return [4, body];
  }
  if (typeof value === "bigint" || value instanceof Date) {
    const body = Buffer.alloc(8);
    body.writeBigInt64BE(typeof value === "bigint" ? value : BigInt(value.getTime()));
    return [typeof value === "bigint" ? 5 : 8, body];
  }
  const bytes = typeof value === "string" ? Buffer.from(value) : Buffer.from(value);
  if (bytes.length > 0x7fff) throw new RangeError("a header's value is too long");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return [typeof value === "string" ? 7 : 6, Buffer.concat([length, bytes])];
}

const broken = (what: string): WireProblem =>
  new WireProblem("SerializationException", `The event stream ${what}`);

/** Frames out of bytes that arrive in any portions. */
export class FrameReader {
  #waiting: Buffer = Buffer.alloc(0);

  /** The frames that are whole now. Throws `WireProblem` for bytes that are no frames. */
  push(bytes: Uint8Array): EventFrame[] {
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    const frames: EventFrame[] = [];
    for (;;) {
      const waiting = this.#waiting;
      if (waiting.length < 12) return frames;
      const total = waiting.readUInt32BE(0);
      const headerLength = waiting.readUInt32BE(4);
      if (crc32(waiting.subarray(0, 8)) !== waiting.readUInt32BE(8))
        throw broken("has a broken prelude");
      const payloadLength = total - overheadBytes - headerLength;
      if (headerLength > mostHeaderBytes || payloadLength < 0 || payloadLength > mostPayloadBytes) {
        throw broken("has a frame of an impossible length");
      }
      if (waiting.length < total) return frames;
      if (crc32(waiting.subarray(0, total - 4)) !== waiting.readUInt32BE(total - 4)) {
        throw broken("has a frame with a wrong checksum");
      }
      frames.push({
        headers: decodeHeaders(waiting.subarray(12, 12 + headerLength)),
        payload: waiting.subarray(12 + headerLength, total - 4),
      });
      this.#waiting = waiting.subarray(total);
    }
  }

  /** Throws if the stream ended within a frame. */
  end(): void {
    if (this.#waiting.length > 0) throw broken("ends within a frame");
  }
}

function decodeHeaders(bytes: Buffer): Record<string, EventHeader> {
  const headers: Record<string, EventHeader> = Object.create(null) as Record<string, EventHeader>;
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > bytes.length) throw broken("has a broken header");
    at += count;
    return bytes.subarray(at - count, at);
  };
  while (at < bytes.length) {
    const name = take(take(1).readUInt8()).toString("utf8");
    const type = take(1).readUInt8();
    switch (type) {
      case 0:
      case 1:
        headers[name] = type === 0;
        break;
      case 2:
        headers[name] = take(1).readInt8();
        break;
      case 3:
        headers[name] = take(2).readInt16BE();
        break;
      case 4:
        headers[name] = take(4).readInt32BE();
        break;
      case 5:
        headers[name] = take(8).readBigInt64BE();
        break;
      case 6:
        headers[name] = take(take(2).readUInt16BE());
        break;
      case 7:
        headers[name] = take(take(2).readUInt16BE()).toString("utf8");
        break;
      case 8:
        headers[name] = new Date(Number(take(8).readBigInt64BE()));
        break;
      case 9:
        headers[name] = take(16).toString("hex");
        break;
      default:
        throw broken("has a header of an unknown type");
    }
  }
  return headers;
}

/**
 * The frames of an output's events: each event is a union value with one member set, `{ Records: {...} }`.
 * `initial`: for RPC protocols, the JSON of the output's other members, sent before the first event.
 */
export async function* encodeEvents(
  events: AsyncIterable<unknown>,
  shape: Shape,
  format: "json" | "xml",
  initial?: Buffer,
): AsyncGenerator<Buffer> {
  if (initial) {
    const contentType = "application/x-amz-json-1.1";
    yield encodeFrame({ headers: eventHeaders("initial-response", contentType), payload: initial });
  }
  for await (const event of events) yield encodeEvent(event, shape, format);
}

function encodeEvent(event: unknown, shape: Shape, format: "json" | "xml"): Buffer {
  if (!isObject(event)) throw new TypeError(`an event of ${shape.name} wants an object`);
  const [name, value] = Object.entries(event).find(([, each]) => each !== undefined) ?? [];
  const member = name === undefined ? undefined : shape.byName.get(name);
  if (!member || !isObject(value)) throw new TypeError(`${shape.name} has no event ${name}`);
  const { shape: eventShape } = member;
  if (eventShape.model.exception) {
    return encodeFrame({
      headers: {
        ":message-type": "exception",
        ":exception-type": member.name,
        ":content-type": contentTypes[format],
      },
      payload: body(value, eventShape, format),
    });
  }
  const headers: Record<string, EventHeader> = {};
  for (const { name: headerName, model } of eventShape.members) {
    const header = value[headerName];
    if (model.eventheader && (typeof header === "string" || typeof header === "boolean"))
      headers[headerName] = header;
  }
  const payload = eventShape.members.find(({ model }) => model.eventpayload);
  const content = payload ? value[payload.name] : value;
  if (payload && content instanceof Uint8Array) {
    headers[":content-type"] = "application/octet-stream";
    return encodeFrame({
      headers: { ...eventHeaders(member.name), ...headers },
      payload: Buffer.from(content),
    });
  }
  if (payload && typeof content === "string") {
    headers[":content-type"] = "text/plain";
    return encodeFrame({
      headers: { ...eventHeaders(member.name), ...headers },
      payload: Buffer.from(content),
    });
  }
  const hasBody = eventShape.members.length > 0;
  return encodeFrame({
    headers: {
      ...eventHeaders(member.name, hasBody ? contentTypes[format] : undefined),
      ...headers,
    },
    payload: hasBody ? body(content ?? {}, payload?.shape ?? eventShape, format) : Buffer.alloc(0),
  });
}

const contentTypes = { json: "application/json", xml: "text/xml" };

const eventHeaders = (name: string, contentType?: string): Record<string, EventHeader> => ({
  ":message-type": "event",
  ":event-type": name,
  ...(contentType === undefined ? {} : { ":content-type": contentType }),
});

function body(value: unknown, shape: Shape, format: "json" | "xml"): Buffer {
  if (format === "json") {
    const writer = new JsonWriter();
    writer.write(value, shape);
    return writer.finish();
  }
  const writer = new XmlWriter();
  writer.element(shape.name, value, shape);
  return Buffer.from(writer.text);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
