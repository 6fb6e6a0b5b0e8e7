import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { connect as connectTcp } from "node:net";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { Front, FrontLimits, HttpHandler, HttpRequest } from "#gateway/front/http.ts";
import { openFront } from "#gateway/front/open-front.ts";
import { realWorld } from "#world/real.ts";
import { simulatedWorld } from "#world/simulated.ts";
import type { SimulatedClock } from "#world/simulated-clock.ts";
import { echo } from "./harness.ts";

interface Http2UnderTest {
  readonly front: Front;
  readonly clock: SimulatedClock;
  readonly session: ClientHttp2Session;
  readonly requests: HttpRequest[];
  readonly failures: unknown[];
  readonly url: string;
}

/** Real sockets, so that Node's HTTP/2 works as it does in production; a clock that only the test moves. */
async function http2UnderTest(
  t: TestContext,
  handler: HttpHandler = echo,
  limits: Partial<FrontLimits> = {},
): Promise<Http2UnderTest> {
  const { clock } = simulatedWorld({ seed: 1 });
  const requests: HttpRequest[] = [];
  const failures: unknown[] = [];
  const front = await openFront({
    sockets: realWorld().sockets,
    clock,
    host: "127.0.0.1",
    port: 0,
    handler(request) {
      requests.push(request);
      return handler(request);
    },
    limits,
    onFailure: (failure) => failures.push(failure),
  });
  const url = `http://127.0.0.1:${front.port}`;
  const session = connectHttp2(url);
  session.on("error", () => {});
  t.after(async () => {
    session.destroy();
    await front.close();
  });
  return { front, clock, session, requests, failures, url };
}

interface Http2Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  const ended = once(stream, "end");
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
  await ended;
  return { headers, body: Buffer.concat(parts) };
}

