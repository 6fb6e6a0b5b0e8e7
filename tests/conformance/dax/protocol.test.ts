import assert from "node:assert/strict";
import { test } from "node:test";
import { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { seededRandom } from "#world/seeded-random.ts";
import { daxControl, makeCluster, makeTable } from "../../support/dax.ts";
import { authorization, DaxWire, greeting, request } from "../../support/dax-wire.ts";
import type { Keys } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const rootKey = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "a".repeat(40) };
const tule = await startTule({ rootKey });

const getItem = 263244906;
const endpoints = 455855874;

async function clusterPort(): Promise<{ port: number; keys: Keys }> {
  const account = tule.newAccount();
  const cluster = await makeCluster(await daxControl(tule, account), { ClusterName: "wire" });
  await makeTable(tule.dynamodb(account), "Songs", ["id:S"]);
  const keys = { accessKeyId: account, secretAccessKey: "test" };
  return { port: cluster.ClusterDiscoveryEndpoint!.Port!, keys };
}

const read = request(getItem)
  .byteString(Buffer.from("Songs"))
  .byteString(Buffer.from("1"))
  .null()
  .finish();

test("nothing is answered before signing in, and nothing with a wrong signature", async () => {
  const { port, keys } = await clusterPort();
  const wire = new DaxWire(port);
  wire.greet();
  wire.socket.write(read);
  assert.deepEqual((await wire.answer(2))?.codes, [4, 23, 31, 33]);
  wire.signIn({ ...rootKey, secretAccessKey: "b".repeat(40) });
  wire.socket.write(read);
  assert.deepEqual((await wire.answer(2))?.codes, [4, 23, 31, 33]);
  // Of the right key, but of another account than the cluster's.
  wire.signIn(rootKey);
  wire.socket.write(read);
  assert.deepEqual((await wire.answer(2))?.codes, [4, 37, 38, 42]);
  wire.signIn(keys);
  wire.socket.write(read);
  assert.equal((await wire.answer(2))?.reader?.mapLength(), 0);
  wire.socket.destroy();
});

test("requests are answered in their order, however their bytes are cut", async () => {
  const { port, keys } = await clusterPort();
  const wire = new DaxWire(port);
  const bytes = Buffer.concat([
    greeting(),
    authorization(keys),
    read,
    request(endpoints).finish(),
    read,
  ]);
  for (const byte of bytes) wire.socket.write(Buffer.of(byte));
  assert.equal((await wire.answer(2))?.reader?.mapLength(), 0);
  assert.equal((await wire.answer(2))?.reader?.arrayLength(), 1);
  assert.equal((await wire.answer(2))?.reader?.mapLength(), 0);
  wire.socket.write(Buffer.concat(Array.from({ length: 500 }, () => read)));
  for (let count = 0; count < 500; count += 1) {
    assert.equal((await wire.answer(2))?.reader?.mapLength(), 0);
  }
  wire.socket.destroy();
});

test("a client that asks for it learns each answer's length first", async () => {
  const { port, keys } = await clusterPort();
  const wire = new DaxWire(port);
  let received = Buffer.alloc(0);
  wire.socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  });
  const unknown = request(getItem)
    .byteString(Buffer.from("Missing"))
    .byteString(Buffer.of(1))
    .null();
  wire.socket.end(Buffer.concat([greeting(1), authorization(keys), read, read, unknown.finish()]));
  await wire.closed;
  for (const success of [true, true, false]) {
    const length = received.readUInt32BE(0);
    // The fifth byte's lowest bit: the answer ends here.
    assert.deepEqual([...received.subarray(4, 8)], [1, 0, 0, 0]);
    assert.equal(received[8] === 0x80, success);
    if (success) assert.equal(received.toString("hex", 8, length), "80a0");
    received = received.subarray(length);
  }
  assert.equal(received.length, 0);
});

test("a list of names is one number's, whether it is sent as a list or as a set", async () => {
  const { port, keys } = await clusterPort();
  const wire = new DaxWire(port);
  wire.greet();
  wire.signIn(keys);
  const id = await wire.listId(["a", "b"]);
  wire.socket.write(request(-1230579644).tag(3321).array(2).text("a").text("b").finish());
  assert.equal((await wire.answer(2))?.reader?.integer(), id);
  wire.socket.destroy();
});

test("a list of names has one number for good", async () => {
  const { port, keys } = await clusterPort();
  const ids: (number | undefined)[] = [];
  for (let connection = 0; connection < 2; connection += 1) {
    const wire = new DaxWire(port);
    wire.greet();
    wire.signIn(keys);
    ids.push(await wire.listId(["a", "b"]), await wire.listId(["ab"]), await wire.listId([]));
    wire.socket.destroy();
  }
  assert.deepEqual(ids.slice(0, 3), ids.slice(3));
  assert.equal(new Set(ids).size, 3);
  assert.equal(ids[2], 1);
});

