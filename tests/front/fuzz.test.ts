import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { seededRandom } from "#world/seeded-random.ts";
import { answersIn, bothFronts, frontUnderTest, get, post } from "./harness.ts";

const seeds = 60;

const pieces = [
  "GET / HTTP/1.1\r\n",
  "POST /a HTTP/1.1\r\n",
  "PUT http://h/x HTTP/1.0\r\n",
  "Host: x\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Expect: 100-continue\r\n",
  "Connection: close\r\n",
  "Connection: upgrade\r\nUpgrade: websocket\r\n",
  "X: y\r\n",
  "\r\n",
  "\r\n",
  "hello",
  "5\r\nhello\r\n",
  "0\r\n\r\n",
  "\n",
  "\r",
  "\0",
  ": ",
  "PRI * HT",
];

for (const http1 of bothFronts)
  void describe(`bytes that nobody meant, ${http1}`, () => {
    void test("noise, mutilated requests and shuffled pieces get a 4xx, a 5xx for what is not offered, or a close", async () => {
      for (let seed = 1; seed <= seeds; seed += 1) {
        const random = seededRandom(seed);
        const { connect, world, failures } = await frontUnderTest(http1, { seed });
        world.sockets.fragments = seed % 2 === 0;
        const pick = (): string => pieces[Math.floor(random.fraction() * pieces.length)] as string;
        const mutilated = Buffer.from(get("/a", "X: y\r\n") + post("/b", "hello") + get("/c"));
        for (let i = 0; i < 3; i += 1)
          mutilated[Math.floor(random.fraction() * mutilated.length)] = Math.floor(
            random.fraction() * 256,
          );
        const attempts = [
          random.bytes(1 + Math.floor(random.fraction() * 2000)),
          mutilated,
          Buffer.from(Array.from({ length: 20 }, pick).join(""), "latin1"),
        ];
        for (const bytes of attempts) {
          const client = connect();
          client.connection.on("error", () => {});
          await client.send(bytes);
          client.connection.end();
          await world.clock.settle();
          // What begins as HTTP/2 is answered in its frames.
          const isHttp2 = bytes.toString("latin1", 0, 3) === "PRI";
          for (const { status } of isHttp2 ? [] : answersIn(client.received))
            assert.ok(
              status < 500 || status === 501 || status === 505,
              `seed ${seed}: ${client.received}`,
            );
          assert.ok(client.ended, `seed ${seed}: ${JSON.stringify(bytes.toString("latin1"))}`);
        }
        assert.deepEqual(failures, [], `seed ${seed}`);
        const sane = connect();
        await sane.send(get("/alive"));
        assert.deepEqual(sane.bodies, ["GET /alive:"]);
      }
    });
  });
