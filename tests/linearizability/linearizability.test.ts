import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildChecker, check } from "./checker.ts";
import {
  change,
  type ObjectHistory,
  type Operation,
  read,
  type Request,
  write,
} from "./history.ts";
import { record } from "./record.ts";

const missing = buildChecker();
const skip = missing === undefined ? false : missing;

/** A request from `call` to `end`, answered so; without an end, nobody knows what became of it. */
function operation(
  client: number,
  [call, end]: readonly [call: number, end?: number],
  request: Request,
  output?: Operation["output"],
): Operation {
  if (end === undefined || output === undefined) return { ...request, client, call };
  return { ...request, client, call, return: end, output };
}

const put = (register: number, number: number): Request => write(change(register, "put", number));

function verdictOf(registers: number, ...operations: Operation[]): string {
  return check([{ name: "object", registers, operations }]).result;
}

describe("The checker", { skip }, () => {
  test("accepts either order of requests that overlap", () => {
    const writes = [
      operation(1, [0, 10], put(0, 1), { applied: true }),
      operation(2, [5, 15], put(0, 2), { applied: true }),
    ];
    for (const value of [1, 2]) {
      const seen = operation(3, [20, 30], read(0), { values: [value] });
      assert.equal(verdictOf(1, ...writes, seen), "Ok");
    }
  });

  test("refuses a read that misses a write which was acknowledged before", () => {
    assert.equal(
      verdictOf(
        1,
        operation(1, [0, 10], put(0, 1), { applied: true }),
        operation(2, [11, 15], read(0), { values: [null] }),
      ),
      "Illegal",
    );
  });

  test("refuses an addition that is lost", () => {
    const add = write(change(0, "add", 1));
    assert.equal(
      verdictOf(
        1,
        operation(1, [0, 10], add, { applied: true, hasAfter: true, after: 1 }),
        operation(2, [5, 15], add, { applied: true, hasAfter: true, after: 1 }),
      ),
      "Illegal",
    );
  });

  test("refuses a condition that held and cannot have", () => {
    assert.equal(
      verdictOf(
        1,
        operation(1, [0, 10], put(0, 1), { applied: true }),
        operation(2, [11, 15], write(change(0, "put", 2, null)), { applied: true }),
      ),
      "Illegal",
    );
  });

  test("refuses half a transaction", () => {
    const both = write(change(0, "put", 1), change(1, "put", 1));
    const seen = (values: (number | null)[]) =>
      verdictOf(
        2,
        operation(1, [0, 10], both, { applied: true }),
        operation(2, [5, 8], read(0, 1), { values }),
      );
    assert.equal(seen([1, 1]), "Ok");
    assert.equal(seen([null, null]), "Ok");
    assert.equal(seen([1, null]), "Illegal");
  });

  test("lets a request that a crash cut off take effect late or never, but not be taken back", () => {
    const cutOff = operation(1, [0], put(0, 1));
    const seen = (at: number, value: number | null) =>
      operation(2, [at, at + 1], read(0), { values: [value] });
    assert.equal(verdictOf(1, cutOff, seen(10, null), seen(20, 1), seen(30, 1)), "Ok");
    assert.equal(verdictOf(1, cutOff, seen(10, null), seen(20, null)), "Ok");
    assert.equal(verdictOf(1, cutOff, seen(10, 1), seen(20, null)), "Illegal");
  });
});

/** The history with one read's answer replaced by what was right a while ago. */
function withStaleRead(objects: readonly ObjectHistory[]): ObjectHistory[] {
  return objects.map((object) => {
    const operations = [...object.operations];
    const reads = operations.filter(
      ({ reads, output, call }) => reads.length > 0 && output !== undefined && call > 0,
    );
    const first = reads.find(({ output }) => output?.values?.some((value) => value !== null));
    const last = reads.findLast(
      ({ reads, output }) =>
        reads.length === first?.reads.length &&
        JSON.stringify(output?.values) !== JSON.stringify(first.output?.values),
    );
    assert.ok(first?.output !== undefined && last !== undefined);
    operations[operations.indexOf(last)] = { ...last, output: first.output };
    return { ...object, operations };
  });
}

test(
  "what clients see over HTTP has an order that explains it, across kills of the server",
  { skip },
  async (t) => {
    const seed = Date.now() % 1_000_000;
    const objects = await record({ seed, livesMs: [900, 900, 900] });
    const verdict = check(objects);
    const operations = objects.flatMap((object) => object.operations);
    const cutOff = operations.filter(({ output }) => output === undefined).length;
    t.diagnostic(`${operations.length} requests, ${cutOff} cut off, seed ${seed}`);
    assert.deepEqual(
      verdict.illegal,
      [],
      `not linearizable (npm run linearizability -- --seed ${seed})`,
    );
    assert.equal(verdict.result, "Ok");
    // The test tests: there must be something to explain, and a lie must be found.
    assert.ok(operations.length > 500 && cutOff > 0);
    assert.equal(check(withStaleRead(objects)).result, "Illegal");
  },
);
