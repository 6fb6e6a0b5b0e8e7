/** The part of a model that routing needs, for `src/models/routes.json`: strings to be split, since they parse fastest. */
import type { Model } from "#models/shape-table.ts";
import type { ServiceRoutes } from "#models/routes.ts";

const protocolNames: Record<string, string> = {
  json: "json",
  query: "query",
  ec2: "ec2",
  "rest-json": "rest-json",
  "rest-xml": "rest-xml",
  "smithy-rpc-v2-cbor": "cbor",
};

export function routesOf(model: Model): ServiceRoutes {
  const { metadata, operations } = model;
  // Three models have an empty list of protocols or none: the older single field holds then.
  const listed =
    metadata.protocols && metadata.protocols.length > 0 ? metadata.protocols : [metadata.protocol];
  const protocols = listed.map((protocol) => {
    const name = protocolNames[protocol];
    if (name === undefined)
      throw new Error(`${metadata.serviceId} speaks an unknown protocol ${protocol}`);
    return name;
  });
  const rest = protocols.some((protocol) => protocol.startsWith("rest-"));
  return {
    name: metadata.serviceId,
    version: metadata.apiVersion,
    signingName: metadata.signingName ?? metadata.endpointPrefix,
    endpointPrefix: metadata.endpointPrefix,
    protocols: protocols.join(" "),
    ...(metadata.targetPrefix === undefined ? {} : { targetPrefix: metadata.targetPrefix }),
    ...(metadata.jsonVersion === undefined ? {} : { jsonVersion: metadata.jsonVersion }),
    ...(metadata.errorNamespace === undefined ? {} : { errorNamespace: metadata.errorNamespace }),
    ...(metadata.xmlNamespace === undefined ? {} : { xmlNamespace: metadata.xmlNamespace }),
    operations: Object.entries(operations)
      .map(([name, { http }]) => (rest ? `${name} ${http.method} ${http.requestUri}` : name))
      .join("\n"),
  };
}