void describe("HTTP/2 with prior knowledge, on the same port", () => {
  void test("a request is the same request, with :authority as its host", async (t) => {
    const { session, requests, front } = await http2UnderTest(t);
    const stream = session.request({
      ":method": "POST",
      ":path": "/a%20b?c=d",
      "x-amz-target": "Kinesis_20131202.PutRecord",
      cookie: ["a=1", "b=2"],
    });
    stream.end("hello");
    const { headers, body } = await answerOf(stream);
    assert.equal(headers[":status"], 200);
    assert.equal(String(body), "POST /a%20b?c=d:hello");
    assert.equal(headers["content-length"], String(body.length));
    assert.equal(headers["date"], "Thu, 01 Jan 2026 00:00:00 GMT");
    const [request] = requests;
    assert.equal(request?.httpVersion, "2.0");
    assert.equal(request.headers["host"], `127.0.0.1:${front.port}`);
    assert.equal(request.headers["cookie"], "a=1; b=2");
    assert.equal(request.headers[":authority"], undefined);
  });

  void test("many requests at once, HTTP/1.1 beside them", async (t) => {
    const { session, url } = await http2UnderTest(t);
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => answerOf(session.request({ ":path": `/${i}` }))),
    );
    assert.deepEqual(
      answers.map(({ body }) => String(body)),
      Array.from({ length: 100 }, (_, i) => `GET /${i}:`),
    );
    const response = await fetch(`${url}/one`);
    assert.equal(await response.text(), "GET /one:");
  });

  void test("large bodies in both directions, and streams", async (t) => {
    const { session } = await http2UnderTest(t, async (request) => {
      async function* back() {
        for await (const chunk of request.body.stream()) yield chunk;
      }
      return { status: 200, headers: {}, body: back() };
    });
    const stream = session.request({ ":method": "PUT", ":path": "/" });
    const sent = Buffer.alloc(3_000_000, "x");
    stream.end(sent);
    assert.ok((await answerOf(stream)).body.equals(sent));
  });

  void test("HEAD, 204 and headers with several values", async (t) => {
    const { session } = await http2UnderTest(t, ({ path }) => ({
      status: path === "/none" ? 204 : 200,
      headers: { "Set-Cookie": ["a=1", "b=2"], Connection: "close", "Transfer-Encoding": "x" },
      body: "body",
    }));
    const head = await answerOf(session.request({ ":method": "HEAD", ":path": "/" }));
    assert.equal(head.headers["content-length"], "4");
    assert.equal(head.body.length, 0);
    const none = await answerOf(session.request({ ":path": "/none" }));
    assert.equal(none.headers[":status"], 204);
    assert.equal(none.headers["content-length"], undefined);
    assert.deepEqual(none.headers["set-cookie"], ["a=1", "b=2"]);
  });

  void test("hosts and paths that HTTP/1.1 would refuse are refused", async (t) => {
    const { session, requests } = await http2UnderTest(t);
    /** The answer's status, or the code with which the protocol itself refused the stream. */
    const status = (headers: Record<string, string>) =>
      new Promise((resolve) => {
        const stream = session.request({ ":path": "/", ...headers });
        stream.on("response", (answer) => resolve(answer[":status"]));
        stream.on("error", () => resolve(stream.rstCode));
      });
    const protocolError = 1;
    for (const headers of [
      { ":authority": "a/b" },
      { ":authority": "user@host" },
      { ":path": "no-slash" },
      { ":path": "/a#b" },
      { ":path": "http://x/" },
    ] as Record<string, string>[]) {
      const refused = await status(headers);
      assert.ok(
        refused === 400 || refused === protocolError,
        `${JSON.stringify(headers)}: ${String(refused)}`,
      );
    }
    assert.equal(await status({ ":path": `/${"a".repeat(40_000)}` }), 414);
    assert.deepEqual(requests, []);
  });

  void test("a handler that throws is a 500, a body beyond the limit a 413", async (t) => {
    const { session, failures } = await http2UnderTest(t, async (request) => {
      if (request.path === "/throws") throw new Error("secret");
      await request.body.bytes(4);
      return { status: 200, headers: {} };
    });
    const failed = await answerOf(session.request({ ":path": "/throws" }));
    assert.equal(failed.headers[":status"], 500);
    assert.doesNotMatch(String(failed.body), /secret/);
    assert.equal(failures.length, 1);
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.on("error", () => {});
    stream.end("12345");
    const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
    assert.equal(headers[":status"], 413);
  });

  void test("100 Continue is sent when the body is asked for", async (t) => {
    const { session } = await http2UnderTest(t);
    const stream = session.request({ ":method": "PUT", ":path": "/", expect: "100-continue" });
    await once(stream, "continue");
    stream.end("now");
    assert.equal(String((await answerOf(stream)).body), "PUT /:now");
  });

  void test("a client that cancels aborts its request", async (t) => {
    const started = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    const { session, failures } = await http2UnderTest(t, (request) => {
      return new Promise((answer) => {
        request.signal.addEventListener("abort", () => {
          answer({ status: 200, headers: {}, body: "too late" });
          aborted.resolve();
        });
        started.resolve();
      });
    });
    const stream = session.request({ ":path": "/cancelled" });
    stream.on("error", () => {});
    await started.promise;
    stream.close(8);
    await aborted.promise;
    assert.deepEqual(failures, []);
  });

  void test("bodies that stand still and sessions that idle are given up", async (t) => {
    const { session, clock } = await http2UnderTest(t, echo, {
      bodyTimeoutMs: 10_000,
      idleTimeoutMs: 60_000,
    });
    const stalled = session.request({ ":method": "POST", ":path": "/stalled" });
    stalled.on("error", () => {});
    stalled.write("half");
    const after = await answerOf(session.request({ ":path": "/after" }));
    assert.equal(after.headers[":status"], 200);
    const closed = new Promise<void>((resolve) => stalled.on("close", resolve));
    await clock.advance(15_000);
    await closed;
    assert.equal(stalled.rstCode, 11, "ENHANCE_YOUR_CALM");
    const gone = new Promise<void>((resolve) => session.on("close", resolve));
    await clock.advance(70_000);
    await gone;
  });

  void test("what begins as HTTP/2 and is none is closed", async (t) => {
    const { front, url } = await http2UnderTest(t);
    for (const bytes of [
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense that is no frame at all",
      "PRI * HTTP/1.1\r\nHost: x\r\n\r\n",
    ]) {
      const socket = connectTcp(front.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.resume();
      socket.write(bytes);
      await once(socket, "close");
    }
    assert.equal((await fetch(url)).status, 200);
  });

  void test("closing the front lets streams in flight finish", async (t) => {
    let open: (() => void) | undefined;
    const { session, front } = await http2UnderTest(t, ({ path }) =>
      path === "/quick"
        ? { status: 200, headers: {}, body: "quick" }
        : new Promise((resolve) => {
            open = () => resolve({ status: 200, headers: {}, body: "done" });
          }),
    );
    const busy = answerOf(session.request({ ":path": "/busy" }));
    await answerOf(session.request({ ":path": "/quick" }));
    const closing = front.close();
    open?.();
    assert.equal(String((await busy).body), "done");
    await closing;
  });
});

void describe("over real TCP", () => {
  for (const http1 of ["sockets", "node"] as const)
    void test(`a refused upload can read why, ${http1}`, async () => {
      const { sockets, clock } = realWorld();
      const front = await openFront({
        sockets,
        clock,
        host: "127.0.0.1",
        port: 0,
        http1,
        async handler(request) {
          await request.body.bytes(1000);
          return { status: 200, headers: {} };
        },
      });
      assert.equal(front.http1, http1);
      const response = await fetch(`http://127.0.0.1:${front.port}`, {
        method: "PUT",
        body: Buffer.alloc(500_000),
      });
      assert.equal(response.status, 413);
      await response.text();
      await front.close();
    });

  void test("an upload of 20 MB that is refused at once still gets its answer", async () => {
    const { sockets, clock } = realWorld();
    const front = await openFront({
      sockets,
      clock,
      host: "127.0.0.1",
      port: 0,
      handler: () => ({ status: 403, headers: {}, body: "no" }),
    });
    const socket = connectTcp({ port: front.port, host: "127.0.0.1", allowHalfOpen: true });
    let received = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.write("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n");
    for (let i = 0; i < 20; i += 1) socket.write(Buffer.alloc(1_000_000));
    socket.end();
    await once(socket, "close");
    assert.match(received, /^HTTP\/1\.1 403 /);
    assert.match(received, /\r\n\r\nno$/);
    await front.close();
  });
});
