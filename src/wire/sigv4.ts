/**
 * Signature Version 4, verified: the Authorization header and the presigned query. Pure; the caller brings the secret
 * and the time. Rules as in AWS's "Create a signed request" and as clients really sign:
 *
 * V1. A path is encoded once more than it was sent, its empty and dot segments resolved first; for s3 and s3express
 *     it is taken as sent.
 * V2. The query is sorted by encoded name, then value; the signature itself is left out.
 * V3. The signed headers must name the host. A header sent twice is signed joined with ",".
 * V4. Signatures are compared in constant time, and after the cheap checks of scope and time, as AWS does.
 */
import { hash, timingSafeEqual } from "node:crypto";
import { canonicalPath, canonicalQuery, decodePercent } from "./sigv4-canonical.ts";
import { signingKey, hmacHex } from "./sigv4-keys.ts";
import { problem } from "./sigv4-problems.ts";
import type { SigV4Problem } from "./sigv4-problems.ts";
import { basicTime, parseBasicTime, parseHttpDate } from "./sigv4-time.ts";

export type { SigV4Problem } from "./sigv4-problems.ts";

/** What of a request is signed. `headers` has lower-case names; `path` and `query` are as sent, not decoded. */
export interface SignableRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A signature with all that it says about itself. */
export interface Signed {
  readonly kind: "header" | "presigned";
  readonly accessKeyId: string;
  /** YYYYMMDD of the scope. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  /** As sent: YYYYMMDDTHHMMSSZ. */
  readonly timestamp: string;
  readonly timestampMs: number;
  readonly signedHeaders: readonly string[];
  /** Hexadecimal. */
  readonly signature: string;
  /** Of temporary credentials. */
  readonly sessionToken: string | undefined;
  /** Presigned only: how long it is good, 1 to 604800. */
  readonly expiresSeconds: number | undefined;
}

export type Authorization =
  | Signed
  /** No signature and no other credentials. */
  | { readonly kind: "anonymous" }
  /** Another scheme (Bearer, Basic ...), which is not for this file to judge. */
  | { readonly kind: "other"; readonly scheme: string }
  /** The presigned form before SigV4, which S3 still takes and boto3 still makes; sigv2.ts verifies it. */
  | {
      readonly kind: "presigned-v2";
      readonly accessKeyId: string;
      readonly signature: string;
      readonly expires: string;
    }
  | SigV4Problem;

const algorithm = "AWS4-HMAC-SHA256";
export const unsignedPayload = "UNSIGNED-PAYLOAD";
const weekSeconds = 604_800;
const defaultSkewMs = 15 * 60_000;
const emptyHash = hash("sha256", "");

interface Scope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** Reads who claims to have signed, without believing it. Costs well under a microsecond for a known client. */
export function parseAuthorization(request: SignableRequest): Authorization {
  const header = request.headers["authorization"];
  if (header !== undefined) return parseHeader(header, request.headers);
  const { query } = request;
  if (query.length > 0) {
    if (query.includes("X-Amz-Signature=") || query.includes("X-Amz-Algorithm="))
      return parsePresigned(query);
    if (query.includes("AWSAccessKeyId=") && query.includes("Signature=")) return parseV2(query);
  }
  return anonymous;
}

const anonymous: Authorization = { kind: "anonymous" };

function parseHeader(header: string, headers: SignableRequest["headers"]): Authorization {
  const space = header.indexOf(" ");
  const scheme = space < 0 ? header : header.slice(0, space);
  if (scheme !== algorithm) {
    if (scheme.startsWith("AWS4-") || scheme === "AWS")
      return problem("UnsupportedAlgorithm", "Unsupported AWS 'algorithm'", { header });
    return { kind: "other", scheme };
  }
  let credential: string | undefined;
  let signedHeaders: string | undefined;
  let signature: string | undefined;
  for (let at = space < 0 ? header.length : space + 1; at < header.length;) {
    let end = header.indexOf(",", at);
    if (end < 0) end = header.length;
    const pair = header.slice(at, end).trim();
    at = end + 1;
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    if (equals < 0)
      return problem(
        "IncompleteSignature",
        "Invalid key=value pair (missing equal-sign) in Authorization header",
        { header },
      );
    const name = pair.slice(0, equals);
    const value = pair.slice(equals + 1);
    if (name === "Credential") credential = value;
    else if (name === "SignedHeaders") signedHeaders = value;
    else if (name === "Signature") signature = value;
  }
  const sent = headers["x-amz-date"] ?? headers["date"];
  if (
    credential === undefined ||
    credential === "" ||
    signature === undefined ||
    signature === "" ||
    signedHeaders === undefined ||
    signedHeaders === "" ||
    sent === undefined
  ) {
    let missing = "";
    if (!credential) missing += "Authorization header requires 'Credential' parameter. ";
    if (!signature) missing += "Authorization header requires 'Signature' parameter. ";
    if (!signedHeaders) missing += "Authorization header requires 'SignedHeaders' parameter. ";
    if (sent === undefined)
      missing +=
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    return problem("IncompleteSignature", missing.trimEnd(), { header });
  }
  const scope = parseCredential(credential);
  if ("code" in scope) return scope;
  let timestampMs = parseBasicTime(sent);
  let timestamp = sent;
  if (timestampMs === undefined && headers["x-amz-date"] === undefined) {
    timestampMs = parseHttpDate(sent);
    if (timestampMs !== undefined) timestamp = basicTime(timestampMs);
  }
  if (timestampMs === undefined) return badDate(sent);
  return {
    kind: "header",
    accessKeyId: scope.accessKeyId,
    date: scope.date,
    region: scope.region,
    service: scope.service,
    timestamp,
    timestampMs,
    signedHeaders: namesOf(signedHeaders),
    signature,
    sessionToken: headers["x-amz-security-token"],
    expiresSeconds: undefined,
  };
}

