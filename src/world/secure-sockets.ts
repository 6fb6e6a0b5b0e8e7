import type { Socket } from "node:net";
import { createSecureContext, TLSSocket, type SecureContext } from "node:tls";
import type { Connection, ListenAt, ServerIdentity } from "./world.ts";

/** So long a client may take until both sides have agreed on a key. */
const handshakeMs = 30_000;

const contexts = new WeakMap<ServerIdentity, SecureContext>();

/** Speaks TLS with who connects, and hands on what is said within it. */
export function secured(
  identityFor: NonNullable<ListenAt["identityFor"]>,
  onConnection: (connection: Connection) => void,
): (socket: Socket) => void {
  const contextFor = (name: string | undefined): SecureContext => contextOf(identityFor(name));
  return (socket) => {
    const { localAddress } = socket;
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: contextFor(localAddress),
      SNICallback: (name, answer) => answer(null, contextFor(name === "" ? localAddress : name)),
    });
    const late = setTimeout(() => secure.destroy(), handshakeMs);
    secure.once("secure", () => clearTimeout(late));
    secure.once("close", () => clearTimeout(late));
    onConnection(secure);
  };
}

function contextOf(identity: ServerIdentity): SecureContext {
  let context = contexts.get(identity);
  if (context === undefined) {
    const { certificates: cert, privateKey: key } = identity;
    context = createSecureContext({ cert, key });
    contexts.set(identity, context);
  }
  return context;
}
