/** AWS JSON 1.0 and 1.1: `X-Amz-Target` names the operation, body and answer are one JSON structure each. */
import { crc32 } from "node:zlib";
import { describeError, errorType, messageOf, queryCodeOf } from "./errors.ts";
import { encodeEvents } from "./event-stream.ts";
import { decodeJsonBody } from "./json-decode.ts";
import { encodeJsonBody, JsonWriter } from "./json-encode.ts";
import type { EncodedResponse, Protocol, WireError } from "./protocol.ts";
import type { Member, OperationModel, ServiceModel } from "./shapes.ts";

/** One codec a version, which differ in nothing but their content type: the answer's is the request's. */
export function jsonProtocol(version: "1.0" | "1.1"): Protocol {
  const contentType = `application/x-amz-json-${version}`;

  const respond = (
    status: number,
    body: Buffer,
    service: ServiceModel | undefined,
    requestId: string,
  ): EncodedResponse => {
    const headers: Record<string, string> = {
      "x-amzn-requestid": requestId,
      "content-type": contentType,
    };
    if (service?.metadata.answersCrc32) headers["x-amz-crc32"] = String(crc32(body));
    return { status, headers, body };
  };

  return {
    decode(operation, { body }) {
      return operation.input ? decodeJsonBody(body, operation.input, operation.service) : {};
    },

    encode(operation, output, requestId) {
      if (operation.eventStream)
        return respondWithEvents(operation, operation.eventStream, output, requestId);
      const body = encodeJsonBody(output, operation.output);
      return respond(operation.responseCode, body, operation.service, requestId);
    },

    encodeError(service, operation, error, requestId) {
      const { status } = describeError(service, operation, error);
      const response = respond(status, errorBody(service, operation, error), service, requestId);
      const queryError = queryErrorHeader(service, operation, error);
      if (queryError !== undefined) response.headers["x-amzn-query-error"] = queryError;
      return response;
    },
  };
}

/** The output's plain members go ahead as an event of their own, then the events. */
function respondWithEvents(
  { output: shape }: OperationModel,
  { name, shape: events }: Member,
  output: unknown,
  requestId: string,
): EncodedResponse {
  const { [name]: stream, ...initial } = output as Record<string, unknown>;
  return {
    status: 200,
    headers: {
      "x-amzn-requestid": requestId,
      "content-type": "application/vnd.amazon.eventstream",
    },
    body: Buffer.alloc(0),
    stream: encodeEvents(
      stream as AsyncIterable<unknown>,
      events,
      "json",
      encodeJsonBody(initial, shape),
    ),
  };
}

/** `{"__type": "<namespace>#<code>", "message": ..., further members}`; the namespace where the service has one. */
export function errorBody(
  service: ServiceModel | undefined,
  operation: OperationModel | undefined,
  error: WireError,
): Buffer {
  const { shape } = describeError(service, operation, error);
  const common = shape ? undefined : service?.commonErrors[error.code];
  const type = errorType(service, operation, error);
  const messageName =
    common?.messageName ??
    shape?.members.find(({ name }) => name.toLowerCase() === "message")?.name ??
    "message";
  const writer = new JsonWriter();
  writer.raw(`{"__type":${JSON.stringify(type)}`);
  const message = messageOf(error);
  if (message !== undefined) writer.raw(`,"${messageName}":${JSON.stringify(message)}`);
  for (const [name, value] of Object.entries(error.members ?? {})) {
    const member = shape?.byName.get(name);
    if (value === undefined || value === null || !member) continue;
    writer.raw(`,"${member.wireName}":`);
    writer.write(value, member.shape);
  }
  writer.raw("}");
  return writer.finish();
}

/**
 * Services that once spoke the query protocol keep their old error codes for old code: clients that send
 * `x-amzn-query-mode: true` take the code from this header. Sent always; other clients do not look.
 */
export function queryErrorHeader(
  service: ServiceModel | undefined,
  operation: OperationModel | undefined,
  error: WireError,
): string | undefined {
  if (!service?.metadata.awsQueryCompatible) return undefined;
  const { isSendersFault } = describeError(service, operation, error);
  return `${queryCodeOf(service, operation, error)};${isSendersFault ? "Sender" : "Receiver"}`;
}
