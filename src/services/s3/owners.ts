import { hash } from "node:crypto";
import type { Owner } from "#models/s3.ts";

/** An account as S3 names it: 64 hexadecimal digits. The same account has the same ones everywhere. */
export function canonicalUserOf(account: string): string {
  return hash("sha256", `canonical user of ${account}`);
}

export const ownerOf = (account: string): Owner => ({ ID: canonicalUserOf(account) });
