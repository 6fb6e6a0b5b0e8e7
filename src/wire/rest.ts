/** What the two REST protocols share: members in the path, the query, headers and the status line. */
import type { StreamingBody } from "#models/contract.ts";
import { encodeEvents } from "./event-stream.ts";
import { type DecodeRequest, type EncodedResponse, WireProblem } from "./protocol.ts";
import { badRequest, fromQuery, labelsOf, parseQuery } from "./rest-uri.ts";
import { formatScalar, parseScalar } from "./scalar-text.ts";
import type { Member, OperationModel, Shape } from "./shapes.ts";

/** How a protocol writes and reads structures in bodies. */
export interface BodyFormat {
  contentType: string;
  eventFormat: "json" | "xml";
  /** A presigned URL may have in its query what would otherwise be headers: `x-amz-acl=private`. */
  headersInQuery?: boolean;
  /** All members of a structure that are in the body. */
  decodeBody(body: Buffer, operation: OperationModel): Record<string, unknown>;
  encodeBody(output: object, operation: OperationModel): Buffer;
  /** One member that is the whole body. */
  decodePayload(body: Buffer, member: Member, operation: OperationModel): unknown;
  encodePayload(value: unknown, member: Member, operation: OperationModel): Buffer;
}

export function decodeRest(
  operation: OperationModel,
  request: DecodeRequest,
  format: BodyFormat,
): unknown {
  const { input: shape } = operation;
  if (!shape) return {};
  const input = decodeContent(operation, shape, request, format);
  const labels = labelsOf(operation, request.path);
  let query: ReadonlyMap<string, string[]> | undefined;
  for (const member of shape.members) {
    if (!member.bound) continue;
    const name = member.model.locationName ?? member.name;
    let value: unknown;
    switch (member.model.location) {
      case "uri": {
        const label = labels.get(name);
        value = label === undefined ? undefined : parseScalar(label, member.shape, badRequest);
        break;
      }
      case "querystring":
        query ??= parseQuery(request.query);
        value = fromQuery(query, member, name, shape, operation);
        break;
      case "header":
        value = fromHeader(headerOf(request, name.toLowerCase(), format), member);
        break;
      case "headers":
        value = fromHeaders(headersOf(request, name.toLowerCase(), format), name.toLowerCase());
        break;
      default:
        break;
    }
    if (value !== undefined) input[member.name] = value;
    // A body may have a member of that name, which the model does not know there.
    else if (member.name in input) delete input[member.name];
  }
  return input;
}

function headerOf(request: DecodeRequest, name: string, format: BodyFormat): string | undefined {
  const header = request.headers[name];
  if (header !== undefined || format.headersInQuery !== true) return header;
  if (!name.startsWith("x-amz-") || request.query.length === 0) return undefined;
  // Presigners put the checksum of the body that they do not know yet there; the service does not look at it.
  if (name.startsWith("x-amz-checksum-") || name === "x-amz-sdk-checksum-algorithm")
    return undefined;
  if (!request.query.toLowerCase().includes(`${name}=`)) return undefined;
  for (const [parameter, values] of parseQuery(request.query)) {
    if (parameter.toLowerCase() === name) return values[0];
  }
  return undefined;
}

/** Those with the prefix, wherever they are. */
function headersOf(
  request: DecodeRequest,
  prefix: string,
  format: BodyFormat,
): DecodeRequest["headers"] {
  const { headers, query } = request;
  if (format.headersInQuery !== true || !prefix.startsWith("x-amz-")) return headers;
  if (!query.toLowerCase().includes(prefix)) return headers;
  const inQuery = Array.from(parseQuery(query), ([name, values]) => [
    name.toLowerCase(),
    values[0],
  ]);
  return { ...Object.fromEntries(inQuery), ...headers } as DecodeRequest["headers"];
}

function decodeContent(
  operation: OperationModel,
  shape: Shape,
  request: DecodeRequest,
  format: BodyFormat,
): Record<string, unknown> {
  const payload = payloadOf(shape);
  if (!payload) {
    const hasBody = shape.members.some(({ bound }) => !bound);
    return hasBody && request.body.length > 0 ? format.decodeBody(request.body, operation) : {};
  }
  if (isStreaming(payload)) return { [payload.name]: request.stream ?? request.body };
  const { body } = request;
  switch (payload.shape.type) {
    case "blob":
      return { [payload.name]: body };
    case "string":
      return body.length === 0 ? {} : { [payload.name]: body.toString("utf8") };
    default:
      return body.length === 0
        ? {}
        : { [payload.name]: format.decodePayload(body, payload, operation) };
  }
}

/** Whether the operation reads its body as a stream: then the gateway does not wait for the whole. */
export function streamsInput(operation: OperationModel): boolean {
  const payload = operation.input && payloadOf(operation.input);
  return payload !== undefined && isStreaming(payload);
}

