import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Model } from "#models/shape-table.ts";
import { legacyCborProtocol, rpcV2CborProtocol } from "./cbor-protocols.ts";
import { CborTime, CborWriter, decodeCbor } from "./cbor.ts";
import { WireProblem } from "./protocol.ts";
import { ServiceModel } from "./shapes.ts";

const hex = (text: string): unknown => decodeCbor(Buffer.from(text, "hex"));

describe("CBOR", () => {
  // From RFC 8949, appendix A.
  const samples: [string, unknown][] = [
    ["00", 0],
    ["17", 23],
    ["1818", 24],
    ["1903e8", 1000],
    ["1a000f4240", 1_000_000],
    ["1b000000e8d4a51000", 1_000_000_000_000],
    ["20", -1],
    ["3903e7", -1000],
    ["c249010000000000000000", 18_446_744_073_709_551_616],
    ["f93c00", 1],
    ["f90001", 5.960464477539063e-8],
    ["f97bff", 65504],
    ["f9c400", -4],
    ["f97e00", NaN],
    ["fa47c35000", 100_000],
    ["fb3ff199999999999a", 1.1],
    ["f97c00", Infinity],
    ["f4", false],
    ["f5", true],
    ["f6", null],
    ["f7", null],
    ["4401020304", Buffer.from([1, 2, 3, 4])],
    ["6449455446", "IETF"],
    ["63e6b0b4", "水"],
    ["83010203", [1, 2, 3]],
    ["a201020304", undefined],
    ["a26161016162820203", { a: 1, b: [2, 3] }],
    ["5f42010243030405ff", Buffer.from([1, 2, 3, 4, 5])],
    ["7f657374726561646d696e67ff", "streaming"],
    ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]],
    ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }],
    ["c11a514b67b0", new CborTime(1_363_896_240, true)],
    ["c1fb41d452d9ec200000", new CborTime(1_363_896_240.5, false)],
  ];
  for (const [bytes, value] of samples) {
    it(`reads ${bytes}`, () => {
      if (value === undefined) assert.throws(() => hex(bytes), WireProblem);
      else assert.deepEqual(hex(bytes), value);
    });
  }

  it("refuses what is cut off, goes on, or claims an impossible length", () => {
    for (const bytes of [
      "",
      "18",
      "62c3",
      "8201",
      "0000",
      "bf6161",
      "ff",
      "5f00ff",
      "9bffffffffffffffff",
      "7affffffff",
      "1f",
      "fc",
    ]) {
      assert.throws(() => hex(bytes), WireProblem, bytes);
    }
  });

  it("bounds the nesting", () => {
    assert.throws(() => decodeCbor(Buffer.alloc(1_000_000, 0x81)), WireProblem);
    assert.throws(() => decodeCbor(Buffer.alloc(1_000_000, 0xc1)), WireProblem);
  });
});

const model: Model = {
  source: "test",
  metadata: {
    apiVersion: "2020-01-01",
    endpointPrefix: "x",
    protocol: "smithy-rpc-v2-cbor",
    serviceId: "X",
    awsQueryCompatible: {},
  },
  operations: {
    Do: {
      http: { method: "POST", requestUri: "/" },
      input: { shape: "In" },
      output: { shape: "In" },
      errors: [{ shape: "Gone" }],
    },
  },
  shapes: {
    In: {
      type: "structure",
      members: {
        text: { shape: "Text" },
        count: { shape: "Count" },
        ratio: { shape: "Ratio" },
        flag: { shape: "Flag" },
        at: { shape: "Time" },
        bytes: { shape: "Bytes" },
        list: { shape: "List" },
        map: { shape: "Map" },
        inner: { shape: "In" },
        inners: { shape: "Ins" },
      },
    },
    Text: { type: "string" },
    Count: { type: "long" },
    Ratio: { type: "double" },
    Flag: { type: "boolean" },
    Time: { type: "timestamp" },
    Bytes: { type: "blob" },
    List: { type: "list", member: { shape: "Text" } },
    Ins: { type: "list", member: { shape: "In" } },
    Map: { type: "map", key: { shape: "Text" }, value: { shape: "Count" } },
    Gone: { type: "structure", exception: true, members: { message: { shape: "Text" } } },
  },
};
const service = new ServiceModel("x", model);
const operation = service.operation("Do");
assert(operation);

