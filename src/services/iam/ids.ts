import type { Context } from "#kernel/context.ts";

/*
 * AWS's unique ids: four letters that tell the kind, then letters and digits. Those of access keys say in base 32 which
 * account they belong to, as GetAccessKeyInfo tells: bits 46 to 7 of their first six bytes.
 */

type Random = Pick<Context["random"], "bytes">;

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Source: IAM User Guide, reference_identifiers, "Understanding unique ID prefixes". */
export type IdPrefix = "AIDA" | "AROA" | "AGPA" | "ANPA" | "AIPA" | "ACCA" | "APKA" | "ASCA";

export function uniqueId(random: Random, prefix: IdPrefix): string {
  const picked = [...random.bytes(17)].map((byte) => letters[byte % 32]);
  return prefix + picked.join("");
}

/** Of certificates: 32 letters and digits that tell nothing. */
export function longId(random: Random): string {
  return [...random.bytes(32)].map((byte) => letters[byte % 32]).join("");
}

/** AKIA: of a user; ASIA: of a session. */
export function makeAccessKeyId(random: Random, prefix: "AKIA" | "ASIA", account: string): string {
  const tail = random.bytes(5);
  const head = (1n << 47n) | (BigInt(account) << 7n) | BigInt(tail[0]! >> 1);
  let bits = (head << 32n) | BigInt(tail.readUInt32BE(1));
  let text = "";
  for (let at = 0; at < 16; at += 1) {
    text = letters[Number(bits & 31n)]! + text;
    bits >>= 5n;
  }
  return prefix + text;
}

const accessKeyForm = /^(AKIA|ASIA)([A-Z2-7]{16})$/;

/** The account that a key belongs to; undefined for what this server cannot have made. */
export function accountOfAccessKey(accessKeyId: string): string | undefined {
  const text = accessKeyForm.exec(accessKeyId)?.[2];
  if (text === undefined) return undefined;
  let bits = 0n;
  for (const letter of text) bits = (bits << 5n) | BigInt(letters.indexOf(letter));
  const account = (bits >> 39n) & ((1n << 40n) - 1n);
  const digits = String(account).padStart(12, "0");
  return digits.length === 12 ? digits : undefined;
}

/** Forty characters, as AWS's. */
export function makeSecret(random: Random): string {
  return random.bytes(30).toString("base64");
}
