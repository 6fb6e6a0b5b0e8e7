import { Agent, type IncomingMessage, request, type RequestOptions } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import type { IncomingAnswer, Requests } from "./world.ts";

/** HTTP as Node speaks it, over connections that are kept. */
export function realRequests(): Requests {
  const plain = new Agent({ keepAlive: true });
  const tls = new TlsAgent({ keepAlive: true });
  const exchange = (url: string, options: RequestOptions, { body, bytesAtMost }: Sizes) =>
    new Promise<IncomingAnswer>((resolve, reject) => {
      const read = (message: IncomingMessage): void => {
        readAnswer(message, bytesAtMost).then(resolve, reject);
      };
      const sent = url.startsWith("https:")
        ? tlsRequest(url, { ...options, agent: tls }, read)
        : request(url, { ...options, agent: plain }, read);
      sent.on("error", reject);
      sent.end(body);
    });
  // The whole exchange, a slow answer included.
  const within = (timeoutMs: number): AbortSignal => AbortSignal.timeout(timeoutMs);
  return {
    get: (url, { timeoutMs, bytesAtMost }) =>
      exchange(url, { method: "GET", signal: within(timeoutMs) }, { bytesAtMost }),
    post: (url, { headers, body, timeoutMs }) =>
      exchange(
        url,
        {
          method: "POST",
          headers: { ...headers, "content-length": body.length },
          signal: within(timeoutMs),
        },
        { body },
      ),
  };
}

interface Sizes {
  readonly body?: Buffer;
  readonly bytesAtMost?: number;
}

async function readAnswer(
  message: IncomingMessage,
  bytesAtMost = Number.POSITIVE_INFINITY,
): Promise<IncomingAnswer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > bytesAtMost) throw new Error(`the answer is longer than ${bytesAtMost} bytes`);
    pieces.push(piece);
  }
  return { status: message.statusCode ?? 0, body: Buffer.concat(pieces) };
}
