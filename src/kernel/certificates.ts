import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  X509Certificate,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { makeCertificate, type Issuer } from "#base/x509.ts";
import type { Clock, Files, Random, ServerIdentity } from "#world/world.ts";
import type { Vault } from "./vault.ts";

/*
 * What the server shows to clients that speak TLS.
 *
 * X1. All certificates are vouched for by one authority, the data folder's own. Clients that trust its certificate
 *     (`authority`) trust each server under that folder, and those of its forks.
 * X2. The authority's key follows from the master key: it is nowhere on disk, and whoever has a copy of the state alone
 *     does not have it. Its certificate is a file, made when it is first needed.
 * X3. Servers' certificates are made for the name by which a client asks, and live in memory alone.
 * X4. Validity goes by the machine's clock, as clients' clocks do.
 */

export const authorityFile = "ca.pem";

const dayMs = 86_400_000;
const authorityDays = 3_650;
/** The most that Apple's systems accept of an authority that users added. */
const serverDays = 825;
/** So old a server's certificate may be before another one is made. */
const renewedAfterMs = 30 * dayMs;
/** Clocks that differ a little. */
const earlierMs = dayMs;
const serialBytes = 16;
const keptAtMost = 1_000;
const subject = "Tule's certificate authority";

const loopback: readonly string[] = ["localhost", "127.0.0.1", "::1"];
const hostName =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;
const address = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:.]+)$/i;

export interface CertificatesOptions {
  readonly vault: Vault;
  readonly random: Random;
  readonly clock: Pick<Clock, "machineMs">;
  /** Where the authority's certificate lies; in memory if nothing is said. */
  readonly file?: { readonly files: Files; readonly path: string } | undefined;
}

/** Who the server is, to a client that asked for this host name or reached this address. */
export type IdentityFor = (name: string | undefined) => ServerIdentity;

interface Made extends ServerIdentity {
  readonly madeAtMs: number;
}

export class Certificates {
  readonly #options: CertificatesOptions;
  #authority: Promise<string> | undefined;
  #issuer: Issuer | undefined;
  #serverKey: KeyPair | undefined;
  readonly #made = new Map<string, Made>();

  constructor(options: CertificatesOptions) {
    this.#options = options;
  }

  /** The authority's certificate as PEM: what clients have to trust. */
  authority(): Promise<string> {
    this.#authority ??= this.#findAuthority().catch((failure: unknown) => {
      this.#authority = undefined;
      throw failure;
    });
    return this.#authority;
  }

  /** Resolves when the authority's certificate lies where users find it. */
  async identities(): Promise<IdentityFor> {
    const authority = await this.authority();
    return (name) => this.#identityFor(name, authority);
  }

  async #findAuthority(): Promise<string> {
    const { file, clock, random } = this.#options;
    const issuer = this.#authorityKeys();
    const nowMs = clock.machineMs();
    const found = (await file?.files.read(file.path))?.toString("utf8");
    if (found !== undefined && isGood(found, issuer, nowMs)) return found;
    const made = makeCertificate({
      subject,
      issuer,
      publicKey: issuer.publicKey,
      serial: positive(random.bytes(serialBytes)),
      fromMs: nowMs - earlierMs,
      untilMs: nowMs + authorityDays * dayMs,
      use: "authority",
    });
    await file?.files.replace(file.path, Buffer.from(made));
    return made;
  }

  #authorityKeys(): Issuer {
    this.#issuer ??= { subject, ...keyPairOf(this.#options.vault.secretFor("certificates")) };
    return this.#issuer;
  }

  #identityFor(asked: string | undefined, authority: string): ServerIdentity {
    const plain = asked?.replace(/^::ffff:/i, "").toLowerCase();
    const isName = plain !== undefined && (hostName.test(plain) || address.test(plain));
    const name = isName && !loopback.includes(plain) ? plain : "localhost";
    const nowMs = this.#options.clock.machineMs();
    const known = this.#made.get(name);
    if (known !== undefined && Math.abs(nowMs - known.madeAtMs) < renewedAfterMs) return known;
    const { random } = this.#options;
    this.#serverKey ??= keyPairOf(random.bytes(32));
    const { publicKey, privateKey } = this.#serverKey;
    const certificate = makeCertificate({
      subject: name.slice(0, 64),
      issuer: this.#authorityKeys(),
      publicKey,
      serial: positive(random.bytes(serialBytes)),
      fromMs: nowMs - earlierMs,
      untilMs: nowMs + serverDays * dayMs,
      use: { servers: name === "localhost" ? loopback : [name] },
    });
    const made = {
      certificates: certificate + authority,
      privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
      madeAtMs: nowMs,
    };
    // Bounded: clients may ask for whatever name they like.
    if (this.#made.size >= keptAtMost) this.#made.clear();
    this.#made.set(name, made);
    return made;
  }
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** On the curve P-256, from 32 bytes of chance. */
function keyPairOf(secret: Buffer): KeyPair {
  const curve = createECDH("prime256v1");
  try {
    curve.setPrivateKey(secret);
  } catch {
    // One in four billion is no private key of this curve.
    return keyPairOf(createHash("sha256").update(secret).digest());
  }
  const point = curve.getPublicKey();
  const text = (bytes: Buffer): string => bytes.toString("base64url");
  const key = {
    kty: "EC",
    crv: "P-256",
    d: text(secret),
    x: text(point.subarray(1, 33)),
    y: text(point.subarray(33)),
  };
  const privateKey = createPrivateKey({ key, format: "jwk" });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function positive(bytes: Buffer): Buffer {
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

/** Of this authority, and not over soon. */
function isGood(text: string, { publicKey }: Issuer, nowMs: number): boolean {
  try {
    const found = new X509Certificate(text);
    const untilMs = found.validToDate.getTime();
    return found.publicKey.equals(publicKey) && untilMs > nowMs + serverDays * dayMs;
  } catch {
    return false;
  }
}
