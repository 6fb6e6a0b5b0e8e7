import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { sendOnce } from "./connection.ts";
import type { Answer } from "./connection.ts";

/** What a server that writes these pieces, one by one, is understood to answer. */
async function answerTo(pieces: readonly string[], thenClose = false): Promise<Answer> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      let sent = 0;
      const next = () => {
        const piece = pieces[sent++];
        if (piece !== undefined) socket.write(piece, () => setImmediate(next));
        else if (thenClose) socket.end();
      };
      next();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  try {
    return await sendOnce(address.port, Buffer.from("GET / HTTP/1.1\r\n\r\n"));
  } finally {
    server.close();
  }
}

const cases: readonly (readonly [what: string, pieces: string[], Answer, closes?: boolean])[] = [
  [
    "an answer in one piece",
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
    { status: 200, body: "hello" },
  ],
  [
    "an answer cut within its head and its body",
    ["HTTP/1.1 400 Bad", " Request\r\ncontent-length:5\r", "\n\r\nhe", "llo"],
    { status: 400, body: "hello" },
  ],
  [
    "an answer in chunks that are cut anywhere",
    [
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r",
      "\n2\r\nlo\r\n0\r\n",
      "\r\n",
    ],
    { status: 200, body: "hello" },
  ],
  ["an answer without a body", ["HTTP/1.1 204 No Content\r\n\r\n"], { status: 204, body: "" }],
  ["an empty body", ["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"], { status: 200, body: "" }],
  [
    "an answer after a 100",
    ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"],
    { status: 200, body: "ok" },
  ],
  [
    "a body that ends with the connection",
    ["HTTP/1.0 200 OK\r\n\r\nhel", "lo"],
    { status: 200, body: "hello" },
    true,
  ],
];

for (const [what, pieces, expected, closes] of cases) {
  test(`understands ${what}`, async () => {
    assert.deepEqual(await answerTo(pieces, closes), expected);
  });
}

test("a connection that closes before the whole answer came is an error", async () => {
  await assert.rejects(
    answerTo(["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello"], true),
    /closed the connection/,
  );
});
