import { timingSafeEqual } from "node:crypto";
import { hmacHex, signingKey } from "./sigv4-keys.ts";
import { parseBasicTime } from "./sigv4-time.ts";

/** A string to sign and its signature, sent as they are by protocols that have no request to sign. */
export interface SignedText {
  readonly accessKeyId: string;
  readonly signature: string;
  readonly stringToSign: string;
  readonly service: string;
}

const form =
  /^AWS4-HMAC-SHA256\n(\d{8}T\d{6}Z)\n(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request\n[0-9a-f]{64}$/;
/** As for requests over HTTP. */
const skewMs = 15 * 60_000;

/** Whether the text is of that service and of now, and the key's secret signed it. */
export function verifyText(signed: SignedText, secretAccessKey: string, nowMs: number): boolean {
  const { accessKeyId, signature, stringToSign } = signed;
  const parts = form.exec(stringToSign);
  if (parts === null) return false;
  const [, time = "", date = "", region = "", service = ""] = parts;
  const atMs = parseBasicTime(time);
  if (atMs === undefined || Math.abs(atMs - nowMs) > skewMs) return false;
  if (!time.startsWith(date) || service !== signed.service) return false;
  const key = signingKey(accessKeyId, secretAccessKey, { date, region, service });
  const expected = Buffer.from(hmacHex(key, stringToSign));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
