import { jsonProtocol } from "#wire/json.ts";
import type { Protocol } from "#wire/protocol.ts";
import { queryProtocol } from "#wire/query.ts";
import type { ProtocolName } from "#wire/route.ts";

export function protocolOf(name: ProtocolName): Protocol {
  if (name === "query" || name === "ec2") return queryProtocol;
  return name === "json-1.1" ? json11 : json10;
}

const json10 = jsonProtocol("1.0");
const json11 = jsonProtocol("1.1");