function parsePresigned(query: string): Authorization {
  const given = queryParameters(query);
  if (given["X-Amz-Algorithm"] !== undefined && given["X-Amz-Algorithm"] !== algorithm)
    return problem("UnsupportedAlgorithm", "Unsupported AWS 'algorithm'", { presigned: true });
  const credential = given["X-Amz-Credential"];
  const signature = given["X-Amz-Signature"];
  const signedHeaders = given["X-Amz-SignedHeaders"];
  const sent = given["X-Amz-Date"];
  const expires = given["X-Amz-Expires"];
  const absent = (
    [
      "X-Amz-Algorithm",
      "X-Amz-Credential",
      "X-Amz-Signature",
      "X-Amz-SignedHeaders",
      "X-Amz-Date",
    ] as const
  ).filter((name) => !given[name]);
  if (!credential || !signature || !signedHeaders || !sent || absent.length > 0)
    return problem(
      "IncompleteSignature",
      absent.map((name) => `AWS query-string parameters must include '${name}'.`).join(" ") +
        " Re-examine the query-string parameters.",
      { presigned: true },
    );
  const scope = parseCredential(credential);
  if ("code" in scope) return { ...scope, presigned: true };
  const timestampMs = parseBasicTime(sent);
  if (timestampMs === undefined) return { ...badDate(sent), presigned: true };
  let expiresSeconds: number | undefined;
  if (expires !== undefined) {
    if (!/^-?\d{1,15}$/.test(expires)) return badExpiry("X-Amz-Expires should be a number");
    expiresSeconds = Number(expires);
    if (expiresSeconds < 0) return badExpiry("X-Amz-Expires must be non-negative");
    if (expiresSeconds > weekSeconds)
      return badExpiry(
        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
      );
  } else if (scope.service === "s3" || scope.service === "s3express")
    return badExpiry(
      "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    );
  return {
    kind: "presigned",
    accessKeyId: scope.accessKeyId,
    date: scope.date,
    region: scope.region,
    service: scope.service,
    timestamp: sent,
    timestampMs,
    signedHeaders: namesOf(signedHeaders),
    signature,
    sessionToken: given["X-Amz-Security-Token"],
    expiresSeconds,
  };
}

function parseV2(query: string): Authorization {
  const given = queryParameters(query);
  const accessKeyId = given["AWSAccessKeyId"];
  const signature = given["Signature"];
  if (!accessKeyId || !signature) return anonymous;
  return { kind: "presigned-v2", accessKeyId, signature, expires: given["Expires"] ?? "" };
}

const badExpiry = (message: string): SigV4Problem =>
  problem("InvalidExpiry", message, { presigned: true });

const badDate = (sent: string): SigV4Problem =>
  problem(
    "IncompleteSignature",
    `Date must be in ISO-8601 'basic format'. Got '${printable(sent)}'. See http://en.wikipedia.org/wiki/ISO_8601`,
  );

// A client's credential and header names are the same day after day. Bounded: they are the client's to choose.
const scopes = new Map<string, Scope>();
const nameLists = new Map<string, readonly string[]>();

function remember<Value>(known: Map<string, Value>, key: string, value: Value): Value {
  if (known.size >= 1024) known.clear();
  known.set(key, value);
  return value;
}

function parseCredential(credential: string): Scope | SigV4Problem {
  const known = scopes.get(credential);
  if (known !== undefined) return known;
  const parts = credential.split("/");
  // An access key may itself have slashes; the four elements of the scope stand at the end.
  const [terminator, service, region, date] = parts.splice(-4).reverse();
  const accessKeyId = parts.join("/");
  if (!accessKeyId || !date || !region || !service || !terminator)
    return problem(
      "MalformedCredential",
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${printable(credential)}'`,
    );
  if (terminator !== "aws4_request")
    return problem(
      "InvalidSignature",
      `Credential should be scoped with a valid terminator: 'aws4_request', not '${printable(terminator)}'.`,
    );
  return remember(scopes, credential, { accessKeyId, date, region, service });
}

function namesOf(signedHeaders: string): readonly string[] {
  return (
    nameLists.get(signedHeaders) ?? remember(nameLists, signedHeaders, signedHeaders.split(";"))
  );
}

/** Names and values, decoded; of a name given twice the first. */
function queryParameters(query: string): Record<string, string> {
  const parameters = Object.create(null) as Record<string, string>;
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const name = decodePercent(equals < 0 ? pair : pair.slice(0, equals));
    parameters[name] ??= equals < 0 ? "" : decodePercent(pair.slice(equals + 1));
  }
  return parameters;
}

