/** REST with XML bodies: S3 and S3 Control. */
import { describeError, messageOf } from "./errors.ts";
import type { Protocol } from "./protocol.ts";
import { addHeader, type BodyFormat, decodeRest, encodeRest } from "./rest.ts";
import { escapeXml, readXml } from "./xml.ts";
import type { ServiceModel } from "./shapes.ts";
import { decodeMembers, decodeXml, namespaceOf, XmlWriter } from "./xml-values.ts";

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

const xml: BodyFormat = {
  contentType: "application/xml",
  eventFormat: "xml",
  headersInQuery: true,
  decodeBody(body, { input }) {
    return input ? decodeMembers(readXml(body.toString("utf8")), input) : {};
  },
  encodeBody(output, { output: shape, service }) {
    const writer = new XmlWriter("iso8601Milliseconds");
    if (shape) {
      const name = shape.model.locationName ?? shape.name;
      const namespace = namespaceOf(shape.model.xmlNamespace ?? service.metadata.xmlNamespace);
      const only = shape.byName.get(shape.model.rootText ?? "");
      if (only === undefined) writer.element(name, output, shape, namespace);
      else {
        const value = (output as Record<string, unknown>)[only.name] ?? "";
        writer.element(name, value, only.shape, namespace);
      }
    }
    return Buffer.from(declaration + writer.text);
  },
  decodePayload: (body, { shape }) => decodeXml(readXml(body.toString("utf8")), shape),
  encodePayload(value, { shape, model, name }, { service }) {
    const writer = new XmlWriter("iso8601Milliseconds");
    const namespace =
      model.xmlNamespace ?? shape.model.xmlNamespace ?? service.metadata.xmlNamespace;
    writer.element(
      model.locationName ?? shape.model.locationName ?? name,
      value,
      shape,
      namespaceOf(namespace),
    );
    return Buffer.from(declaration + writer.text);
  },
};

/** S3 names a request twice; the second id stands for the host that answered it. */
function idHeaders(service: ServiceModel | undefined, requestId: string): Record<string, string> {
  const headers: Record<string, string> = { "x-amz-request-id": requestId };
  if (service === undefined || service.id === "s3") headers["x-amz-id-2"] = requestId;
  return headers;
}

export const restXmlProtocol: Protocol = {
  decode: (operation, request) => decodeRest(operation, request, xml),

  encode: (operation, output, requestId) =>
    encodeRest(operation, output, xml, idHeaders(operation.service, requestId)),

  encodeError(service, operation, error, requestId) {
    const { status, shape, isSendersFault } = describeError(service, operation, error);
    const headers: Record<string, string> = {
      ...idHeaders(service, requestId),
      ...error.headers,
      "content-type": "application/xml",
    };
    const writer = new XmlWriter("iso8601Milliseconds");
    writer.text = `<Code>${escapeXml(error.code)}</Code>`;
    const message = messageOf(error);
    if (message !== undefined) writer.text += `<Message>${escapeXml(message)}</Message>`;
    const said = new Set(["Code", "Message", "message"]);
    for (const [name, value] of Object.entries(error.members ?? {})) {
      if (said.has(name) || value === undefined || value === null) continue;
      const member = shape?.byName.get(name);
      if (member?.bound) addHeader(headers, member, value);
      else if (member) writer.member(value, member);
      // S3's errors name what they are about (BucketName, Key, Region ...) without any model of it.
      else if (typeof value === "string") writer.text += `<${name}>${escapeXml(value)}</${name}>`;
    }
    const id = `<RequestId>${escapeXml(requestId)}</RequestId>`;
    const text =
      service?.id === "s3" || service === undefined
        ? `<Error>${writer.text}${id}<HostId>${escapeXml(requestId)}</HostId></Error>`
        : `<ErrorResponse><Error><Type>${isSendersFault ? "Sender" : "Receiver"}</Type>${writer.text}</Error>${id}</ErrorResponse>`;
    return { status, headers, body: Buffer.from(declaration + text) };
  },
};
