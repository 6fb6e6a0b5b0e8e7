/**
 * What routing knows of every service of the mission, those that do not exist here yet included, so that a request to
 * one of them is answered by name. Small, loaded at start; the shape tables are loaded when a service is first used.
 */
import table from "./routes.json" with { type: "json" };

export interface ServiceRoutes {
  /** AWS's service id, for example "DynamoDB Streams". */
  name: string;
  /** API version, for example "2012-08-10"; the `Version` of the query protocols. */
  version: string;
  signingName: string;
  endpointPrefix: string;
  /** Space separated, in the model's order of preference: json query ec2 rest-json rest-xml cbor. */
  protocols: string;
  /** Of `X-Amz-Target: <targetPrefix>.<operation>`; also the service's name in rpc-v2-cbor paths. */
  targetPrefix?: string;
  jsonVersion?: string;
  errorNamespace?: string;
  xmlNamespace?: string;
  /** One a line: the operation's name; for the REST protocols followed by method and URI template. */
  operations: string;
}

/** By service, as in `models/services.json`: "dynamodb", "cognito-idp". */
export const routes: Readonly<Record<string, ServiceRoutes>> = table;
