/** The query protocol of STS, IAM, SNS and others, and EC2's dialect: forms in, XML out. */
import { describeError, messageOf, queryCodeOf } from "./errors.ts";
import { decodeForm } from "./form.ts";
import type { EncodedResponse, Protocol } from "./protocol.ts";
import type { OperationModel } from "./shapes.ts";
import { escapeXml } from "./xml.ts";
import { namespaceOf, XmlWriter } from "./xml-values.ts";

export const queryProtocol: Protocol = {
  decode: (operation, { method, query, body }) =>
    decodeQuery(operation, method, query, body, false),

  encode(operation, output, requestId) {
    const { name, resultWrapper, service, output: shape } = operation;
    const writer = new XmlWriter();
    writer.text = `<${name}Response${namespaceOf(service.metadata.xmlNamespace)}>`;
    if (resultWrapper !== undefined && shape) {
      writer.text += `<${resultWrapper}>`;
      writer.members(output ?? {}, shape);
      writer.text += `</${resultWrapper}>`;
    }
    writer.text += `<ResponseMetadata><RequestId>${escapeXml(requestId)}</RequestId></ResponseMetadata></${name}Response>`;
    return respond(200, writer.text, requestId);
  },

  encodeError(service, operation, error, requestId) {
    const { status, isSendersFault, shape } = describeError(service, operation, error);
    const writer = new XmlWriter();
    writer.text =
      `<ErrorResponse${namespaceOf(service?.metadata.xmlNamespace)}><Error>` +
      `<Type>${isSendersFault ? "Sender" : "Receiver"}</Type><Code>${escapeXml(queryCodeOf(service, operation, error))}</Code>`;
    const message = messageOf(error);
    if (message !== undefined) writer.text += `<Message>${escapeXml(message)}</Message>`;
    if (shape && error.members) writer.members(withoutMessage(error.members), shape);
    writer.text += `</Error><RequestId>${escapeXml(requestId)}</RequestId></ErrorResponse>`;
    return respond(status, writer.text, requestId);
  },
};

export const ec2Protocol: Protocol = {
  decode: (operation, { method, query, body }) => decodeQuery(operation, method, query, body, true),

  encode(operation, output, requestId) {
    const { name, service, output: shape } = operation;
    const writer = new XmlWriter();
    writer.text = `<${name}Response${namespaceOf(service.metadata.xmlNamespace)}><requestId>${escapeXml(requestId)}</requestId>`;
    if (shape) writer.members(output ?? {}, shape);
    writer.text += `</${name}Response>`;
    return respond(200, writer.text, requestId);
  },

  encodeError(service, operation, error, requestId) {
    const { status } = describeError(service, operation, error);
    const text =
      `<Response><Errors><Error><Code>${escapeXml(error.code)}</Code>` +
      `<Message>${escapeXml(error.message ?? "")}</Message></Error></Errors>` +
      `<RequestID>${escapeXml(requestId)}</RequestID></Response>`;
    return respond(status, text, requestId);
  },
};

function decodeQuery(
  operation: OperationModel,
  method: string,
  query: string,
  body: Buffer,
  isEc2: boolean,
): unknown {
  if (!operation.input) return {};
  // Old clients put everything in the URL; a post may have the action there and the rest in its body.
  const inBody = method === "POST" && body.length > 0 ? body.toString("utf8") : "";
  const text = inBody !== "" && query !== "" ? `${query}&${inBody}` : inBody || query;
  return decodeForm(text, operation.input, isEc2);
}

const withoutMessage = (members: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([name]) => name.toLowerCase() !== "message"));

const respond = (status: number, text: string, requestId: string): EncodedResponse => ({
  status,
  headers: { "x-amzn-requestid": requestId, "content-type": "text/xml" },
  body: Buffer.from(text),
});
