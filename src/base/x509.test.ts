import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { makeCertificate, type Issuer } from "./x509.ts";

const fromMs = Date.parse("2026-01-01T00:00:00Z");
const untilMs = Date.parse("2051-01-01T00:00:00Z");

function newIssuer(subject: string): Issuer {
  return { subject, ...generateKeyPairSync("ec", { namedCurve: "P-256" }) };
}

const authority = newIssuer("An authority");
const authorityText = makeCertificate({
  subject: authority.subject,
  serial: Buffer.from("00ff01", "hex"),
  fromMs,
  untilMs,
  publicKey: authority.publicKey,
  issuer: authority,
  use: "authority",
});

test("an authority vouches for itself and for servers", () => {
  const root = new X509Certificate(authorityText);
  assert.ok(root.ca);
  assert.equal(root.serialNumber, "FF01");
  assert.ok(root.verify(authority.publicKey));
  assert.equal(root.validFromDate.getTime(), fromMs);
  assert.equal(root.validToDate.getTime(), untilMs);
  const { publicKey } = newIssuer("a server's");
  const names = ["example.test", "127.0.0.1", "::1", `${"long.".repeat(40)}test`];
  const leaf = new X509Certificate(
    makeCertificate({
      subject: "Ein Server ☃",
      serial: Buffer.from("7f".repeat(20), "hex"),
      fromMs,
      untilMs: fromMs + 1000,
      publicKey,
      issuer: authority,
      use: { servers: names },
    }),
  );
  assert.ok(!leaf.ca);
  assert.ok(leaf.checkIssued(root));
  assert.ok(leaf.verify(root.publicKey));
  assert.equal(leaf.subject, "CN=Ein Server ☃");
  assert.ok(leaf.publicKey.equals(publicKey));
  assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  for (const name of [names[0]!, names[3]!]) assert.equal(leaf.checkHost(name), name);
  for (const address of ["127.0.0.1", "::1"]) assert.equal(leaf.checkIP(address), address);
  assert.equal(leaf.checkHost("example.com"), undefined);
});

test("who signed with another key of the same name did not issue it", () => {
  const other = newIssuer("An authority");
  const { publicKey } = newIssuer("a server's");
  const forged = makeCertificate({
    subject: "forged",
    serial: Buffer.of(1),
    fromMs,
    untilMs,
    publicKey,
    issuer: other,
    use: { servers: ["example.test"] },
  });
  const root = new X509Certificate(authorityText);
  assert.ok(!new X509Certificate(forged).checkIssued(root));
  assert.ok(!new X509Certificate(forged).verify(root.publicKey));
});
