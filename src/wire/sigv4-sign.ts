import { hash } from "node:crypto";
import { canonicalRequest, stringToSign, unsignedPayload } from "./sigv4.ts";
import type { SignableRequest } from "./sigv4.ts";
import { canonicalPath, canonicalQuery, encodePercent } from "./sigv4-canonical.ts";
import { hmacHex, signingKey } from "./sigv4-keys.ts";
import { basicTime } from "./sigv4-time.ts";

/** Who signs, for where. */
export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
  readonly service: string;
}

/**
 * The headers with which the request is signed, those given included (which must name the host). All of them are
 * signed. `payloadHash` defaults to the body's; give "UNSIGNED-PAYLOAD" or a STREAMING form instead.
 */
export function signHeaders(
  signer: Signer,
  request: SignableRequest,
  nowMs: number,
  payload: Buffer | string = "",
): Record<string, string> {
  const timestamp = basicTime(nowMs);
  const payloadHash = Buffer.isBuffer(payload)
    ? hash("sha256", payload)
    : payload === ""
      ? hash("sha256", "")
      : payload;
  const headers: Record<string, string> = { ...request.headers, "x-amz-date": timestamp };
  if (signer.sessionToken !== undefined) headers["x-amz-security-token"] = signer.sessionToken;
  if (isS3(signer) || (typeof payload === "string" && payload !== ""))
    headers["x-amz-content-sha256"] = payloadHash;
  const { signature, scope, signedHeaders } = sign(
    signer,
    { ...request, headers },
    timestamp,
    payloadHash,
  );
  headers["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${signer.accessKeyId}/${scope}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
  return headers;
}

/** The query (without "?") of a presigned form of the request; its headers are signed and must be sent again. */
export function presignQuery(
  signer: Signer,
  request: SignableRequest,
  nowMs: number,
  expiresSeconds: number,
): string {
  const timestamp = basicTime(nowMs);
  const scope = `${timestamp.slice(0, 8)}/${signer.region}/${signer.service}/aws4_request`;
  const signedHeaders = Object.keys(request.headers).sort();
  const parameters: Record<string, string> = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${signer.accessKeyId}/${scope}`,
    "X-Amz-Date": timestamp,
    "X-Amz-Expires": String(expiresSeconds),
    "X-Amz-SignedHeaders": signedHeaders.join(";"),
  };
  if (signer.sessionToken !== undefined) parameters["X-Amz-Security-Token"] = signer.sessionToken;
  const added = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodePercent(value)}`)
    .join("&");
  const query = request.query === "" ? added : `${request.query}&${added}`;
  const payloadHash = isS3(signer) ? unsignedPayload : hash("sha256", "");
  const { signature } = sign(signer, { ...request, query }, timestamp, payloadHash);
  return `${query}&X-Amz-Signature=${signature}`;
}

const isS3 = (signer: Signer): boolean => signer.service === "s3" || signer.service === "s3express";

function sign(
  signer: Signer,
  request: SignableRequest,
  timestamp: string,
  payloadHash: string,
): { signature: string; scope: string; signedHeaders: readonly string[] } {
  const { region, service } = signer;
  const date = timestamp.slice(0, 8);
  const signedHeaders = Object.keys(request.headers).sort();
  const canonical = canonicalRequest(
    { signedHeaders },
    request,
    canonicalPath(request.path, isS3(signer)),
    canonicalQuery(request.query, "%20"),
    payloadHash,
  );
  const key = signingKey(signer.accessKeyId, signer.secretAccessKey, { date, region, service });
  return {
    signature: hmacHex(key, stringToSign({ timestamp, date, region, service }, canonical)),
    scope: `${date}/${region}/${service}/aws4_request`,
    signedHeaders,
  };
}
