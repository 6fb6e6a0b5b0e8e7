import assert from "node:assert/strict";
import test from "node:test";
import { memoryStore } from "#store/open.ts";
import { realWorld } from "#world/real.ts";
import { silentLog } from "../log.ts";
import { Vault } from "../vault.ts";
import { openedKey, readMasterKey } from "./blob-cipher.ts";
import { FileBlobs } from "./blobs.ts";
import { memoryFiles } from "./memory-files.ts";

const { random } = realWorld();
const vaultOf = (fill: number): Vault => new Vault(Buffer.alloc(32, fill), random);

test("the blobs' key is sealed, also one that an earlier version stored as it is", async () => {
  const store = memoryStore();
  const place = { files: memoryFiles(), folder: "blobs", store, random, log: silentLog };
  const earlier = new FileBlobs(place);
  await earlier.start();
  const received = await earlier.receive(Buffer.from("a body"));
  const id = await received.commit((_, blob) => blob);
  await earlier.stop();
  const plain = (await store.read(readMasterKey))!;

  const vault = vaultOf(1);
  const later = new FileBlobs({ ...place, vault });
  await later.start();
  const sealed = (await store.read(readMasterKey))!;
  assert(!sealed.includes(plain));
  assert.deepEqual(openedKey(vault, sealed), plain);
  const hold = later.hold();
  const pieces = [{ blob: id, offset: 0, length: 6 }];
  const body = await store.read((snapshot) => later.body(snapshot, pieces));
  assert.equal((later.read(body, 0, 6, hold) as Buffer).toString(), "a body");
  await later.stop();

  const strange = new FileBlobs({ ...place, vault: vaultOf(2) });
  await assert.rejects(strange.start(), /the master key is another one/);
  await store.close();
});
