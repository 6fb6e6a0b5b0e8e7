import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import test from "node:test";
import { fingerprintOf, inPemForm, inSshForm, parseSshKey } from "./ssh-keys.ts";

const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

test("a key is the same in both forms", () => {
  const ssh = inSshForm(publicKey);
  const pem = inPemForm(publicKey);
  assert.match(ssh, /^ssh-rsa AAAAB3NzaC1yc2E/);
  assert.equal(inPemForm(parseSshKey(`${ssh} someone@somewhere`)!), pem);
  assert.equal(inSshForm(parseSshKey(pem)!), ssh);
  assert.match(fingerprintOf(publicKey), /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
});

test("what is no RSA key of 2,048 bits is refused", () => {
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
  const curve = generateKeyPairSync("ed25519").publicKey;
  const ssh = inSshForm(publicKey);
  for (const text of ["", "ssh-rsa", "ssh-rsa AAAA", ssh.slice(0, -8), inSshForm(short)]) {
    assert.equal(parseSshKey(text), undefined, text);
  }
  assert.equal(parseSshKey(ssh.replace("ssh-rsa", "ssh-dss")), undefined);
  assert.equal(parseSshKey(inPemForm(curve)), undefined);
});
