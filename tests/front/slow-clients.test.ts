import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answersIn, bothFronts, frontUnderTest, get, post } from "./harness.ts";

for (const http1 of bothFronts)
  void describe(`slow and greedy clients, ${http1}`, () => {
    void test("headers that drip in are given up with 408", async () => {
      const { connect, world } = await frontUnderTest(http1, {
        limits: { headersTimeoutMs: 10_000 },
      });
      const client = connect();
      await client.send("GET / HTTP/1.1\r\nHost: x\r\n");
      for (let second = 0; second < 9; second += 1) {
        await world.clock.advance(1000);
        await client.send(`X-${second}: y\r\n`);
        assert.equal(client.received, "");
      }
      await world.clock.advance(3000);
      assert.deepEqual(client.statuses, [408]);
      assert.ok(client.ended);
    });

    void test("headers of a later request may not drip either", async () => {
      const { connect, world } = await frontUnderTest(http1, {
        limits: { headersTimeoutMs: 10_000 },
      });
      const client = connect();
      await client.send(get("/1"));
      await world.clock.advance(60_000);
      await client.send("GET /2 HTTP/1.1\r\n");
      await world.clock.advance(15_000);
      assert.deepEqual(client.statuses, [200, 408]);
    });

    void test("a connection that never says anything is closed", async () => {
      const { connect, world } = await frontUnderTest(http1, {
        limits: { headersTimeoutMs: 10_000 },
      });
      const client = connect();
      await world.clock.advance(9000);
      assert.ok(!client.ended);
      await world.clock.advance(3000);
      assert.ok(client.ended);
    });

    void test("an idle connection is closed without a word, and later than any request needs", async () => {
      const { connect, world } = await frontUnderTest(http1, { limits: { idleTimeoutMs: 60_000 } });
      const client = connect();
      await client.send(get("/1"));
      await world.clock.advance(55_000);
      assert.ok(!client.ended);
      await client.send(get("/2"));
      await world.clock.advance(55_000);
      assert.ok(!client.ended);
      await world.clock.advance(10_000);
      assert.ok(client.ended);
      assert.deepEqual(client.statuses, [200, 200]);
    });

    void test("a handler may take as long as it likes", async () => {
      let open: (() => void) | undefined;
      const { connect, world, settle } = await frontUnderTest(http1, {
        handler: () =>
          new Promise((resolve) => {
            open = () => resolve({ status: 200, headers: {}, body: "at last" });
          }),
      });
      const client = connect();
      await client.send(get("/long-poll"));
      await world.clock.advance(3_600_000);
      open?.();
      await settle();
      assert.deepEqual(client.bodies, ["at last"]);
    });

    void test("a body that stands still is given up with 408", async () => {
      const { connect, world } = await frontUnderTest(http1, { limits: { bodyTimeoutMs: 10_000 } });
      const client = connect();
      await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
      await world.clock.advance(9000);
      assert.equal(client.received, "");
      await world.clock.advance(4000);
      assert.deepEqual(client.statuses, [408]);
      assert.ok(client.ended);
    });

    void test("a body that drips slower than the rate is given up, a steady one is not", async () => {
      const limits = { bodyTimeoutMs: 10_000, bodyMinimumBytesPerSecond: 100 };
      const { connect, world } = await frontUnderTest(http1, { limits });
      const drips = connect();
      const steady = connect();
      await drips.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
      await steady.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6000\r\n\r\n");
      for (let second = 0; second < 30; second += 1) {
        if (!drips.ended) await drips.send("1");
        await steady.send("s".repeat(200));
        await world.clock.advance(1000);
      }
      assert.deepEqual(drips.statuses, [408]);
      assert.deepEqual(steady.statuses, [200]);
    });

    void test("a client that never reads is cut off, and what waits for it stays small", async () => {
      const chunk = Buffer.alloc(64 * 1024, "x");
      let yielded = 0;
      async function* endless() {
        for (;;) {
          yielded += chunk.length;
          yield chunk;
        }
      }
      const { connect, world, settle, requests } = await frontUnderTest(http1, {
        handler: () => ({ status: 200, headers: {}, body: endless() }),
        limits: { writeTimeoutMs: 30_000 },
      });
      await world.clock.advance(3_600_000);
      const client = connect();
      client.connection.pause();
      client.connection.write(get("/endless"));
      await settle();
      const before = yielded;
      assert.ok(before < 2_000_000, `${before} bytes were made for somebody who does not read`);
      await world.clock.advance(29_000);
      assert.equal(yielded, before);
      assert.equal(requests[0]?.signal.aborted, false, "not given up before its time");
      await world.clock.advance(5000);
      client.connection.resume();
      await settle();
      assert.ok(client.ended);
    });

    void test("a client that pipelines without reading is made to wait", async () => {
      const body = Buffer.alloc(100_000, "x");
      const { connect, requests, settle } = await frontUnderTest(http1, {
        handler: () => ({ status: 200, headers: {}, body }),
        limits: { pipelineDepth: 8 },
      });
      const client = connect();
      client.connection.pause();
      for (let i = 0; i < 500; i += 1) client.connection.write(get(`/${i}`));
      await settle();
      assert.ok(requests.length < 100, `${requests.length} answers wait for one client`);
      client.connection.resume();
      await settle();
      assert.equal(answersIn(client.received).length, 500);
    });

    void test("a reader of a stream sets the pace of the upload", async () => {
      let next: (() => void) | undefined;
      let taken = 0;
      const { connect, settle } = await frontUnderTest(http1, {
        async handler(request) {
          for await (const chunk of request.body.stream()) {
            taken += chunk.length;
            await new Promise<void>((resolve) => {
              next = resolve;
            });
          }
          return { status: 200, headers: {}, body: String(taken) };
        },
      });
      const client = connect();
      const total = 8_000_000;
      client.connection.write(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${total}\r\n\r\n`);
      let written = 0;
      let blocked = 0;
      for (; written < total; written += 50_000)
        if (!client.connection.write(Buffer.alloc(50_000))) blocked += 1;
      await settle();
      assert.ok(blocked > 0);
      assert.ok(client.connection.writableLength > total / 2, "the client is held back");
      while (client.received === "") {
        next?.();
        await settle();
      }
      assert.deepEqual(client.bodies, [String(total)]);
    });

    void test("a body beyond what its reader takes is 413, announced or not", async () => {
      const { connect } = await frontUnderTest(http1, {
        async handler(request) {
          await request.body.bytes(10);
          return { status: 200, headers: {}, body: "x" };
        },
      });
      const exact = connect();
      await exact.send(post("/", "0123456789"));
      assert.deepEqual(exact.statuses, [200]);
      const announced = connect();
      await announced.send(post("/", "0123456789a"));
      assert.deepEqual(announced.statuses, [413]);
      const chunked = connect();
      await chunked.send(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n",
      );
      assert.deepEqual(chunked.statuses, [413]);
    });

    void test("limits of the head: 414 for the line, 431 for headers too many or too long", async () => {
      const limits = { headerBytes: 8000, requestLineBytes: 2000, headerCount: 50 };
      const status = async (request: string) => {
        const { connect } = await frontUnderTest(http1, { limits });
        const client = connect();
        await client.send(request);
        assert.ok(client.ended);
        return client.statuses;
      };
      assert.deepEqual(await status(get(`/${"a".repeat(2000)}`)), [414]);
      assert.deepEqual(await status(get("/", `X: ${"a".repeat(8000)}\r\n`)), [431]);
      assert.deepEqual(await status(get("/", `X-${"a".repeat(8000)}: b\r\n`)), [431]);
      assert.deepEqual(await status(get("/", "X: a\r\n".repeat(60))), [431]);
      assert.deepEqual(
        await status(`GET / HTTP/1.1\r\nHost: x\r\n${"X: aaaaaaa\r\n".repeat(1500)}`),
        [431],
      );
    });

    void test("endless chunk extensions and trailers are refused", async () => {
      const head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
      for (const rest of [
        `3;${"a".repeat(20_000)}`,
        `3\r\nabc\r\n0\r\n${"X: aaaaaaaaaaaaaa\r\n".repeat(8000)}`,
      ]) {
        const { connect } = await frontUnderTest(http1);
        const client = connect();
        await client.send(head + rest);
        assert.ok([413, 431].includes(client.statuses[0] ?? 0), client.received);
        assert.ok(client.ended);
      }
    });

    void test("connections beyond the limit are told so, and room is made when one leaves", async () => {
      const { connect, settle } = await frontUnderTest(http1, { limits: { maxConnections: 2 } });
      const first = connect();
      await first.send(get("/1"));
      const second = connect();
      await second.send(get("/2"));
      const third = connect();
      await settle();
      assert.deepEqual(third.statuses, [503]);
      assert.ok(third.ended);
      first.connection.end();
      await settle();
      const fourth = connect();
      await fourth.send(get("/4"));
      assert.deepEqual(fourth.bodies, ["GET /4:"]);
    });

    void test("a TLS hello is not answered in plain text", async () => {
      const { connect } = await frontUnderTest(http1);
      const client = connect();
      await client.send(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]));
      assert.equal(client.received, "");
      assert.ok(client.ended);
    });

    void test("a server without connections sets no alarms", async () => {
      const { connect, world, settle, front } = await frontUnderTest(http1);
      const client = connect();
      await client.send(get("/"));
      client.connection.end();
      await settle();
      await world.clock.advance(10_000_000);
      await front.close();
    });
  });
