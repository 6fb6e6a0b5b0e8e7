import assert from "node:assert/strict";
import test from "node:test";
import { realWorld } from "#world/real.ts";
import { isOnLoopback, IssuerKeys } from "./issuer-keys.ts";

/** A network where these pages are, and what was asked of it. */
function networkOf(pages: Record<string, unknown>, places: Record<string, string> = {}) {
  const asked: string[] = [];
  const elapsed = { ms: 0 };
  const keys = new IssuerKeys({
    files: realWorld().files,
    clock: { elapsedMs: () => elapsed.ms },
    places: new Map(Object.entries(places)),
    requests: {
      get(url) {
        asked.push(url);
        const body = Buffer.from(JSON.stringify(pages[url] ?? {}));
        return Promise.resolve({ status: url in pages ? 200 : 404, body });
      },
      post: () => Promise.reject(new Error("nothing is posted")),
    },
  });
  return { keys, asked, elapsed, pages };
}

const near = "http://localhost:8080/realms/dev";
const discovery = `${near}/.well-known/openid-configuration`;
const one = { kid: "one", kty: "RSA" };
const two = { kid: "two", kty: "RSA" };

test("an issuer on this machine tells where its keys are", async () => {
  const place = "http://localhost:8080/keys";
  const { keys, asked } = networkOf({
    [discovery]: { jwks_uri: place },
    [place]: { keys: [one] },
  });
  assert.deepEqual(await keys.keysOf(near, "one"), [one]);
  assert.deepEqual(asked, [discovery, place]);
});

test("nobody elsewhere is asked, not even where an issuer on this machine says so", async () => {
  const elsewhere = "https://issuer.example.com/keys";
  const { keys, asked } = networkOf({
    [discovery]: { jwks_uri: elsewhere },
    [elsewhere]: { keys: [one] },
  });
  assert.equal(await keys.keysOf("https://issuer.example.com", "one"), undefined);
  assert.deepEqual(asked, []);
  assert.equal(await keys.keysOf(near, "one"), undefined);
  assert.deepEqual(asked, [discovery]);
});

test("where a user said that an issuer's keys are, they are read", async () => {
  const issuer = "https://issuer.example.com";
  const place = "https://keys.example.com/set";
  const { keys, asked } = networkOf({ [place]: { keys: [one] } }, { [issuer]: place });
  assert.deepEqual(await keys.keysOf(issuer, "one"), [one]);
  assert.deepEqual(asked, [place]);
  const missing = networkOf({}, { [issuer]: "/nowhere/keys.json" });
  assert.equal(await missing.keys.keysOf(issuer, "one"), undefined);
});

test("keys are kept for minutes, and read again for one that is new; made-up ids ask no more often than each second", async () => {
  const issuer = "https://issuer.example.com";
  const place = "https://keys.example.com/set";
  const { keys, asked, elapsed, pages } = networkOf(
    { [place]: { keys: [one] } },
    { [issuer]: place },
  );
  await keys.keysOf(issuer, "one");
  elapsed.ms = 299_999;
  await keys.keysOf(issuer, "one");
  assert.equal(asked.length, 1);
  pages[place] = { keys: [one, two] };
  assert.deepEqual(await keys.keysOf(issuer, "two"), [one, two]);
  assert.equal(asked.length, 2);
  for (const keyId of ["three", "four"]) await keys.keysOf(issuer, keyId);
  assert.equal(asked.length, 2);
  elapsed.ms += 300_000;
  await keys.keysOf(issuer, "one");
  assert.equal(asked.length, 3);
});

test("only names of this machine count as this machine", () => {
  for (const url of ["http://127.0.0.1:1/a", "https://[::1]/", "http://a.localhost", near]) {
    assert.equal(isOnLoopback(url), true, url);
  }
  for (const url of [
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://example.com#localhost",
    "http://localhost@example.com",
    "file:///localhost",
    "localhost",
  ]) {
    assert.equal(isOnLoopback(url), false, url);
  }
});
