import { createRequire } from "node:module";

/**
 * Node's own HTTP/1.1 parser (llhttp), the one under node:http, without node:http's streams: half the CPU a request.
 * It is an internal of Node, so its shape is probed before use, and the front falls back to node:http without it.
 */
export interface Parser {
  initialize(type: number, resource: object, maxHeaderBytes: number, lenientFlags: number): void;
  /** How much was consumed, or an error with a `code` "HPE_..." . Less than all of it after an upgrade request. */
  execute(chunk: Buffer): number | Error;
  close(): void;
  [callback: number]: unknown;
}

interface ParserConstructor {
  new (): Parser;
  readonly REQUEST: number;
  readonly kOnMessageBegin: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

export interface ParserKit {
  readonly HTTPParser: ParserConstructor;
  readonly methods: readonly string[];
}

let probed: ParserKit | undefined | "not yet" = "not yet";

/** The parser, or undefined where it is missing or does not behave as this front needs. Probed once. */
export function parserKit(): ParserKit | undefined {
  if (probed === "not yet") {
    try {
      const kit: unknown = createRequire(import.meta.url)("_http_common");
      probed = isKit(kit) && behaves(kit) ? kit : undefined;
    } catch {
      probed = undefined;
    }
  }
  return probed;
}

function isKit(kit: unknown): kit is ParserKit {
  return (
    typeof kit === "object" &&
    kit !== null &&
    "HTTPParser" in kit &&
    typeof kit.HTTPParser === "function" &&
    "methods" in kit &&
    Array.isArray(kit.methods)
  );
}

/** Two pipelined requests, then the two ambiguities that smuggling lives on. */
function behaves(kit: ParserKit): boolean {
  const seen = probe(
    kit,
    "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.0\r\n\r\n",
  );
  if (
    seen !== "begin POST /a?b 1.1 Host,x,Content-Length,3 true abc end begin GET /2 1.0  false end"
  )
    return false;
  const ambiguous = [
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
  ];
  return ambiguous.every((text) => probe(kit, text).startsWith("begin HPE_"));
}

function probe({ HTTPParser, methods }: ParserKit, text: string): string {
  const seen: string[] = [];
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.REQUEST, {}, 1024, 0);
  parser[HTTPParser.kOnMessageBegin] = () => void seen.push("begin");
  parser[HTTPParser.kOnHeadersComplete] = (
    major: number,
    minor: number,
    headers: string[],
    method: number,
    url: string,
    _status: unknown,
    _statusMessage: unknown,
    _upgrade: boolean,
    keepAlive: boolean,
  ) => {
    seen.push(`${methods[method]} ${url} ${major}.${minor} ${headers.join()} ${keepAlive}`);
    return 0;
  };
  parser[HTTPParser.kOnBody] = (chunk: Buffer) => void seen.push(chunk.toString("latin1"));
  parser[HTTPParser.kOnMessageComplete] = () => void seen.push("end");
  const consumed = parser.execute(Buffer.from(text, "latin1"));
  if (typeof consumed !== "number") seen.push((consumed as Error & { code?: string }).code ?? "?");
  parser.close();
  return seen.join(" ");
}
