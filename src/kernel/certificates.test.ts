import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { seededRandom } from "#world/seeded-random.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { Certificates } from "./certificates.ts";
import { Vault } from "./vault.ts";

const path = "/data/ca.pem";
const dayMs = 86_400_000;

function open(world: ReturnType<typeof simulatedWorld>, masterKey = Buffer.alloc(32, 7)) {
  const { random, files } = world;
  let aheadMs = 0;
  const clock = { machineMs: () => world.clock.machineMs() + aheadMs };
  const vault = new Vault(masterKey, seededRandom(1));
  const certificates = new Certificates({ vault, random, clock, file: { files, path } });
  const wait = (days: number): void => void (aheadMs += days * dayMs);
  return { certificates, wait };
}

const namesOf = (text: string): string | undefined => new X509Certificate(text).subjectAltName;

test("a data folder has one authority, as long as it has its master key", async () => {
  const world = simulatedWorld({ seed: 1 });
  await world.files.makeFolder("/data");
  const first = open(world);
  const authority = await first.certificates.authority();
  assert.equal((await world.files.read(path))?.toString(), authority);
  assert.equal(await open(world).certificates.authority(), authority);
  // Lost, or of another key: made anew; whoever trusted the one of this key still does.
  await world.files.replace(path, Buffer.from("something else"));
  const again = await open(world).certificates.authority();
  const identityFor = await first.certificates.identities();
  assert.ok(new X509Certificate(identityFor("a.test").certificates).verify(keyOf(again)));
  const stranger = await open(world, Buffer.alloc(32, 8)).certificates.authority();
  assert.ok(!keyOf(stranger).equals(keyOf(authority)));
  // Of ten years, some three must be left.
  first.wait(8 * 365);
  const { certificates, wait } = open(world);
  wait(8 * 365);
  assert.notEqual(await certificates.authority(), again);
});

test("servers are who clients ask for", async () => {
  const world = simulatedWorld({ seed: 1 });
  await world.files.makeFolder("/data");
  const { certificates, wait } = open(world);
  const root = new X509Certificate(await certificates.authority());
  const identityFor = await certificates.identities();
  const cases: [string | undefined, string][] = [
    ["tule.example.test", "DNS:tule.example.test"],
    ["TULE", "DNS:tule"],
    ["192.0.2.7", "IP Address:192.0.2.7"],
    ["::ffff:192.0.2.7", "IP Address:192.0.2.7"],
    ["2001:db8::1", "IP Address:2001:DB8:0:0:0:0:0:1"],
    ["::1", "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"],
    [undefined, "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"],
    ["no name!", "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"],
    ["a".repeat(300), "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"],
  ];
  for (const [name, expected] of cases) {
    const { certificates: text } = identityFor(name);
    assert.equal(namesOf(text), expected, name);
    assert.ok(new X509Certificate(text).checkIssued(root), name);
  }
  const one = identityFor("localhost");
  assert.equal(identityFor("127.0.0.1"), one);
  wait(29);
  assert.equal(identityFor("localhost"), one);
  wait(2);
  const other = identityFor("localhost");
  assert.notEqual(other.certificates, one.certificates);
  assert.notEqual(
    new X509Certificate(other.certificates).serialNumber,
    new X509Certificate(one.certificates).serialNumber,
  );
});

function keyOf(text: string) {
  return new X509Certificate(text).publicKey;
}