test("another protocol, another service and a request without end are shown the door", async () => {
  const { port, keys } = await clusterPort();
  const signedIn = Buffer.concat([greeting(), authorization(keys)]);
  const endless = Buffer.concat([
    signedIn,
    request(getItem).finish(),
    Buffer.from("5a7fffffff", "hex"),
  ]);
  for (const bytes of [
    Buffer.from("GET / HTTP/1.1\r\nHost: here\r\n\r\n"),
    Buffer.concat([greeting(), Buffer.of(2, 0)]),
    Buffer.concat([greeting(), request(12345).finish()]),
    Buffer.concat([greeting(), Buffer.of(0xff)]),
    // Before signing in a few kilobytes are enough.
    Buffer.concat([
      greeting(),
      request(getItem).finish(),
      Buffer.from("5a00100000", "hex"),
      Buffer.alloc(20_000),
    ]),
    Buffer.concat([signedIn, request(getItem).finish(), Buffer.alloc(300, 0x81)]),
  ]) {
    const wire = new DaxWire(port);
    wire.socket.write(bytes);
    await wire.closed;
  }
  const wire = new DaxWire(port);
  wire.socket.write(endless);
  const more = Buffer.alloc(1024 * 1024);
  for (let sent = 0; sent < 24 && !wire.socket.destroyed; sent += 1) {
    if (!wire.socket.write(more)) {
      await Promise.race([
        wire.closed,
        new Promise<void>((resolve) => wire.socket.once("drain", () => resolve())),
      ]);
    }
  }
  await wire.closed;
});

test("mutilated requests get an error or a closed connection, and the server goes on", async () => {
  const { port, keys } = await clusterPort();
  const random = seededRandom(20_261_125);
  const signedIn = Buffer.concat([greeting(), authorization(keys)]);
  const valid = validRequests();
  for (let round = 0; round < 300; round += 1) {
    const wire = new DaxWire(port);
    wire.socket.write(signedIn);
    const bytes = Buffer.from(valid[random.below(valid.length)]!);
    // The method stays: what is meant to be hurt are its parameters.
    const places = 1 + random.below(4);
    for (let count = 0; count < places; count += 1) {
      bytes[6 + random.below(bytes.length - 6)] = random.below(256);
    }
    wire.socket.write(bytes);
    // Ends a request that now waits for more, and asks whether somebody is there.
    wire.socket.end(Buffer.concat([Buffer.alloc(64, 0xf6), read]));
    await wire.closed;
  }
  const wire = new DaxWire(port);
  wire.socket.write(Buffer.concat([signedIn, read]));
  assert.notEqual(await wire.answer(2), undefined);
  wire.socket.destroy();
});

/** One of each kind that takes parameters. */
function validRequests(): Buffer[] {
  const table = Buffer.from("Songs");
  const key = Buffer.from("1");
  // `#n0 = :v0`, as a tree.
  const condition = Buffer.from("8301830082126269648211008161 31".replaceAll(" ", ""), "hex");
  assert.equal(new CborReader(condition).arrayLength(), 3);
  const methods = { put: -2106490455, update: 1425579023, remove: 1013539361 };
  return [
    read,
    request(methods.put).byteString(table).byteString(key).byteString(Buffer.of(1)).null().finish(),
    request(methods.update)
      .byteString(table)
      .byteString(key)
      .map(1)
      .integer(4)
      .byteString(condition)
      .finish(),
    request(methods.remove).byteString(table).byteString(key).map(1).integer(7).integer(2).finish(),
    request(-931250863).byteString(table).byteString(condition).null().finish(),
    request(-1875390620)
      .byteString(table)
      .map(2)
      .integer(13)
      .integer(5)
      .integer(10)
      .byteString(condition)
      .finish(),
    request(-697851100)
      .map(1)
      .text("Songs")
      .array(3)
      .boolean(false)
      .null()
      .array(1)
      .byteString(key)
      .null()
      .finish(),
    request(116217951)
      .map(1)
      .text("Songs")
      .array(2)
      .byteString(key)
      .byteString(Buffer.of(1))
      .null()
      .finish(),
    request(1866287579).array(1).byteString(table).array(1).byteString(key).null().null().finish(),
    request(-1160037738)
      .array(1)
      .integer(2)
      .array(1)
      .byteString(table)
      .array(1)
      .byteString(key)
      .array(1)
      .byteString(Buffer.of(1))
      .null()
      .null()
      .null()
      .null()
      .null()
      .finish(),
    request(-742646399).byteString(table).finish(),
    request(-1230579644).array(2).text("a").text("b").finish(),
    request(670678385).integer(1).finish(),
  ];
}
