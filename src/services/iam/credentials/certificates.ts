import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";

/** Certificates and keys in PEM, as clients upload them. All answer undefined for what is none. */

export function parseCertificate(pem: string): X509Certificate | undefined {
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) return undefined;
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

const oneCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Each certificate of a chain. */
export function parseChain(pem: string): readonly X509Certificate[] | undefined {
  const found = (pem.match(oneCertificate) ?? []).map(parseCertificate);
  const isChain = found.length > 0 && found.every((one) => one !== undefined);
  return isChain ? found : undefined;
}

/** Whether the chain begins with whoever signed the certificate, and each signed the one before. */
export function isChainOf(
  certificate: X509Certificate,
  chain: readonly X509Certificate[],
): boolean {
  return chain.every((issuer, at) => {
    const below = chain[at - 1] ?? certificate;
    return below.checkIssued(issuer) && below.verify(issuer.publicKey);
  });
}

export function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
