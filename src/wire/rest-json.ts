/** REST with JSON bodies: Lambda, API Gateway, EventBridge Scheduler and others. */
import { describeError, messageOf } from "./errors.ts";
import { JsonDecoder, parseJson } from "./json-decode.ts";
import { JsonWriter } from "./json-encode.ts";
import type { Protocol } from "./protocol.ts";
import { addHeader, type BodyFormat, decodeRest, encodeRest } from "./rest.ts";

const json: BodyFormat = {
  contentType: "application/json",
  eventFormat: "json",
  decodeBody(body, { input, service }) {
    const value = input && new JsonDecoder(service).decode(parseJson(body), input);
    return value as Record<string, unknown>;
  },
  encodeBody(output, operation) {
    const writer = new JsonWriter();
    if (operation.output) writer.structure(output, operation.output);
    return writer.finish();
  },
  decodePayload: (body, { shape }, { service }) =>
    new JsonDecoder(service).decode(parseJson(body), shape),
  encodePayload(value, { shape }) {
    const writer = new JsonWriter();
    writer.write(value, shape);
    return writer.finish();
  },
};

export const restJsonProtocol: Protocol = {
  decode: (operation, request) => decodeRest(operation, request, json),

  encode: (operation, output, requestId) =>
    encodeRest(operation, output, json, { "x-amzn-requestid": requestId }),

  encodeError(service, operation, error, requestId) {
    const { status, shape } = describeError(service, operation, error);
    const headers: Record<string, string> = {
      "x-amzn-requestid": requestId,
      "x-amzn-errortype": shape?.name ?? error.code,
      "content-type": "application/json",
    };
    const members: Record<string, unknown> = { ...error.members };
    const messageName =
      shape?.members.find(({ name }) => name.toLowerCase() === "message")?.name ?? "message";
    const message = messageOf(error);
    if (message !== undefined) members[messageName] = message;
    const writer = new JsonWriter();
    if (shape) {
      for (const member of shape.members) {
        const value = members[member.name];
        if (member.bound && value !== undefined && value !== null)
          addHeader(headers, member, value);
      }
      writer.structure(members, shape);
    } else writer.raw(JSON.stringify(members));
    return { status, headers, body: writer.finish() };
  },
};
