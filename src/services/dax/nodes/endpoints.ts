import { addressBytes } from "#base/address-bytes.ts";
import { success } from "./answers.ts";
import type { Node } from "./node.ts";

/** The keys of a node's map, and its roles. */
const field = { node: 0, hostName: 1, address: 2, port: 3, role: 4, zone: 5, session: 6 } as const;
const primary = 1;
const replica = 2;

/**
 * All nodes, so that clients spread their reads over them and send writes to the primary. `reachedAt` is the address
 * that the client itself used, for servers that listen on several.
 */
export function endpoints(nodes: readonly Node[], reachedAt: string | undefined): Buffer {
  const writer = success().array(nodes.length);
  nodes.forEach((node, index) => {
    const host = reachedAt ?? node.address.host;
    writer.map(7);
    writer.integer(field.node).integer(index + 1);
    writer.integer(field.hostName).text(host);
    writer.integer(field.address).byteString(addressBytes(host));
    writer.integer(field.port).integer(node.address.port);
    writer.integer(field.role).integer(index === 0 ? primary : replica);
    writer.integer(field.zone).text(node.zone);
    writer.integer(field.session).integer(1);
  });
  return writer.finish();
}
