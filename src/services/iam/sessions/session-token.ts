import type { Principal } from "#kernel/identity.ts";
import type { Vault } from "#kernel/vault.ts";

/*
 * Temporary credentials are not stored: the token holds all that there is to know, sealed under the master key.
 *
 * S1. A token opens on this data folder and its forks alone, and goes with one access key.
 * S2. What a session may do is found out anew for each of its requests (directory.ts): taking a policy from its role
 *     works at once.
 * S3. Sessions end by the server's clock, which users may move.
 */

export interface Session {
  readonly secretAccessKey: string;
  readonly principal: Principal;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

const purpose = "session token";
const version = 1;

export function sealSession(vault: Vault, accessKeyId: string, session: Session): string {
  const sealed = vault.seal(purpose, Buffer.from(JSON.stringify(session)), accessKeyId);
  return Buffer.concat([Buffer.of(version), sealed]).toString("base64");
}

/** Undefined for what is no token of this server's, or another key's. */
export function openSession(vault: Vault, accessKeyId: string, token: string): Session | undefined {
  const bytes = Buffer.from(token, "base64");
  if (bytes[0] !== version) return undefined;
  const opened = vault.open(purpose, bytes.subarray(1), accessKeyId);
  return opened && (JSON.parse(opened.toString("utf8")) as Session);
}
