import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import test from "node:test";
import { isSignedByOneOf, parseWebToken } from "./web-token.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const curve = generateKeyPairSync("ec", { namedCurve: "P-256" });
const keys = [
  { ...rsa.publicKey.export({ format: "jwk" }), kid: "one" },
  { ...curve.publicKey.export({ format: "jwk" }), kid: "two" },
];

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(header: object, key: KeyObject, claims: object = { sub: "someone" }): string {
  const signed = `${encoded(header)}.${encoded(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

function isRight(text: string): boolean {
  const parsed = parseWebToken(text);
  return parsed !== undefined && isSignedByOneOf(parsed, keys);
}

test("a token is right if one of the keys signed it", () => {
  assert.equal(isRight(token({ alg: "RS256", kid: "one" }, rsa.privateKey)), true);
  assert.equal(isRight(token({ alg: "RS256" }, rsa.privateKey)), true);
  assert.equal(isRight(token({ alg: "ES256", kid: "two" }, curve.privateKey)), true);
});

test("a token is wrong with another key, another algorithm, other claims or no signature", () => {
  const right = token({ alg: "RS256", kid: "one" }, rsa.privateKey);
  const [head, , signature] = right.split(".");
  assert.equal(isRight(`${head}.${encoded({ sub: "somebody else" })}.${signature}`), false);
  assert.equal(isRight(token({ alg: "RS256", kid: "two" }, rsa.privateKey)), false);
  assert.equal(isRight(token({ alg: "RS384", kid: "one" }, rsa.privateKey)), false);
  assert.equal(isRight(token({ alg: "ES256", kid: "one" }, rsa.privateKey)), false);
  assert.equal(isRight(`${encoded({ alg: "none" })}.${encoded({ sub: "someone" })}.`), false);
  const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
  assert.equal(isRight(token({ alg: "RS256", kid: "one" }, stranger.privateKey)), false);
});

test("a public key is no shared secret", () => {
  const signed = `${encoded({ alg: "HS256", kid: "one" })}.${encoded({ sub: "someone" })}`;
  const secret = rsa.publicKey.export({ format: "pem", type: "spki" });
  const signature = createHmac("sha256", secret).update(signed).digest("base64url");
  assert.equal(isRight(`${signed}.${signature}`), false);
});

test("what is no token is none", () => {
  for (const text of ["", "a.b", "a.b.c", "e30.e30.", `${encoded({ alg: "RS256" })}.W10.AA`]) {
    assert.equal(parseWebToken(text), undefined, text);
  }
});
