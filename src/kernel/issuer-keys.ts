import type { JsonWebKey } from "node:crypto";
import type { Clock, Files, Requests } from "#world/world.ts";

/*
 * The public keys of whoever issues tokens (OpenID Connect), to verify what they signed.
 *
 * I1. Nothing is asked beyond this machine unless its user said where an issuer's keys are.
 * I2. An issuer on this machine tells by itself, as OpenID Connect Discovery has it.
 * I3. Keys change: they are read again after some minutes, and at once for a key that was not among them.
 */

export interface IssuerKeysOptions {
  readonly requests: Requests;
  readonly files: Files;
  readonly clock: Pick<Clock, "elapsedMs">;
  /** By issuer: the URL of a JSON Web Key Set, or the absolute path of a file that holds one. */
  readonly places: ReadonlyMap<string, string>;
}

/** A key of a set, with what sets add to keys (RFC 7517). */
export type IssuerKey = JsonWebKey & { readonly kid?: string; readonly use?: string };

interface Kept {
  readonly keys: readonly IssuerKey[];
  readonly readAtElapsedMs: number;
}

/** STS waits so long for an identity provider. Source: AWS re:Post, iam-sts-invalididentitytoken. */
const timeoutMs = 5_000;
const bytesAtMost = 1_000_000;
const keptMs = 300_000;
/** Made-up key ids make nobody ask an issuer more often. */
const readAgainAfterMs = 1_000;
const issuersKept = 100;

export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /** The issuer's keys, among them the one of this id if there is one; undefined if they can't be had. */
  async keysOf(
    issuer: string,
    keyId: string | undefined,
  ): Promise<readonly IssuerKey[] | undefined> {
    const nowMs = this.#options.clock.elapsedMs();
    const kept = this.#kept.get(issuer);
    if (kept !== undefined) {
      const ageMs = nowMs - kept.readAtElapsedMs;
      const hasIt = keyId === undefined || kept.keys.some(({ kid }) => kid === keyId);
      if (ageMs < (hasIt ? keptMs : readAgainAfterMs)) return kept.keys;
    }
    const keys = await this.#read(issuer);
    if (keys === undefined) return undefined;
    if (this.#kept.size >= issuersKept) this.#kept.clear();
    this.#kept.set(issuer, { keys, readAtElapsedMs: nowMs });
    return keys;
  }

  async #read(issuer: string): Promise<readonly IssuerKey[] | undefined> {
    const place = this.#options.places.get(issuer) ?? (await this.#discovered(issuer));
    if (place === undefined) return undefined;
    const set = /^https?:/.test(place) ? await this.#fetched(place) : await this.#fromFile(place);
    const keys = memberOf(set, "keys");
    return Array.isArray(keys) ? (keys as IssuerKey[]) : undefined;
  }

  /** Where an issuer on this machine says that its keys are: on this machine as well. */
  async #discovered(issuer: string): Promise<string | undefined> {
    if (!isOnLoopback(issuer)) return undefined;
    const found = await this.#fetched(
      `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    );
    const place = memberOf(found, "jwks_uri");
    return typeof place === "string" && isOnLoopback(place) ? place : undefined;
  }

  async #fetched(url: string): Promise<unknown> {
    try {
      const { status, body } = await this.#options.requests.get(url, { timeoutMs, bytesAtMost });
      return status === 200 ? (JSON.parse(body.toString("utf8")) as unknown) : undefined;
    } catch {
      // Whatever the reason, the keys can't be had: the caller is told so.
      return undefined;
    }
  }

  async #fromFile(path: string): Promise<unknown> {
    const bytes = await this.#options.files.read(path);
    if (bytes === undefined) return undefined;
    try {
      return JSON.parse(bytes.toString("utf8")) as unknown;
    } catch {
      return undefined;
    }
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** Whether a URL leads to this machine, by its name alone. */
export function isOnLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:") return false;
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}
