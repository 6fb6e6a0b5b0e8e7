/**
 * The query protocol for clients that accept JSON: the form comes in as ever, and what would be XML goes out as JSON.
 * Those who verify presigned calls of STS live on it: EKS's authenticator, Vault, Teleport. The SDKs ask for XML.
 */
import { describeError, messageOf, queryCodeOf } from "./errors.ts";
import { JsonWriter } from "./json-encode.ts";
import type { EncodedResponse, Protocol } from "./protocol.ts";
import { queryProtocol } from "./query.ts";

export const queryJsonProtocol: Protocol = {
  decode: (operation, request) => queryProtocol.decode(operation, request),

  encode({ name, resultWrapper, output: shape }, output, requestId) {
    const writer = new JsonWriter();
    writer.raw(`{${JSON.stringify(`${name}Response`)}:{`);
    if (resultWrapper !== undefined && shape) {
      writer.raw(`${JSON.stringify(resultWrapper)}:`);
      writer.write(output ?? {}, shape);
      writer.raw(",");
    }
    writer.raw(`"ResponseMetadata":${JSON.stringify({ RequestId: requestId })}}}`);
    return respond(200, writer.finish(), requestId);
  },

  encodeError(service, operation, error, requestId) {
    const { status, isSendersFault } = describeError(service, operation, error);
    const Error = {
      Code: queryCodeOf(service, operation, error),
      Message: messageOf(error),
      Type: isSendersFault ? "Sender" : "Receiver",
    };
    const text = JSON.stringify({ Error, RequestId: requestId });
    return respond(status, Buffer.from(text), requestId);
  },
};

const respond = (status: number, body: Buffer, requestId: string): EncodedResponse => ({
  status,
  headers: { "x-amzn-requestid": requestId, "content-type": "application/json" },
  body,
});
