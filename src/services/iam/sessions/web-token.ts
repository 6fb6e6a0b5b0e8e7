import { createPublicKey, verify, type JsonWebKey } from "node:crypto";

/*
 * JSON Web Tokens as identity providers sign them (RFC 7515, 7518, 7519).
 *
 * W1. Only signatures with a public key count: a token that says "none", or is signed with a shared secret, verifies with
 *     no key.
 * W2. The key decides which algorithms are possible, not the token.
 */

export interface WebToken {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** Undefined for what is no token. */
export function parseWebToken(text: string): WebToken | undefined {
  const parts = text.split(".");
  const [header = "", payload = "", signature = ""] = parts;
  const [head, claims] = [jsonIn(header), jsonIn(payload)];
  if (parts.length !== 3 || head === undefined || claims === undefined) return undefined;
  const { alg: algorithm, kid: keyId } = head;
  if (typeof algorithm !== "string") return undefined;
  return {
    algorithm,
    keyId: typeof keyId === "string" ? keyId : undefined,
    claims,
    signed: Buffer.from(`${header}.${payload}`),
    signature: Buffer.from(signature, "base64url"),
  };
}

function jsonIn(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

interface Algorithm {
  /** Of the key: RFC 7517's `kty`, and the curve. */
  readonly keyType: string;
  readonly curve?: string;
  readonly hash: string;
}

const algorithms: Readonly<Record<string, Algorithm>> = {
  RS256: { keyType: "RSA", hash: "sha256" },
  RS384: { keyType: "RSA", hash: "sha384" },
  RS512: { keyType: "RSA", hash: "sha512" },
  ES256: { keyType: "EC", curve: "P-256", hash: "sha256" },
  ES384: { keyType: "EC", curve: "P-384", hash: "sha384" },
  ES512: { keyType: "EC", curve: "P-521", hash: "sha512" },
};

type Key = JsonWebKey & { readonly kid?: string; readonly use?: string };

/** Whether one of the keys made the signature. */
export function isSignedByOneOf(token: WebToken, keys: readonly Key[]): boolean {
  const algorithm = Object.hasOwn(algorithms, token.algorithm)
    ? algorithms[token.algorithm]
    : undefined;
  if (algorithm === undefined) return false;
  return keys.some((key) => {
    if (token.keyId !== undefined && key.kid !== undefined && key.kid !== token.keyId) return false;
    if (key.kty !== algorithm.keyType || key.use === "enc") return false;
    if (algorithm.curve !== undefined && key.crv !== algorithm.curve) return false;
    try {
      const publicKey = createPublicKey({ key, format: "jwk" });
      const how = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
      return verify(algorithm.hash, token.signed, how, token.signature);
    } catch {
      // A key that is none signs nothing.
      return false;
    }
  });
}
