/**
 * Signature Version 2 in a URL, as boto3 still makes it for S3. Pure; the caller brings the secret and the time.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { decodePercent } from "./sigv4-canonical.ts";
import type { SignableRequest } from "./sigv4.ts";
import { problem, type SigV4Problem } from "./sigv4-problems.ts";

export interface SignedV2 {
  readonly kind: "presigned-v2";
  readonly accessKeyId: string;
  readonly signature: string;
  /** Seconds since 1970, as sent. */
  readonly expires: string;
}

/** Parameters that mean another resource than the path alone; they are signed with it. */
const subresources: ReadonlySet<string> = new Set(
  (
    "accelerate acl analytics cors defaultObjectAcl delete inventory lifecycle location logging metrics " +
    "notification object-lock ownershipControls partNumber policy policyStatus publicAccessBlock replication " +
    "requestPayment response-cache-control response-content-disposition response-content-encoding " +
    "response-content-language response-content-type response-expires restore retention select " +
    "select-type tagging torrent uploadId uploads versionId versioning versions website legal-hold encryption"
  ).split(" "),
);

/** When the URL is over; undefined for what is no time. */
export function expiryOfV2({ expires }: SignedV2): number | undefined {
  return /^\d{1,12}$/.test(expires) ? Number(expires) * 1000 : undefined;
}

/** Whether the URL is over by now; undefined if it is not. */
export function untimelyV2(signed: SignedV2, nowMs: number): SigV4Problem | undefined {
  const expiredAtMs = expiryOfV2(signed);
  if (expiredAtMs !== undefined && nowMs < expiredAtMs) return undefined;
  return problem("RequestExpired", "Request has expired", {
    presigned: true,
    ...(expiredAtMs !== undefined && { expiredAtMs }),
  });
}

/**
 * Whether the holder of the secret signed this request, and it is not over. `path`: with the bucket in front, wherever
 * the request has it.
 */
export function verifyV2(
  signed: SignedV2,
  request: SignableRequest,
  path: string,
  secretAccessKey: string,
  nowMs: number,
): SigV4Problem | undefined {
  const untimely = untimelyV2(signed, nowMs);
  if (untimely !== undefined) return untimely;
  const expected = createHmac("sha1", secretAccessKey)
    .update(textToSign(signed, request, path))
    .digest();
  const given = Buffer.from(signed.signature, "base64");
  if (given.length === expected.length && timingSafeEqual(given, expected)) return undefined;
  return problem("SignatureDoesNotMatch", "The signatures differ", { presigned: true });
}

function textToSign(signed: SignedV2, { method, query, headers }: SignableRequest, path: string) {
  const parameters = query.split("&").map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return [decodePercent(name), value.length === 0 ? undefined : value.join("=")] as const;
  });
  // What could be a header may stand in the URL instead.
  const inUrl = new Map(
    parameters.map(([name, value = ""]) => [
      name.toLowerCase(),
      decodePercent(value.replaceAll("+", "%20")),
    ]),
  );
  const headerOf = (name: string): string => headers[name] ?? inUrl.get(name) ?? "";
  const amazon = new Map<string, string>();
  for (const [name, value] of [...inUrl, ...Object.entries(headers)]) {
    if (name.startsWith("x-amz-")) amazon.set(name, value.trim());
  }
  const lines = [...amazon].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const named = parameters
    .filter(([name]) => subresources.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) =>
      value === undefined || value === ""
        ? name
        : `${name}=${decodePercent(value.replaceAll("+", "%20"))}`,
    );
  const resource = path + (named.length > 0 ? `?${named.join("&")}` : "");
  return [
    method,
    headerOf("content-md5"),
    headerOf("content-type"),
    signed.expires,
    ...lines.map(([name, value]) => `${name}:${value}`),
    resource,
  ].join("\n");
}
