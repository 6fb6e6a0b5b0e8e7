import type { FrontLimits } from "./http.ts";
import { headerRecord, parseTarget } from "./request-headers.ts";

/** What a request's first lines say, understood; the same for both HTTP/1.1 fronts. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly httpVersion: "1.1" | "1.0";
  /** 0: no body. -1: chunked. */
  readonly bodyBytes: number;
  readonly expectsContinue: boolean;
}

/** Whether this can be a Host: no path, user, space or list. */
export const isHost = (host: string): boolean => !notInHosts.test(host);

const notInHosts = /[^\w.:\-[\]%~!$&'()*+;=]/;

/**
 * The head, or the status that refuses it. The parser has refused what is malformed; here goes what is well formed and
 * yet read differently by different servers (RFC 9112, sections 3.2, 6.1 and 6.3), or more than the limits.
 */
export function readHead(
  major: number,
  minor: number,
  rawHeaders: readonly string[],
  method: string,
  url: string,
  limits: FrontLimits,
): RequestHead | number {
  if (major !== 1) return 505;
  const httpVersion = minor === 0 ? "1.0" : "1.1";
  if (url.length > limits.requestLineBytes) return 414;
  if (rawHeaders.length > limits.headerCount * 2) return 431;
  const headers = headerRecord(rawHeaders);
  if (headers === 400) return 400;
  const target = method === "CONNECT" ? undefined : parseTarget(url, method);
  if (target === undefined) return 400;
  const host = headers["host"];
  if (host === undefined ? httpVersion === "1.1" : !isHost(host)) return 400;
  if (target.host !== undefined) headers["host"] = target.host;

  const length = headers["content-length"];
  const coding = headers["transfer-encoding"];
  let bodyBytes = length === undefined ? 0 : Number(length);
  if (coding !== undefined) {
    if (httpVersion === "1.0" || length !== undefined) return 400;
    if (coding.toLowerCase() !== "chunked") return 501;
    bodyBytes = -1;
  }
  let expectsContinue = false;
  const expectation = headers["expect"];
  if (expectation !== undefined && httpVersion === "1.1") {
    if (expectation.toLowerCase() !== "100-continue") return 417;
    expectsContinue = bodyBytes !== 0;
  }
  return {
    method,
    path: target.path,
    query: target.query,
    headers,
    httpVersion,
    bodyBytes,
    expectsContinue,
  };
}
