import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { emptyFolder, tuleCommand, tuleOf } from "../support/command.ts";
import { makeTable, plainTable } from "../support/dynamodb-tables.ts";
import { items, put } from "./plain-items.ts";

const sdk = (endpoint: string) =>
  new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "any" },
  });

describe("tule snapshot and tule fork", () => {
  test("save, load, list and delete snapshots, which outlive the server", async () => {
    const folder = await emptyFolder();
    const first = tuleCommand(["start", "--port", "0", "--data", folder]);
    let endpoint = await first.ready();
    const run = async (...argv: string[]) => {
      const { code, output, errors } = await tuleOf(endpoint, "snapshot", ...argv);
      assert.equal(code, 0, errors);
      return output;
    };
    assert.equal(await run("list"), "no snapshots\n");
    await makeTable(sdk(endpoint), plainTable);
    await sdk(endpoint).send(put("a", "saved"));
    assert.match(await run("save", "one"), /^one {2}\d{4}-\S+Z {2}[\d.]+ [kMG]?[Bb]\S*\n$/i);
    await sdk(endpoint).send(put("a", "later"));
    first.child.kill("SIGKILL");
    await first.ended;

    const second = tuleCommand(["start", "--port", "0", "--data", folder]);
    endpoint = await second.ready();
    assert.deepEqual(await items(sdk(endpoint)), { a: "later" });
    assert.equal(await run("load", "one"), "one is loaded\n");
    assert.deepEqual(await items(sdk(endpoint)), { a: "saved" });
    second.child.kill("SIGKILL");
    await second.ended;

    const third = tuleCommand(["start", "--port", "0", "--data", folder]);
    endpoint = await third.ready();
    assert.deepEqual(await items(sdk(endpoint)), { a: "saved" });
    assert.match(await run("list"), /^one /);
    assert.equal(await run("delete", "one"), "one is deleted\n");
    assert.equal(await run(), "no snapshots\n");
    const { code, errors } = await tuleOf(endpoint, "snapshot", "load", "one");
    assert.equal(code, 1);
    assert.equal(errors, "tule: there is no snapshot one\n");
    for (const [words, expected] of [
      [["svae", "one"], /did you mean tule snapshot save\?/],
      [["save"], /use: tule snapshot save NAME/],
    ] as const) {
      const wrong = await tuleCommand(["snapshot", ...words]).ended;
      assert.equal(wrong.code, 2);
      assert.match(wrong.errors, expected);
    }
    third.child.kill("SIGTERM");
    assert.equal((await third.ended).code, 0);
  });

  test("fork a snapshot and the present state; what is written to one is not in another", async () => {
    const folder = await emptyFolder();
    const original = tuleCommand(["start", "--port", "0", "--data", folder]);
    const endpoint = await original.ready();
    const { port } = new URL(endpoint);
    await makeTable(sdk(endpoint), plainTable);
    await sdk(endpoint).send(put("a", "saved"));
    assert.equal((await tuleOf(endpoint, "snapshot", "save", "one")).code, 0);
    await sdk(endpoint).send(put("a", "later"));

    const elsewhere = `${await emptyFolder()}/fork`;
    const forks = [
      tuleCommand(["fork", "one", "--from", port, "--port", "0"]),
      tuleCommand(["fork", "--from", port, "--port", "0", "--data", elsewhere]),
    ];
    const [then, now] = await Promise.all(forks.map((fork) => fork.ready()));
    assert.deepEqual(await items(sdk(then!)), { a: "saved" });
    assert.deepEqual(await items(sdk(now!)), { a: "later" });
    await sdk(then!).send(put("b", "then"));
    await sdk(now!).send(put("b", "now"));
    await sdk(endpoint).send(put("b", "original"));
    assert.deepEqual(await items(sdk(then!)), { a: "saved", b: "then" });
    assert.deepEqual(await items(sdk(now!)), { a: "later", b: "now" });
    assert.deepEqual(await items(sdk(endpoint)), { a: "later", b: "original" });

    const again = await tuleCommand(["fork", "one", "--from", port]).ended;
    assert.equal(again.code, 1);
    assert.match(
      again.errors,
      /^tule: \S+forks\/one is there already; tule start --data \S+ starts/,
    );
    const none = await tuleCommand(["fork", "none", "--from", port]).ended;
    assert.match(none.errors, /^tule: there is no snapshot none\n$/);
    for (const server of [...forks, original]) {
      server.child.kill("SIGTERM");
      const { code, output } = await server.ended;
      assert.equal(code, 0);
      assert.match(output, /is ready at \S+, data in \S+/);
    }
  });
});
