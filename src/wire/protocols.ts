/** The codec for each protocol that `route` names. */
import { legacyCborProtocol, rpcV2CborProtocol } from "./cbor-protocols.ts";
import { jsonProtocol } from "./json.ts";
import type { Protocol } from "./protocol.ts";
import { queryJsonProtocol } from "./query-json.ts";
import { ec2Protocol, queryProtocol } from "./query.ts";
import { restJsonProtocol } from "./rest-json.ts";
import { restXmlProtocol } from "./rest-xml.ts";
import type { ProtocolName } from "./route.ts";

export const protocols: Readonly<Record<ProtocolName, Protocol>> = {
  "json-1.0": jsonProtocol("1.0"),
  "json-1.1": jsonProtocol("1.1"),
  "cbor-1.1": legacyCborProtocol,
  "rpc-v2-cbor": rpcV2CborProtocol,
  query: queryProtocol,
  "query-json": queryJsonProtocol,
  ec2: ec2Protocol,
  "rest-json": restJsonProtocol,
  "rest-xml": restXmlProtocol,
  // What is wrong before a deployed API or a function is reached is said as API Gateway and Lambda say it: in JSON.
  invoke: restJsonProtocol,
};
