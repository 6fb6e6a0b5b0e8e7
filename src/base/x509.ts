import { createHash, sign, type KeyObject } from "node:crypto";
import { addressBytes } from "./address-bytes.ts";
import {
  bits,
  boolean,
  member,
  objectId,
  octets,
  plainMember,
  sequence,
  set,
  text,
  time,
  unsigned,
} from "./der.ts";

/** A certificate to be made (RFC 5280). */
export interface CertificateRequest {
  readonly subject: string;
  /** Positive, at most twenty bytes. */
  readonly serial: Buffer;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly publicKey: KeyObject;
  /** Who signs: an authority's name and key, which is of an elliptic curve; an authority's own for one that signs itself. */
  readonly issuer: Issuer;
  /** What it is for: a server under these host names and addresses, or an authority that signs others. */
  readonly use: { readonly servers: readonly string[] } | "authority";
}

export interface Issuer {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const id = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAlternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuthentication: "1.3.6.1.5.5.7.3.1",
} as const;

const version3 = Buffer.of(2);
/** Bits from the highest one on, with how many of the byte are unused. */
const digitalSignature = bits(Buffer.of(0x80), 7);
const signsCertificates = bits(Buffer.of(0x06), 1);

/** The certificate as PEM. */
export function makeCertificate(request: CertificateRequest): string {
  const { subject, serial, fromMs, untilMs, publicKey, issuer } = request;
  const algorithm = sequence(objectId(id.ecdsaWithSha256));
  const content = sequence(
    member(0, unsigned(version3)),
    unsigned(serial),
    algorithm,
    named(issuer.subject),
    sequence(time(fromMs), time(untilMs)),
    named(subject),
    publicKey.export({ type: "spki", format: "der" }),
    member(3, sequence(...extensionsOf(request))),
  );
  const signature = sign("sha256", content, issuer.privateKey);
  return pem(sequence(content, algorithm, bits(signature)));
}

function extensionsOf({ use, publicKey, issuer }: CertificateRequest): Buffer[] {
  const isAuthority = use === "authority";
  const common = [
    extension(id.basicConstraints, sequence(...(isAuthority ? [boolean(true)] : [])), true),
    extension(id.keyUsage, isAuthority ? signsCertificates : digitalSignature, true),
    extension(id.subjectKeyIdentifier, octets(keyIdentifier(publicKey))),
    extension(id.authorityKeyIdentifier, sequence(plainMember(0, keyIdentifier(issuer.publicKey)))),
  ];
  if (isAuthority) return common;
  return [
    ...common,
    extension(id.extendedKeyUsage, sequence(objectId(id.serverAuthentication))),
    extension(id.subjectAlternativeName, sequence(...use.servers.map(alternativeName))),
  ];
}

function extension(oid: string, content: Buffer, isCritical = false): Buffer {
  return sequence(objectId(oid), ...(isCritical ? [boolean(true)] : []), octets(content));
}

function alternativeName(name: string): Buffer {
  const isAddress = name.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
  return isAddress ? plainMember(7, addressBytes(name)) : plainMember(2, Buffer.from(name));
}

function named(commonName: string): Buffer {
  return sequence(set(sequence(objectId(id.commonName), text(commonName))));
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha1")
    .update(key.export({ type: "spki", format: "der" }))
    .digest();
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
