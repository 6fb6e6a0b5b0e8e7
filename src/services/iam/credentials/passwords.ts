import { scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { PasswordPolicy } from "#models/iam.ts";

/*
 * Which passwords an account takes. Source: IAM User Guide, id_credentials_passwords_account-policy: without a policy of
 * its own, eight characters of three kinds out of four.
 */

const kinds = [
  ["RequireUppercaseCharacters", /[A-Z]/, "uppercase letter"],
  ["RequireLowercaseCharacters", /[a-z]/, "lowercase letter"],
  ["RequireNumbers", /[0-9]/, "number"],
  ["RequireSymbols", /[!@#$%^&*()_+\-=[\]{}|']/, "symbol"],
] as const;

const kindsWanted = 3;
const defaultLength = 8;

/** What is wrong with a password; undefined if nothing is. */
export function passwordProblem(
  password: string,
  policy: PasswordPolicy | undefined,
): string | undefined {
  const atLeast = policy === undefined ? defaultLength : (policy.MinimumPasswordLength ?? 6);
  if (password.length < atLeast) return `Password should have a minimum length of ${atLeast}`;
  if (policy === undefined) {
    const found = kinds.filter(([, pattern]) => pattern.test(password)).length;
    if (found >= kindsWanted) return undefined;
    return `Password should have at least ${kindsWanted} of: uppercase letters, lowercase letters, numbers, symbols`;
  }
  const missing = kinds.find(
    ([requirement, pattern]) => policy[requirement] === true && !pattern.test(password),
  );
  return missing && `Password should have at least one ${missing[2]}`;
}

export interface PasswordHash {
  /** Base 64, as the hash. */
  readonly salt: string;
  readonly hash: string;
}

const hashBytes = 32;
const stretched = promisify(scrypt) as (
  password: string,
  salt: Buffer,
  length: number,
) => Promise<Buffer>;

/** Slow on purpose, and not on the main thread. */
export async function hashOf(password: string, salt: Buffer): Promise<PasswordHash> {
  const hash = await stretched(password, salt, hashBytes);
  return { salt: salt.toString("base64"), hash: hash.toString("base64") };
}

export async function isPassword(password: string, { salt, hash }: PasswordHash): Promise<boolean> {
  const found = await stretched(password, Buffer.from(salt, "base64"), hashBytes);
  return timingSafeEqual(found, Buffer.from(hash, "base64"));
}
