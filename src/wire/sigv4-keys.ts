import { createHmac, createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** Where a signing key is good. */
export interface KeyScope {
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

interface CachedKey {
  readonly secretAccessKey: string;
  readonly key: KeyObject;
}

// Four HMACs a key, which is good for a day: deriving costs more than using it. The oldest of too many goes first.
const keys = new Map<string, CachedKey>();
const keysMax = 1024;

const hmac = (key: KeyObject | string | Buffer, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();

export const hmacHex = (key: KeyObject, text: string): string =>
  createHmac("sha256", key).update(text).digest("hex");

/** The derived key, kept by access key and scope; a changed secret is noticed. */
export function signingKey(
  accessKeyId: string,
  secretAccessKey: string,
  { date, region, service }: KeyScope,
): KeyObject {
  const name = `${accessKeyId}/${date}/${region}/${service}`;
  const known = keys.get(name);
  if (known !== undefined && known.secretAccessKey === secretAccessKey) return known.key;
  const derived = hmac(
    hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), service),
    "aws4_request",
  );
  const key = createSecretKey(derived);
  if (known === undefined && keys.size >= keysMax) {
    const oldest = keys.keys().next();
    if (!oldest.done) keys.delete(oldest.value);
  }
  keys.set(name, { secretAccessKey, key });
  return key;
}
