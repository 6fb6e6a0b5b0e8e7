import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bothFronts, Client, frontUnderTest, get } from "./harness.ts";

/**
 * Requests that two servers in a row could read differently. Each is followed by a second one that must never be seen:
 * the connection ends with a plain refusal, whatever else was sent.
 */
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
const chunkedSmuggle = `0\r\n\r\n${smuggled}`;
const ambiguous: readonly [what: string, request: string][] = [
  [
    "CL.TE: both a length and chunks",
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${chunkedSmuggle.length}\r\nTransfer-Encoding: chunked\r\n\r\n${chunkedSmuggle}`,
  ],
  [
    "TE.CL: both chunks and a length",
    `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${chunkedSmuggle}`,
  ],
  ...[
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity",
    "Transfer-Encoding:\x0bchunked",
    "Transfer-Encoding: \x00chunked",
    "Transfer-Encoding : chunked",
    " Transfer-Encoding: chunked",
    "X: y\r\n Transfer-Encoding: chunked",
    "Transfer-Encoding\r\n : chunked",
    'Transfer-Encoding: "chunked"',
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: chunk",
    "Transfer-Encoding:",
    "Transfer_Encoding\x00: chunked",
    "X: y\nTransfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
  ].map((line): [string, string] => [
    `TE.TE: ${JSON.stringify(line)}`,
    `POST / HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n${chunkedSmuggle}`,
  ]),
  ...[
    "Content-Length: 3\r\nContent-Length: 4",
    "Content-Length: 3\r\nContent-Length: 3",
    "Content-Length: 3, 3",
    "Content-Length: +3",
    "Content-Length: -3",
    "Content-Length: 0x3",
    "Content-Length: 3 4",
    "Content-Length: 3;",
    "Content-Length:",
    "Content-Length: three",
    "Content-Length: 99999999999999999999",
    "Content-Length : 3",
    "Content-Length: 3\x0b",
  ].map((line): [string, string] => [
    JSON.stringify(line),
    `POST / HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\nabc${smuggled}`,
  ]),
  ...[
    `0x3\r\nabc\r\n0\r\n\r\n`,
    `3 \r\nabc\r\n0\r\n\r\n`,
    `+3\r\nabc\r\n0\r\n\r\n`,
    `-3\r\nabc\r\n0\r\n\r\n`,
    `3\nabc\r\n0\r\n\r\n`,
    `3\rabc\r\n0\r\n\r\n`,
    `3\r\nabcd\r\n0\r\n\r\n`,
    `3\r\nabc0\r\n\r\n`,
    `3\r\nabc\n0\r\n\r\n`,
    `FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n`,
    `\r\nabc\r\n0\r\n\r\n`,
    `g\r\nabc\r\n0\r\n\r\n`,
    `3;a\nb\r\nabc\r\n0\r\n\r\n`,
    `3;a="\n"\r\nabc\r\n0\r\n\r\n`,
    `3\r\nabc\r\n0\r\nBad Trailer: x\r\n\r\n`,
    `3\r\nabc\r\n0\r\nX: y\n\r\n`,
    `3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n`,
    `3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n`,
  ].map((chunks): [string, string] => [
    `chunks ${JSON.stringify(chunks)}`,
    `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}${smuggled}`,
  ]),
  [
    "chunks in HTTP/1.0",
    `POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n${chunkedSmuggle}`,
  ],
  ["no Host", `GET / HTTP/1.1\r\n\r\n${smuggled}`],
  ["two Hosts", `GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n${smuggled}`],
  ["a Host with a path", `GET / HTTP/1.1\r\nHost: x/y\r\n\r\n${smuggled}`],
  ["a Host with a user", `GET / HTTP/1.1\r\nHost: a@b\r\n\r\n${smuggled}`],
  ["bare line feeds", `GET / HTTP/1.1\nHost: x\n\n${smuggled}`],
  ["bare carriage returns", `GET / HTTP/1.1\rHost: x\r\r${smuggled}`],
  ["a folded header", `GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n${smuggled}`],
  ["a header without a colon", `GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n${smuggled}`],
  ["a header without a name", `GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n${smuggled}`],
  ["NUL in a header", `GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n${smuggled}`],
  ["NUL in the path", `GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ["a space in the path", `GET /a b HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ["bytes above ASCII in the path", `GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ["a fragment", `GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ["a path without a slash", `GET a HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ["a star for GET", `GET * HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ["another scheme", `GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ["an unknown method", `FOO / HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ["a method in lower case", `get / HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ["CONNECT", `CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ["HTTP/0.9", `GET /\r\n\r\n${smuggled}`],
  ["HTTP/1.2", `GET / HTTP/1.2\r\nHost: x\r\n\r\n${smuggled}`],
  ["HTTP/2.0 in the old form", `GET / HTTP/2.0\r\nHost: x\r\n\r\n${smuggled}`],
  ["another protocol's name", `GET / HTTQ/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  [
    "an unknown expectation",
    `POST / HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nContent-Length: 3\r\n\r\nabc${smuggled}`,
  ],
  ["no HTTP at all", "\x00\x01\x02\x03\xff\xfe\r\n\r\n"],
  ["an SSH greeting", "SSH-2.0-OpenSSH_9.2\r\n"],
];

for (const http1 of bothFronts)
  void describe(`request smuggling, ${http1}`, () => {
    for (const [what, request] of ambiguous)
      void test(`refused, and nothing behind it is read: ${what}`, async () => {
        const { connect, requests, front, failures } = await frontUnderTest(http1);
        assert.equal(front.http1, http1);
        const client = connect();
        await client.send(request);
        const { statuses, received } = client;
        assert.equal(statuses.length, 1, received);
        assert.ok([400, 417, 501, 505].includes(statuses[0] ?? 0), received);
        assert.ok(client.ended, "the connection is closed");
        assert.ok(!requests.some((seen) => seen.path === "/smuggled"));
        assert.ok(!received.includes("smuggled"));
        assert.deepEqual(failures, []);
      });

    void test("an offer to upgrade does not hide a broken body", async () => {
      const { connect, world, requests } = await frontUnderTest(http1);
      const client = connect();
      await client.send(
        `POST / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n${smuggled}`,
      );
      // node:http never hears of the error, so there the body just does not come.
      if (http1 === "node") await world.clock.advance(120_000);
      assert.deepEqual(client.statuses, [http1 === "node" ? 408 : 400]);
      assert.ok(client.ended);
      assert.ok(!requests.some((seen) => seen.path === "/smuggled"));
    });

    void test("refused byte by byte as in one piece", async () => {
      for (const [what, request] of ambiguous) {
        const { connect, requests, world } = await frontUnderTest(http1, { seed: 7 });
        world.sockets.fragments = true;
        const client = connect();
        await client.send(request);
        assert.equal(client.statuses.length, 1, what);
        assert.ok(client.ended, what);
        assert.ok(!requests.some((seen) => seen.path === "/smuggled"), what);
      }
    });

    void test("good requests before a bad one are answered first, in order", async () => {
      const { connect, requests } = await frontUnderTest(http1);
      const client = connect();
      await client.send(
        `${get("/1")}${get("/2")}GET / HTTP/1.1\r\nBad Header: x\r\n\r\n${smuggled}`,
      );
      assert.deepEqual(client.statuses, [200, 200, 400]);
      assert.deepEqual(client.bodies.slice(0, 2), ["GET /1:", "GET /2:"]);
      assert.equal(requests.length, 2);
    });

    void test("what was sent is never repeated in a refusal", async () => {
      const { connect } = await frontUnderTest(http1);
      const client = connect();
      await client.send("GET /<script>alert(1)</script> HTTP/9.9\r\nHost: <b>\r\n\r\n");
      assert.doesNotMatch(client.received, /script|<b>/);
    });

    void test("chunk extensions and trailers are read over and change nothing", async () => {
      const { connect, requests } = await frontUnderTest(http1);
      const client: Client = connect();
      await client.send(
        `POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b;c="d"\r\nabc\r\n2\r\nde\r\n0\r\nHost: evil\r\nX-Amz-Target: Evil\r\n\r\n${get("/next")}`,
      );
      assert.deepEqual(client.bodies, ["POST /c:abcde", "GET /next:"]);
      assert.equal(requests[0]?.headers["host"], "x");
      assert.equal(requests[0]?.headers["x-amz-target"], undefined);
    });

    void test("an offer to upgrade is an ordinary request", async () => {
      const { connect } = await frontUnderTest(http1);
      const client = connect();
      await client.send(
        get(
          "/u",
          "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        ) + get("/next"),
      );
      // node:http loses what follows in the same packet, so its front closes instead: the client knows to ask again.
      const [first, ...others] = client.bodies;
      assert.equal(first, "GET /u:");
      if (http1 === "sockets") assert.deepEqual(others, ["GET /next:"]);
      else assert.ok(client.ended);
    });
  });
