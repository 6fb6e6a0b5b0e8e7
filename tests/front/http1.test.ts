import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HttpResponse } from "#gateway/front/http.ts";
import { answersIn, bothFronts, frontUnderTest, get, post } from "./harness.ts";

const text = (body: string): HttpResponse => ({ status: 200, headers: {}, body });

for (const http1 of bothFronts)
  void describe(`HTTP/1.1, ${http1}`, () => {
    void test("an answer has its length and the date, and the connection stays", async () => {
      const { connect, world } = await frontUnderTest(http1);
      const client = connect();
      await client.send(post("/a?b=c", "hello"));
      await client.send(get("/d"));
      const [first, second] = answersIn(client.received);
      assert.equal(first?.body, "POST /a?b=c:hello");
      assert.equal(first.headers["content-length"], "17");
      assert.equal(first.headers["date"], "Thu, 01 Jan 2026 00:00:00 GMT");
      assert.equal(second?.body, "GET /d:");
      assert.ok(!client.ended);
      await world.clock.advance(61_000);
      await client.send(get("/later"));
      assert.equal(answersIn(client.received)[2]?.headers["date"], "Thu, 01 Jan 2026 00:01:01 GMT");
    });

    void test("headers reach the handler in lower case, joined when sent twice", async () => {
      const { connect, requests } = await frontUnderTest(http1);
      await connect().send(
        get(
          "/",
          "X-A: 1\r\nx-a: 2\r\nCookie: a=1\r\ncookie: b=2\r\n__proto__: p\r\nconstructor: c\r\n",
        ),
      );
      const { headers, remoteAddress, httpVersion } = requests[0]!;
      assert.equal(headers["x-a"], "1,2");
      assert.equal(headers["cookie"], "a=1; b=2");
      assert.equal(headers["__proto__"], "p");
      assert.equal(headers["constructor"], "c");
      assert.equal(headers["toString"], undefined);
      assert.equal(remoteAddress, "127.0.0.1");
      assert.equal(httpVersion, "1.1");
    });

    void test("more headers than the parser hands over at once arrive whole", async () => {
      const { connect, requests } = await frontUnderTest(http1);
      const lines = Array.from({ length: 100 }, (_, i) => `x-${i}: ${i}\r\n`).join("");
      await connect().send(get("/many", lines));
      assert.equal(requests[0]?.path, "/many");
      assert.equal(requests[0].headers["x-0"], "0");
      assert.equal(requests[0].headers["x-99"], "99");
    });

    void test("pipelined requests are handled one at a time and answered in order", async () => {
      const open: ((response: HttpResponse) => void)[] = [];
      const { connect, requests, settle } = await frontUnderTest(http1, {
        handler: () => new Promise((resolve) => open.push(resolve)),
      });
      const client = connect();
      await client.send(get("/1") + post("/2", "two") + get("/3"));
      assert.deepEqual(
        requests.map((request) => request.path),
        ["/1"],
      );
      open[0]?.(text("one"));
      await settle();
      assert.deepEqual(client.bodies, ["one"]);
      assert.deepEqual(
        requests.map((request) => request.path),
        ["/1", "/2"],
      );
      open[1]?.(text("two"));
      await settle();
      open[2]?.(text("three"));
      await settle();
      assert.deepEqual(client.bodies, ["one", "two", "three"]);
    });

    void test("hundreds of pipelined requests are all answered, whole and in order", async () => {
      for (const fragments of [false, true]) {
        const { connect, world } = await frontUnderTest(http1, { seed: 3 });
        world.sockets.fragments = fragments;
        const client = connect();
        const paths = Array.from({ length: 300 }, (_, i) => `/${i}`);
        await client.send(paths.map((path) => post(path, `body of ${path}`)).join(""));
        assert.deepEqual(
          client.bodies,
          paths.map((path) => `POST ${path}:body of ${path}`),
        );
      }
    });

    void test("a request in the smallest pieces is the same request", async () => {
      const { connect } = await frontUnderTest(http1);
      const client = connect();
      for (const character of post("/slow", "abc", "X-Y: z\r\n")) await client.send(character);
      assert.deepEqual(client.bodies, ["POST /slow:abc"]);
    });

    void test("HEAD gets the length but no body, and the next request its answer", async () => {
      const { connect } = await frontUnderTest(http1);
      const client = connect();
      await client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n");
      const [answer] = answersIn(client.received, true);
      assert.equal(answer?.headers["content-length"], "8");
      assert.ok(client.received.endsWith("\r\n\r\n"));
      const before = client.received.length;
      await client.send(get("/n"));
      assert.deepEqual(answersIn(client.received.slice(before))[0]?.body, "GET /n:");
    });

    void test("a length that the handler gives for HEAD is kept", async () => {
      const { connect } = await frontUnderTest(http1, {
        handler: () => ({ status: 200, headers: { "Content-Length": "12345" } }),
      });
      const client = connect();
      await client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n");
      assert.equal(answersIn(client.received, true)[0]?.headers["content-length"], "12345");
    });

    void test("204 and 304 have no body and no length", async () => {
      for (const status of [204, 304]) {
        const { connect } = await frontUnderTest(http1, {
          handler: () => ({ status, headers: {}, body: "not sent" }),
        });
        const client = connect();
        await client.send(get("/") + get("/"));
        assert.deepEqual(client.statuses.slice(0, 2), [status, status]);
        assert.doesNotMatch(client.received, /not sent|content-length: 0/i);
      }
    });

    void test("bodies may be text, bytes, parts or a stream; a stream without length is chunked", async () => {
      const bodies: Record<string, HttpResponse["body"]> = {
        "/text": "grüße",
        "/bytes": Buffer.from("bytes"),
        "/parts": [Buffer.from("p1"), Buffer.from("p2")],
        "/none": undefined,
        "/large": Buffer.alloc(3_000_000, "x"),
      };
      async function* stream() {
        yield Buffer.from("a");
        yield Buffer.alloc(0);
        yield Buffer.from("bc");
      }
      const { connect } = await frontUnderTest(http1, {
        handler: ({ path }) => ({
          status: 200,
          headers: path === "/sized" ? { "Content-Length": "3" } : {},
          body: path === "/stream" || path === "/sized" ? stream() : bodies[path],
        }),
      });
      const client = connect();
      for (const path of ["/text", "/bytes", "/parts", "/none", "/stream", "/sized", "/large"])
        await client.send(get(path));
      const answers = answersIn(client.received);
      assert.deepEqual(
        answers.slice(0, 6).map((answer) => Buffer.from(answer.body, "latin1").toString()),
        ["grüße", "bytes", "p1p2", "", "abc", "abc"],
      );
      assert.equal(answers[4]?.headers["transfer-encoding"], "chunked");
      assert.equal(answers[5]?.headers["content-length"], "3");
      assert.equal(answers[6]?.body.length, 3_000_000);
    });

    void test("a stream that fails cuts the connection, so that the client knows", async () => {
      async function* broken() {
        yield Buffer.from("some");
        throw new Error("disk on fire");
      }
      const { connect, failures } = await frontUnderTest(http1, {
        handler: () => ({ status: 200, headers: {}, body: broken() }),
      });
      const client = connect();
      await client.send(get("/"));
      assert.ok(client.ended);
      assert.doesNotMatch(client.received, /0\r\n\r\n$/);
      assert.equal(failures.length, 1);
    });

    void test("HTTP/1.0 closes unless asked to stay, and never gets chunks", async () => {
      async function* stream() {
        yield Buffer.from("streamed");
      }
      const { connect } = await frontUnderTest(http1, {
        handler: ({ path }) =>
          path === "/s" ? { status: 200, headers: {}, body: stream() } : text("plain"),
      });
      const stays = connect();
      await stays.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      assert.ok(!stays.ended);
      assert.match(stays.received, /connection: keep-alive/i);
      const closes = connect();
      await closes.send("GET /a HTTP/1.0\r\n\r\n");
      assert.ok(closes.ended);
      const streamed = connect();
      await streamed.send("GET /s HTTP/1.0\r\n\r\n");
      assert.ok(streamed.ended);
      assert.doesNotMatch(streamed.received, /transfer-encoding/i);
      assert.ok(streamed.received.endsWith("\r\n\r\nstreamed"));
    });

    void test("Connection: close is honoured from both sides", async () => {
      const { connect } = await frontUnderTest(http1, {
        handler: ({ path }) => ({
          status: 200,
          headers: path === "/c" ? { Connection: "close" } : {},
          body: "x",
        }),
      });
      const asks = connect();
      await asks.send(get("/", "Connection: close\r\n"));
      assert.ok(asks.ended);
      assert.match(asks.received, /connection: close/i);
      const told = connect();
      await told.send(get("/c") + get("/never"));
      assert.ok(told.ended);
      assert.equal(told.statuses.length, 1);
    });

    void test("an absolute target is taken apart, and its host counts", async () => {
      const { connect, requests } = await frontUnderTest(http1);
      const client = connect();
      await client.send(
        "GET http://queue.example:99/a/b?c HTTP/1.1\r\nHost: proxy\r\n\r\nGET http://h?x HTTP/1.1\r\nHost: proxy\r\n\r\n",
      );
      assert.equal(requests[0]?.headers["host"], "queue.example:99");
      assert.deepEqual(client.bodies, ["GET /a/b?c:", "GET /?x:"]);
    });

    void test("OPTIONS * is a request", async () => {
      const { connect } = await frontUnderTest(http1);
      const client = connect();
      await client.send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
      assert.deepEqual(client.bodies, ["OPTIONS *:"]);
    });

    void test("100 Continue is sent when the handler asks for the body, and not before", async () => {
      let open: (() => void) | undefined;
      const { connect, settle } = await frontUnderTest(http1, {
        async handler(request) {
          await new Promise<void>((resolve) => {
            open = resolve;
          });
          return text(String(await request.body.bytes(100)));
        },
      });
      const client = connect();
      const head =
        "PUT /o HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-Continue\r\n\r\n";
      await client.send(head);
      assert.equal(client.received, "");
      open?.();
      await settle();
      assert.deepEqual(client.statuses, [100]);
      await client.send("body");
      assert.deepEqual(client.statuses, [100, 200]);
      assert.equal(client.bodies[1], "body");
      assert.ok(!client.ended);
    });

    void test("a client that did not wait for 100 Continue is not sent one", async () => {
      const { connect } = await frontUnderTest(http1);
      const client = connect();
      await client.send(post("/p", "now", "Expect: 100-continue\r\n"));
      assert.equal(client.statuses.at(-1), 200);
      assert.equal(answersIn(client.received).at(-1)?.body, "POST /p:now");
    });

    void test("a refusal before 100 Continue ends the connection: nobody knows what comes next", async () => {
      const { connect } = await frontUnderTest(http1, {
        handler: () => ({ status: 403, headers: {}, body: "no" }),
      });
      const client = connect();
      await client.send(
        "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
      );
      assert.deepEqual(client.statuses, [403]);
      assert.match(client.received, /connection: close/i);
      assert.ok(client.ended);
    });

    void test("a body that nobody read is skipped and the connection stays", async () => {
      const { connect } = await frontUnderTest(http1, {
        handler: ({ path }) => text(path),
      });
      const client = connect();
      await client.send("POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
      assert.deepEqual(client.bodies, ["/unread"]);
      await client.send(`def${get("/next")}`);
      assert.deepEqual(client.bodies, ["/unread", "/next"]);
    });

    void test("what goes wrong in a body after its answer ends the connection without a second answer", async () => {
      const head = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
      const setup = { handler: () => text("answered early"), limits: { discardBytes: 10_000 } };
      const broken = await frontUnderTest(http1, setup);
      const liar = broken.connect();
      await liar.send(head);
      await liar.send("xyz\r\n");
      assert.deepEqual(liar.bodies, ["answered early"]);
      assert.ok(liar.ended);
      const slow = await frontUnderTest(http1, setup);
      const sleeper = slow.connect();
      await sleeper.send(head);
      await slow.world.clock.advance(300_000);
      assert.deepEqual(sleeper.bodies, ["answered early"]);
      assert.ok(sleeper.ended);
      const endless = await frontUnderTest(http1, setup);
      const talker = endless.connect();
      await talker.send(head);
      for (let i = 0; i < 5; i += 1) await talker.send(`1000\r\n${"z".repeat(4096)}\r\n`);
      await endless.world.clock.advance(1000);
      assert.deepEqual(talker.bodies, ["answered early"]);
      assert.ok(talker.ended);
    });

    void test("an unread body too long to skip ends the connection", async () => {
      const { connect } = await frontUnderTest(http1, {
        handler: () => text("no thanks"),
        limits: { discardBytes: 1000 },
      });
      const client = connect();
      await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nabc");
      assert.match(client.received, /connection: close/i);
      assert.ok(client.ended);
    });

    void test("a handler that throws becomes a 500 that tells nothing", async () => {
      const { connect, failures } = await frontUnderTest(http1, {
        handler({ path }) {
          if (path === "/sync") throw new Error("secret");
          return Promise.reject(new Error("secret"));
        },
      });
      const client = connect();
      await client.send(get("/sync") + get("/async"));
      assert.deepEqual(client.statuses, [500, 500]);
      assert.doesNotMatch(client.received, /secret/);
      assert.equal(failures.length, 2);
    });

    void test("a header that would split the answer is never sent", async () => {
      for (const value of ["a\r\nSet-Cookie: b", "a\nb", "a\0b", "grüße 🐇"]) {
        const { connect } = await frontUnderTest(http1, {
          handler: () => ({ status: 200, headers: { "x-a": value }, body: "x" }),
        });
        const client = connect();
        await client.send(get("/"));
        assert.deepEqual(client.statuses, [500], value);
        assert.doesNotMatch(client.received, /Set-Cookie/);
      }
    });

    void test("a header with several values is several lines", async () => {
      const { connect } = await frontUnderTest(http1, {
        handler: () => ({ status: 200, headers: { "Set-Cookie": ["a=1", "b=2"] } }),
      });
      const client = connect();
      await client.send(get("/"));
      assert.match(client.received, /Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n/);
    });

    void test("a client that goes away aborts its request and breaks its body", async () => {
      const seen: string[] = [];
      const { connect, settle, requests } = await frontUnderTest(http1, {
        async handler(request) {
          request.signal.addEventListener("abort", () => seen.push("aborted"));
          try {
            await request.body.bytes(1000);
          } catch (failure) {
            seen.push((failure as Error).name);
            throw failure;
          }
          return text("never");
        },
      });
      const client = connect();
      await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
      client.connection.destroy();
      await settle();
      assert.ok(seen.includes("BodyBroken"));
      assert.equal(requests[0]?.body.complete, false);
    });

    void test("a client that goes away while its answer is made aborts the request", async () => {
      const { connect, settle, requests, failures } = await frontUnderTest(http1, {
        handler: (request) =>
          new Promise((resolve) => {
            request.signal.addEventListener("abort", () => resolve(text("too late")));
          }),
      });
      const client = connect();
      await client.send(get("/"));
      client.connection.destroy(new Error("reset"));
      await settle();
      assert.equal(requests[0]?.signal.aborted, true);
      assert.deepEqual(failures, []);
    });

    void test("a client that closes its side ends the waiting of a long poll", async () => {
      const { connect, settle, requests } = await frontUnderTest(http1, {
        handler: (request) =>
          new Promise((resolve) => {
            request.signal.addEventListener("abort", () => resolve(text("nothing was taken")));
          }),
      });
      const client = connect();
      await client.send(get("/long-poll"));
      client.connection.end();
      await settle();
      assert.equal(requests[0]?.signal.aborted, true);
      assert.ok(client.ended);
    });

    void test("a stream's source is let go when the client leaves", async () => {
      let letGo = 0;
      async function* endless() {
        try {
          for (;;) yield Buffer.alloc(100_000);
        } finally {
          letGo += 1;
        }
      }
      const { connect, settle } = await frontUnderTest(http1, {
        handler: () => ({ status: 200, headers: {}, body: endless() }),
      });
      const client = connect();
      client.connection.pause();
      client.connection.write(get("/"));
      await settle();
      client.connection.destroy(new Error("reset"));
      await settle();
      assert.equal(letGo, 1);
    });

    void test("a client that has said all and only listens still gets its answer", async () => {
      const { connect, settle } = await frontUnderTest(http1);
      const client = connect();
      client.connection.end(get("/last"));
      await settle();
      assert.deepEqual(client.bodies, ["GET /last:"]);
      assert.ok(client.ended);
    });

    void test("closing the front lets requests in flight finish and idle connections go", async () => {
      let open: ((response: HttpResponse) => void) | undefined;
      const { connect, settle, front } = await frontUnderTest(http1, {
        handler: ({ path }) =>
          path === "/idle"
            ? text("idle")
            : new Promise((resolve) => {
                open = resolve;
              }),
      });
      const idle = connect();
      await idle.send(get("/idle"));
      const busy = connect();
      await busy.send(get("/busy"));
      const silent = connect();
      await settle();
      let closed = false;
      const closing = front.close().then(() => {
        closed = true;
      });
      await settle();
      assert.ok(idle.ended);
      assert.ok(silent.ended);
      assert.ok(!busy.ended && !closed);
      open?.(text("done"));
      await settle();
      assert.deepEqual(busy.bodies, ["done"]);
      assert.match(busy.received, /connection: close/i);
      idle.connection.end();
      busy.connection.end();
      silent.connection.end();
      await closing;
    });

    void test("closing waits no longer than its grace", async () => {
      const { connect, front, world } = await frontUnderTest(http1, {
        handler: () => new Promise(() => {}),
        limits: { closeGraceMs: 5000 },
      });
      const client = connect();
      await client.send(get("/stuck"));
      const closing = front.close();
      await world.clock.advance(5001);
      await closing;
      assert.ok(client.ended);
    });
  });
