import { createHash, createPublicKey, type KeyObject } from "node:crypto";

/** RSA keys as OpenSSH writes them (RFC 4253, section 6.6) and in PEM. */

const bitsAtLeast = 2_048;
const label = "ssh-rsa";

/** The key in either form; undefined for what is none, or too short. */
export function parseSshKey(text: string): KeyObject | undefined {
  const key = text.startsWith("-----BEGIN") ? inPem(text) : inOpenSsh(text);
  if (key?.asymmetricKeyType !== "rsa") return undefined;
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) < bitsAtLeast ? undefined : key;
}

function inPem(text: string): KeyObject | undefined {
  try {
    return createPublicKey(text);
  } catch {
    return undefined;
  }
}

function inOpenSsh(text: string): KeyObject | undefined {
  const [kind, encoded = ""] = text.trim().split(/\s+/);
  const parts = partsOf(Buffer.from(encoded, "base64"));
  const [name, exponent, modulus] = parts ?? [];
  if (kind !== label || name?.toString() !== label) return undefined;
  if (exponent === undefined || modulus === undefined || parts?.length !== 3) return undefined;
  try {
    const key = { kty: "RSA", e: unsigned(exponent), n: unsigned(modulus) };
    return createPublicKey({ key, format: "jwk" });
  } catch {
    return undefined;
  }
}

/** Strings that begin with their length. */
function partsOf(bytes: Buffer): Buffer[] | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    parts.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return at === bytes.length ? parts : undefined;
}

/** Without the zero that says that a number is positive. */
function unsigned(bytes: Buffer): string {
  return bytes.subarray(bytes[0] === 0 ? 1 : 0).toString("base64url");
}

function wireForm(key: KeyObject): Buffer {
  const { e = "", n = "" } = key.export({ format: "jwk" });
  return Buffer.concat(
    [Buffer.from(label), positive(e), positive(n)].flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

function positive(encoded: string): Buffer {
  const bytes = Buffer.from(encoded, "base64url");
  return bytes[0]! >= 128 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

export function inSshForm(key: KeyObject): string {
  return `${label} ${wireForm(key).toString("base64")}`;
}

export function inPemForm(key: KeyObject): string {
  return key.export({ type: "spki", format: "pem" }).toString();
}

/** "1d:0c:...": of the key as it goes over the wire. */
export function fingerprintOf(key: KeyObject): string {
  const hash = createHash("md5").update(wireForm(key)).digest("hex");
  return hash.match(/../g)!.join(":");
}