/** Client text that goes into a message: bounded, and nothing that could break out of a header or a line. */
const printable = (text: string): string => text.slice(0, 256).replaceAll(/[^\x20-\x7e]/g, "?");

export interface VerifyOptions {
  /** How far the client's clock may be off, either way; 15 minutes by default, as AWS. */
  readonly skewMs?: number;
  /**
   * The whole body, if it is at hand. It is hashed when the request does not say its hash, and compared with what the
   * request says. Without it a request that says its hash is believed: whoever reads the stream then checks it.
   */
  readonly body?: Buffer | undefined;
  /** The region and service that were asked, if a signature for another one is to be refused. */
  readonly region?: string;
  readonly service?: string;
}

/** Whether a presigned URL is over, or not good yet, whoever signed it. Undefined when it is neither. */
export function untimely(signed: Signed, nowMs: number): SigV4Problem | undefined {
  return checkTime(signed, nowMs, defaultSkewMs);
}

/** Whether the holder of the secret signed this request, now. Undefined when all is well. */
export function verify(
  signed: Signed,
  request: SignableRequest,
  secretAccessKey: string,
  nowMs: number,
  options: VerifyOptions = {},
): SigV4Problem | undefined {
  const presigned = signed.kind === "presigned";
  const about = { presigned };
  const misplaced = checkScope(signed, request, options);
  if (misplaced !== undefined) return misplaced;
  const late = checkTime(signed, nowMs, options.skewMs ?? defaultSkewMs);
  if (late !== undefined) return late;

  const declared = request.headers["x-amz-content-sha256"] ?? declaredInQuery(signed, request);
  const isS3 = signed.service === "s3" || signed.service === "s3express";
  const { body } = options;
  let payloadHash = declared;
  let bodyHash: string | undefined;
  if (body !== undefined && (declared === undefined ? !(presigned && isS3) : isHash(declared)))
    bodyHash = body.length === 0 ? emptyHash : hash("sha256", body);
  payloadHash ??= presigned && isS3 ? unsignedPayload : (bodyHash ?? emptyHash);

  const key = signingKey(signed.accessKeyId, secretAccessKey, signed);
  const given = Buffer.from(signed.signature, "latin1");
  const matches = (path: string, query: string): boolean => {
    const expected = Buffer.from(
      hmacHex(
        key,
        stringToSign(signed, canonicalRequest(signed, request, path, query, payloadHash)),
      ),
      "latin1",
    );
    return given.length === expected.length && timingSafeEqual(given, expected);
  };
  const path = canonicalPath(request.path, isS3);
  const query = canonicalQuery(request.query, "%20");
  if (!matches(path, query) && !matchesOtherwise(request, isS3, path, query, matches))
    return problem("SignatureDoesNotMatch", signatureMismatch, about);
  if (bodyHash !== undefined && declared !== undefined && declared.toLowerCase() !== bodyHash)
    return problem(
      "ContentHashMismatch",
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      about,
    );
  return undefined;
}

export const signatureMismatch =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/**
 * Clients differ in two places that carry no meaning: S3 paths signed in their normal form though sent in another, and
 * a "+" in the query that means itself. Tried only after the usual form failed.
 */
