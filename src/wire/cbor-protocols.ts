/** The two binary protocols: Smithy's rpc-v2-cbor, and the older binary form of JSON 1.1 that Java's Kinesis client speaks. */
import { type CborStyle, fromCbor, writeCbor } from "./cbor-values.ts";
import { CborWriter, decodeCbor } from "./cbor.ts";
import { describeError, errorType, messageOf } from "./errors.ts";
import { queryErrorHeader } from "./json.ts";
import type { EncodedResponse, Protocol } from "./protocol.ts";

export const rpcV2CborProtocol = cborProtocol(
  { "smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor" },
  { timesInMilliseconds: false },
);

export const legacyCborProtocol = cborProtocol(
  { "content-type": "application/x-amz-cbor-1.1" },
  { timesInMilliseconds: true },
);

function cborProtocol(headers: Readonly<Record<string, string>>, style: CborStyle): Protocol {
  const respond = (status: number, body: Buffer, requestId: string): EncodedResponse => ({
    status,
    headers: { "x-amzn-requestid": requestId, ...headers },
    body,
  });

  return {
    decode(operation, { body }) {
      if (!operation.input || body.length === 0) return {};
      return fromCbor(decodeCbor(body), operation.input, style);
    },

    encode(operation, output, requestId) {
      const writer = new CborWriter();
      if (operation.output) writeCbor(writer, output ?? {}, operation.output, style);
      else {
        writer.openMap();
        writer.end();
      }
      return respond(200, writer.finish(), requestId);
    },

    encodeError(service, operation, error, requestId) {
      const { status, shape } = describeError(service, operation, error);
      const writer = new CborWriter();
      writer.openMap();
      writer.text("__type");
      writer.text(errorType(service, operation, error));
      const message = messageOf(error);
      if (message !== undefined) {
        writer.text(
          shape?.members.find((each) => each.name.toLowerCase() === "message")?.name ?? "message",
        );
        writer.text(message);
      }
      for (const [memberName, value] of Object.entries(error.members ?? {})) {
        const member = shape?.byName.get(memberName);
        if (!member || value === undefined || value === null) continue;
        writer.text(member.wireName);
        writeCbor(writer, value, member.shape, style);
      }
      writer.end();
      const response = respond(status, writer.finish(), requestId);
      const queryError = queryErrorHeader(service, operation, error);
      if (queryError !== undefined) response.headers["x-amzn-query-error"] = queryError;
      return response;
    },
  };
}