const decodeWith = (protocol: typeof rpcV2CborProtocol, body: Buffer): unknown =>
  protocol.decode(operation, { method: "POST", path: "/", query: "", headers: {}, body });

const leaf = {
  text: fc.string({ unit: "grapheme" }),
  count: fc.maxSafeInteger(),
  ratio: fc.double({ noNaN: true }),
  flag: fc.boolean(),
  at: fc.integer({ min: -8e12, max: 8e12 }),
  bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  list: fc.array(fc.string()),
  map: fc.dictionary(fc.string(), fc.maxSafeInteger()),
};
const inputs = fc.record(
  { ...leaf, inner: fc.record(leaf, { requiredKeys: [] }) },
  { requiredKeys: [] },
);

describe("the CBOR protocols", () => {
  for (const [name, protocol] of Object.entries({ rpcV2CborProtocol, legacyCborProtocol })) {
    it(`${name} reads back what it wrote`, () => {
      fc.assert(
        fc.property(inputs, (input) => {
          const { body } = protocol.encode(operation, input, "R");
          const plain = JSON.stringify(decodeWith(protocol, body));
          assert.equal(plain, JSON.stringify({ ...pick(input) }));
        }),
        { seed: 7, numRuns: 300 },
      );
    });

    it(`${name} answers bad bytes with a problem and nothing else`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), inputs, fc.nat(), (noise, input, at) => {
          const good = protocol.encode(operation, input, "R").body;
          const cut = at % good.length;
          for (const bytes of [
            Buffer.from(noise),
            Buffer.concat([good.subarray(0, cut), noise]),
            good.subarray(0, cut),
          ]) {
            try {
              decodeWith(protocol, bytes);
            } catch (error) {
              assert(error instanceof WireProblem, String(error));
            }
          }
        }),
        { seed: 8, numRuns: 400 },
      );
    });
  }

  it("take a null in a list of structures as one with nothing set, as JSON does", () => {
    const body = Buffer.from("a166696e6e65727381f6", "hex");
    assert.deepEqual(decodeWith(rpcV2CborProtocol, body), { inners: [{}] });
  });

  it("keep times in seconds or, the older one, in milliseconds", () => {
    const written = (protocol: typeof rpcV2CborProtocol) =>
      decodeCbor(protocol.encode(operation, { at: 1500 }, "R").body);
    assert.deepEqual(written(rpcV2CborProtocol), { at: new CborTime(1.5, false) });
    assert.deepEqual(written(legacyCborProtocol), { at: new CborTime(1500, true) });
  });

  it("read the float32 times that Java's client writes", () => {
    const writer = new CborWriter();
    writer.openMap();
    writer.text("at");
    writer.end();
    const body = Buffer.concat([
      writer.finish().subarray(0, -1),
      Buffer.from("c1fa44bb8000ff", "hex"),
    ]);
    assert.deepEqual(decodeWith(rpcV2CborProtocol, body), { at: 1_500_000 });
  });

  it("answer errors with type, message and the code of the query protocol", () => {
    const { status, headers, body } = rpcV2CborProtocol.encodeError(
      service,
      operation,
      { code: "Gone", message: "m" },
      "R",
    );
    assert.equal(status, 400);
    assert.equal(headers["smithy-protocol"], "rpc-v2-cbor");
    assert.equal(headers["x-amzn-query-error"], "Gone;Sender");
    assert.deepEqual(decodeCbor(body), { __type: "Gone", message: "m" });
  });
});

/** In the model's order and without what JSON cannot tell apart, to compare. */
function pick(input: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(model.shapes["In"]?.members ?? {});
  return Object.fromEntries(
    names
      .filter((name) => input[name] !== undefined)
      .map((name) => [
        name,
        name === "inner" ? pick(input[name] as Record<string, unknown>) : input[name],
      ]),
  );
}
