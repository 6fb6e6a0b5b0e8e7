import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Model } from "#models/shape-table.ts";
import {
  encodeEvents,
  encodeFrame,
  type EventFrame,
  type EventHeader,
  FrameReader,
} from "./event-stream.ts";
import { jsonProtocol } from "./json.ts";
import { WireProblem } from "./protocol.ts";
import { ServiceModel } from "./shapes.ts";

const values: fc.Arbitrary<EventHeader> = fc.oneof(
  fc.boolean(),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.string(),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  fc.date({ noInvalidDate: true }),
);
const names = fc.string({ minLength: 1, maxLength: 20, unit: "binary-ascii" });
const frames = fc.record({
  headers: fc.dictionary(names, values).map((headers) => ({ ...headers })),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});

describe("event stream frames", () => {
  it("have the bytes of the published sample", () => {
    // An empty frame, as in the test vectors of AWS's own implementations.
    const empty = encodeFrame({ headers: {}, payload: Buffer.alloc(0) });
    assert.equal(empty.toString("hex"), "000000100000000005c248eb7d98c8ff");
    const payload = Buffer.from("{'foo':'bar'}");
    assert.equal(
      encodeFrame({ headers: {}, payload }).toString("hex"),
      "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936",
    );
  });

  it("are read back, whatever the portions they arrive in", () => {
    fc.assert(
      fc.property(
        fc.array(frames, { maxLength: 4 }),
        fc.integer({ min: 1, max: 50 }),
        (sent, portion) => {
          const bytes = Buffer.concat(sent.map(encodeFrame));
          const reader = new FrameReader();
          const read = [];
          for (let at = 0; at < bytes.length; at += portion)
            read.push(...reader.push(bytes.subarray(at, at + portion)));
          reader.end();
          const plain = (all: EventFrame[]) =>
            all.map(({ headers, payload }) => ({
              headers: { ...headers },
              payload: payload.toString("hex"),
            }));
          assert.deepEqual(plain(read), plain(sent));
        },
      ),
      { seed: 3, numRuns: 200 },
    );
  });

  it("are refused with a problem when a byte is wrong or the stream ends early", () => {
    const good = encodeFrame({ headers: { ":event-type": "Records" }, payload: Buffer.from("{}") });
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 0x55;
      const reader = new FrameReader();
      assert.throws(() => {
        reader.push(bad);
        reader.end();
      }, WireProblem);
    }
    const reader = new FrameReader();
    reader.push(good.subarray(0, -1));
    assert.throws(() => reader.end(), WireProblem);
  });
});

const model: Model = {
  source: "test",
  metadata: { apiVersion: "2020-01-01", endpointPrefix: "x", protocol: "json", serviceId: "X" },
  operations: { Do: { http: { method: "POST", requestUri: "/" }, output: { shape: "Out" } } },
  shapes: {
    Out: { type: "structure", members: { Name: { shape: "Text" }, Events: { shape: "Events" } } },
    Events: {
      type: "structure",
      eventstream: true,
      members: {
        Records: { shape: "Records" },
        Chunk: { shape: "Chunk" },
        End: { shape: "End" },
        Gone: { shape: "Gone" },
      },
    },
    Records: { type: "structure", event: true, members: { At: { shape: "Time" } } },
    Chunk: {
      type: "structure",
      event: true,
      members: { Payload: { shape: "Bytes", eventpayload: true } },
    },
    End: { type: "structure", event: true, members: {} },
    Gone: { type: "structure", exception: true, members: { message: { shape: "Text" } } },
    Time: { type: "timestamp" },
    Bytes: { type: "blob" },
    Text: { type: "string" },
  },
};

describe("event streams of an output", () => {
  it("carry each event with its type and payload", async () => {
    const shape = new ServiceModel("x", model).shape("Events");
    const events = (async function* () {
      yield { Records: { At: 1500 } };
      yield { Chunk: { Payload: Buffer.from("abc") } };
      yield { End: {} };
      yield { Gone: { message: "m" } };
    })();
    const reader = new FrameReader();
    const read = [];
    for await (const bytes of encodeEvents(events, shape, "json", Buffer.from("{}")))
      read.push(...reader.push(bytes));
    const plain = read.map(
      ({ headers, payload }) => `${Object.values(headers).join(" ")} ${payload.toString()}`,
    );
    assert.deepEqual(plain, [
      "event initial-response application/x-amz-json-1.1 {}",
      'event Records application/json {"At":1.5}',
      "event Chunk application/octet-stream abc",
      "event End ",
      'exception Gone application/json {"message":"m"}',
    ]);
  });

  it("follow the other members of a JSON protocol's output", async () => {
    const operation = new ServiceModel("x", model).operation("Do");
    assert(operation);
    const events = (async function* () {
      yield { End: {} };
    })();
    const { headers, stream } = jsonProtocol("1.1").encode(
      operation,
      { Name: "n", Events: events },
      "R",
    );
    assert.equal(headers["content-type"], "application/vnd.amazon.eventstream");
    assert(stream);
    const reader = new FrameReader();
    const read = [];
    for await (const bytes of stream) read.push(...reader.push(bytes));
    assert.deepEqual(
      read.map(({ headers, payload }) => `${String(headers[":event-type"])} ${payload.toString()}`),
      ['initial-response {"Name":"n"}', "End "],
    );
  });
});
