import { Agent, type IncomingMessage, request } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import type { IncomingAnswer, OutgoingRequest, Requests } from "./world.ts";

/** HTTP as Node speaks it, over connections that are kept. */
export function realRequests(): Requests {
  const plain = new Agent({ keepAlive: true });
  const tls = new TlsAgent({ keepAlive: true });
  return {
    post: (url, outgoing) =>
      new Promise((resolve, reject) => {
        const options = {
          method: "POST",
          headers: { ...outgoing.headers, "content-length": outgoing.body.length },
          // The whole exchange, a slow answer included.
          signal: AbortSignal.timeout(outgoing.timeoutMs),
        };
        const read = (message: IncomingMessage): void => {
          readAnswer(message).then(resolve, reject);
        };
        const sent = url.startsWith("https:")
          ? tlsRequest(url, { ...options, agent: tls }, read)
          : request(url, { ...options, agent: plain }, read);
        sent.on("error", reject);
        sent.end(outgoing.body satisfies OutgoingRequest["body"]);
      }),
  };
}

async function readAnswer(message: IncomingMessage): Promise<IncomingAnswer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return { status: message.statusCode ?? 0, body: Buffer.concat(pieces) };
}