function matchesOtherwise(
  request: SignableRequest,
  isS3: boolean,
  path: string,
  query: string,
  matches: (path: string, query: string) => boolean,
): boolean {
  if (isS3) {
    const normal = canonicalPath(request.path, "normal");
    if (normal !== path && matches(normal, query)) return true;
  }
  return request.query.includes("+") && matches(path, canonicalQuery(request.query, "%2B"));
}

const isHash = (declared: string): boolean => /^[0-9a-fA-F]{64}$/.test(declared);

/** Presigned requests carry as parameters what would otherwise be headers. */
function declaredInQuery(signed: Signed, request: SignableRequest): string | undefined {
  if (signed.kind === "header" || !/x-amz-content-sha256=/i.test(request.query)) return undefined;
  const parameters = queryParameters(request.query);
  return parameters["X-Amz-Content-Sha256"] ?? parameters["x-amz-content-sha256"];
}

function checkScope(
  signed: Signed,
  request: SignableRequest,
  options: VerifyOptions,
): SigV4Problem | undefined {
  const about = { presigned: signed.kind === "presigned" };
  const { signedHeaders, date, timestamp } = signed;
  if (!signedHeaders.includes("host") && !signedHeaders.includes(":authority"))
    return problem(
      "InvalidSignature",
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
      about,
    );
  if (
    signed.kind === "header" &&
    request.headers["x-amz-date"] !== undefined &&
    !signedHeaders.includes("x-amz-date")
  )
    return problem(
      "InvalidSignature",
      "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.",
      about,
    );
  if (!timestamp.startsWith(date))
    return problem(
      "InvalidSignature",
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${printable(date)}' != '${timestamp.slice(0, 8)}', from '${timestamp}'.`,
      about,
    );
  if (options.region !== undefined && options.region !== signed.region)
    return problem(
      "WrongRegion",
      `Credential should be scoped to a valid region, not '${printable(signed.region)}'.`,
      { ...about, expected: options.region },
    );
  if (options.service !== undefined && options.service !== signed.service)
    return problem(
      "WrongService",
      `Credential should be scoped to correct service: '${options.service}'.`,
      { ...about, expected: options.service },
    );
  return undefined;
}

function checkTime(signed: Signed, nowMs: number, skewMs: number): SigV4Problem | undefined {
  const { timestamp, timestampMs } = signed;
  // STS takes a presigned request for as long as a signed header, whatever X-Amz-Expires says: EKS's tokens, which say
  // a minute, are used for a quarter of an hour. Source: aws/aws-sdk-go#2167, kubernetes-sigs/aws-iam-authenticator#258
  const expiresSeconds = signed.service === "sts" ? undefined : signed.expiresSeconds;
  const about = { presigned: signed.kind === "presigned" };
  const minutes = Math.round(skewMs / 60_000);
  if (timestampMs > nowMs + skewMs)
    return problem(
      "SignatureNotYetCurrent",
      `Signature not yet current: ${timestamp} is still later than ${basicTime(nowMs + skewMs)} (${basicTime(nowMs)} + ${minutes} min.)`,
      about,
    );
  if (expiresSeconds !== undefined) {
    const expiredAtMs = timestampMs + expiresSeconds * 1000;
    if (nowMs >= expiredAtMs)
      return problem("RequestExpired", "Request has expired", { ...about, expiredAtMs });
  } else if (timestampMs < nowMs - skewMs)
    return problem(
      "SignatureExpired",
      `Signature expired: ${timestamp} is now earlier than ${basicTime(nowMs - skewMs)} (${basicTime(nowMs)} - ${minutes} min.)`,
      about,
    );
  return undefined;
}

/** What is hashed into the string to sign; shown to the client by S3 when it does not match. */
export function canonicalRequest(
  signed: Pick<Signed, "signedHeaders">,
  request: SignableRequest,
  path: string,
  query: string,
  payloadHash: string,
): string {
  let text = `${request.method}\n${path}\n${query}\n`;
  for (const name of signed.signedHeaders)
    text += `${name}:${headerValue(request.headers[name === ":authority" ? "host" : name])}\n`;
  return `${text}\n${signed.signedHeaders.join(";")}\n${payloadHash}`;
}

function headerValue(value: string | undefined): string {
  if (value === undefined) return "";
  return value.includes("  ") || value.includes("\t")
    ? value.trim().replaceAll(/[ \t]+/g, " ")
    : value.trim();
}

export function stringToSign(
  signed: Pick<Signed, "timestamp" | "date" | "region" | "service">,
  canonical: string,
): string {
  return `${algorithm}\n${signed.timestamp}\n${signed.date}/${signed.region}/${signed.service}/aws4_request\n${hash("sha256", canonical)}`;
}
