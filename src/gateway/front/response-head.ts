import type { HttpResponse } from "./http.ts";

const reasons: Readonly<Record<number, string>> = {
  100: "Continue",
  101: "Switching Protocols",
  200: "OK",
  201: "Created",
  202: "Accepted",
  203: "Non-Authoritative Information",
  204: "No Content",
  205: "Reset Content",
  206: "Partial Content",
  207: "Multi-Status",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  422: "Unprocessable Content",
  424: "Failed Dependency",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  507: "Insufficient Storage",
};

export const reasonOf = (status: number): string => reasons[status] ?? "Unknown";

/** What the front itself says when it refuses a request: fixed words, never a part of what was sent. */
export function plainResponse(status: number): HttpResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: `${reasonOf(status)}\n`,
  };
}

/** Interim, 204 and 304 answers have no body and say nothing of its length. */
export const hasNoBody = (status: number): boolean =>
  status < 200 || status === 204 || status === 304;

const notInNames = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const notInValues = /[^\t\x20-\x7e\x80-\xff]/;
const checkedNames = new Set<string>();
/** Values that are the same in answer after answer: content types. */
const checkedValues = new Set<string>();

/** Throws for a name or value that would let its author write further headers or a second answer. */
export function checkHeader(name: string, value: string): void {
  if (!checkedNames.has(name)) {
    if (name === "" || notInNames.test(name))
      throw new TypeError("a header's name has a character that HTTP forbids");
    if (checkedNames.size < 1024) checkedNames.add(name);
  }
  if (checkedValues.has(value)) return;
  if (notInValues.test(value))
    throw new TypeError(`the header ${name} has a character that HTTP forbids`);
  if (name === "content-type" && checkedValues.size < 64) checkedValues.add(value);
}

/** The parts of a response's headers that decide how it is framed. */
export interface HeadFacts {
  /** All header lines but framing, each ended by CRLF. */
  lines: string;
  contentLength: number | undefined;
  hasDate: boolean;
  wantsClose: boolean;
}

/** Checks and renders a response's headers. Framing is the front's: Transfer-Encoding and Keep-Alive are left out. */
export function renderHeaders(headers: HttpResponse["headers"]): HeadFacts {
  const facts: HeadFacts = {
    lines: "",
    contentLength: undefined,
    hasDate: false,
    wantsClose: false,
  };
  let lines = "";
  for (const name in headers) {
    const value = headers[name] as string | readonly string[];
    if (typeof value !== "string") {
      for (const one of value) {
        checkHeader(name, one);
        lines += `${name}: ${one}\r\n`;
      }
      continue;
    }
    checkHeader(name, value);
    switch (name.length) {
      case 4:
        if (name.toLowerCase() === "date") facts.hasDate = true;
        break;
      case 10: {
        const lower = name.toLowerCase();
        if (lower === "connection") {
          facts.wantsClose = value.toLowerCase() === "close";
          continue;
        }
        if (lower === "keep-alive") continue;
        break;
      }
      case 14:
        if (name.toLowerCase() === "content-length") {
          if (!/^\d{1,15}$/.test(value)) throw new TypeError("a Content-Length must be a number");
          facts.contentLength = Number(value);
          continue;
        }
        break;
      case 17:
        if (name.toLowerCase() === "transfer-encoding") continue;
        break;
      default:
    }
    lines += `${name}: ${value}\r\n`;
  }
  facts.lines = lines;
  return facts;
}

/** The status that refuses what the parser could not read. */
export function statusOfParserError(error: Error): number {
  const { code = "" } = error as Error & { readonly code?: string };
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return 431;
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return 413;
    case "HPE_INVALID_VERSION":
      return 505;
    default:
      return 400;
  }
}

/** A whole refusal, ready to be sent before a connection closes. */
export function lastWords(status: number, date: string): Buffer {
  const text = `${reasonOf(status)}\n`;
  return Buffer.from(
    `HTTP/1.1 ${status} ${reasonOf(status)}\r\nContent-Type: text/plain; charset=utf-8\r\nDate: ${date}\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
    "latin1",
  );
}

/** The same for a server that wants names and values in turn. */
export function headerPairs(headers: HttpResponse["headers"]): {
  readonly pairs: string[];
  readonly facts: HeadFacts;
} {
  const facts = renderHeaders(headers);
  const pairs: string[] = [];
  for (const line of facts.lines.split("\r\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) pairs.push(line.slice(0, colon), line.slice(colon + 2));
  }
  return { pairs, facts };
}