export function encodeRest(
  operation: OperationModel,
  output: unknown,
  format: BodyFormat,
  headers: Record<string, string>,
): EncodedResponse {
  const { output: shape } = operation;
  const value = isObject(output) ? output : {};
  const response: EncodedResponse = { status: operation.responseCode, headers, body: noBytes };
  if (!shape) return response;
  const payload = payloadOf(shape);
  if (payload) encodeContent(response, value[payload.name], payload, operation, format);
  else if (shape.members.some(({ bound }) => !bound)) {
    response.headers["content-type"] = format.contentType;
    response.body = format.encodeBody(value, operation);
  }
  for (const member of shape.members) {
    const inner = value[member.name];
    if (!member.bound || inner === undefined || inner === null) continue;
    if (member.model.location === "statusCode") response.status = Number(inner);
    else addHeader(response.headers, member, inner);
  }
  if (response.headers["content-range"] !== undefined) response.status = 206;
  return response;
}

const noBytes = Buffer.alloc(0);

function encodeContent(
  response: EncodedResponse,
  value: unknown,
  payload: Member,
  operation: OperationModel,
  format: BodyFormat,
): void {
  if (payload.shape.model.eventstream) {
    response.headers["content-type"] = "application/vnd.amazon.eventstream";
    response.stream = encodeEvents(
      value as AsyncIterable<unknown>,
      payload.shape,
      format.eventFormat,
    );
    return;
  }
  if (value === undefined || value === null) return;
  if (isStreaming(payload) || value instanceof Uint8Array) {
    const body = value as StreamingBody;
    response.headers["content-type"] = "application/octet-stream"; // a header member may say better
    if (body instanceof Uint8Array)
      response.body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    else response.stream = body;
    return;
  }
  if (typeof value === "string" && payload.shape.type === "string") {
    response.headers["content-type"] = "text/plain";
    response.body = Buffer.from(value);
    return;
  }
  response.headers["content-type"] = format.contentType;
  response.body = format.encodePayload(value, payload, operation);
}

/** Members of an output or an error that travel in headers. */
export function addHeader(headers: Record<string, string>, member: Member, value: unknown): void {
  const name = (member.model.locationName ?? member.name).toLowerCase();
  if (member.model.location === "headers") {
    for (const [key, each] of Object.entries(isObject(value) ? value : {})) {
      headers[name + key.toLowerCase()] = headerSafe(each as string);
    }
  } else if (member.model.location === "header")
    headers[name] = headerSafe(headerText(value, member));
}

function headerText(value: unknown, { shape, model }: Member): string {
  if (model.jsonvalue) return Buffer.from(JSON.stringify(value)).toString("base64");
  const element = shape.element?.shape;
  if (Array.isArray(value) && element) {
    return value
      .map((each) => {
        const text = formatScalar(each, element, "rfc822");
        return /[",]/.test(text) && element.type === "string"
          ? `"${text.replaceAll(/["\\]/g, "\\$&")}"`
          : text;
      })
      .join(",");
  }
  return formatScalar(value, shape, "rfc822");
}

// A value of a user's own must not begin a header or an answer of its own making.
const headerSafe = (text: string): string => text.replaceAll(/[\r\n\0]/g, " ");

export const payloadOf = (shape: Shape): Member | undefined =>
  shape.model.payload === undefined ? undefined : shape.byName.get(shape.model.payload);

const isStreaming = ({ shape, model }: Member): boolean =>
  model.streaming === true || shape.model.streaming === true;

function fromHeader(text: string | undefined, { shape, model }: Member): unknown {
  if (text === undefined) return undefined;
  if (model.jsonvalue) return jsonInHeader(text);
  const element = shape.element?.shape;
  if (shape.type !== "list" || !element) return parseScalar(text.trim(), shape, badRequest);
  return splitList(text, element.type === "timestamp").map((each) =>
    parseScalar(each, element, badRequest),
  );
}

/** Elements between commas; a quoted one may hold commas itself, and so does a date. */
function splitList(text: string, ofDates: boolean): string[] {
  if (ofDates) return text.split(/,\s*(?=[A-Z][a-z]{2},)/).map((each) => each.trim());
  const found = text.match(/\s*(?:"(?:[^"\\]|\\.)*"|[^,]+)/g) ?? [];
  return found
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .map((each) => (/^".*"$/s.test(each) ? each.slice(1, -1).replaceAll(/\\(.)/gs, "$1") : each));
}

function jsonInHeader(text: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64").toString("utf8"));
    return value;
  } catch {
    throw new WireProblem(badRequest, "A header is not base64-encoded JSON");
  }
}

function fromHeaders(
  headers: DecodeRequest["headers"],
  prefix: string,
): Record<string, string> | undefined {
  const found: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(prefix) && value !== undefined)
      found.push([name.slice(prefix.length), value]);
  }
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
