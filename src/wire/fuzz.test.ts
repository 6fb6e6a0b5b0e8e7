/** Bad bytes are answered with a client's error, whatever the protocol: never with a failure of ours, never with silence. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { JsonBytes } from "#base/json-bytes.ts";
import { protocols } from "./protocols.ts";
import { WireProblem } from "./protocol.ts";
import { route } from "./route.ts";
import { loadServiceModel, type ServiceModel } from "./shapes.ts";
import { validate } from "./validate.ts";

const [dynamodb, sts] = await Promise.all([loadServiceModel("dynamodb"), loadServiceModel("sts")]);
assert(dynamodb && sts);

/** Decodes and validates; anything but success or a WireProblem of 4xx fails the test. */
function feed(
  service: ServiceModel,
  protocol: keyof typeof protocols,
  name: string,
  body: Buffer,
): void {
  const operation = service.operation(name);
  assert(operation, name);
  try {
    validate(
      operation,
      protocols[protocol].decode(operation, {
        method: "POST",
        path: "/",
        query: "",
        headers: {},
        body,
      }),
    );
  } catch (error) {
    assert(error instanceof WireProblem, error instanceof Error ? error.stack : String(error));
    assert(error.status >= 400 && error.status < 500);
    protocols[protocol].encodeError(service, operation, error, "R");
  }
}

// Names that the models know, so that the noise gets behind the first check.
const known = fc.constantFrom(
  "TableName",
  "Key",
  "Item",
  "RequestItems",
  "TransactItems",
  "Put",
  "Keys",
  "S",
  "N",
  "B",
  "M",
  "L",
  "SS",
  "BS",
  "NULL",
  "KeySchema",
  "AttributeDefinitions",
  "AttributeName",
  "Limit",
  "TimeRangeLowerBound",
  "__proto__",
  "constructor",
  "a",
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    fc.constantFrom(null, true, 0, 1.5, -1e300, "", "x", "AAE=", "NaN", "\uD800"),
    fc.array(tie("value"), { maxLength: 4 }),
    fc
      .array(fc.tuple(known, tie("value")), { maxLength: 5 })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).value;

describe("bad bytes", () => {
  it("as JSON of any form, to every operation of DynamoDB", () => {
    const operations = fc.constantFrom(...dynamodb.operationNames);
    fc.assert(
      fc.property(operations, json, (name, value) =>
        feed(dynamodb, "json-1.0", name, Buffer.from(JSON.stringify(value))),
      ),
      { seed: 1, numRuns: 3000 },
    );
  });

  it("as noise, to every protocol", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(protocols)),
        fc.uint8Array({ maxLength: 100 }),
        (protocol, bytes) => {
          feed(dynamodb, protocol as keyof typeof protocols, "BatchWriteItem", Buffer.from(bytes));
        },
      ),
      { seed: 2, numRuns: 2000 },
    );
  });

  it("as forms", () => {
    const piece = fc.constantFrom(
      "Tags",
      "member",
      "1",
      "0",
      "999999999",
      "Key",
      ".",
      "=",
      "&",
      "%",
      "%41",
      "%zz",
      "+",
      "RoleArn",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) =>
        feed(sts, "query", "AssumeRole", Buffer.from(pieces.join(""))),
      ),
      { seed: 3, numRuns: 2000 },
    );
    feed(sts, "query", "AssumeRole", Buffer.from(`${"a.".repeat(100_000)}=1`));
    feed(sts, "query", "AssumeRole", Buffer.from("a&".repeat(200_000)));
  });

  it("in heads, which still find a route", () => {
    const piece = fc.constantFrom(
      "/",
      "a",
      "%",
      "?",
      "2015-03-31",
      "functions",
      "restapis",
      "..",
      ".s3.",
      "localhost",
      "Action=",
      "&",
      "=",
      "x".repeat(300),
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(
        fc.record({
          path: text,
          query: text,
          host: text,
          authorization: text,
          target: fc.option(text),
        }),
        (head) => {
          const headers = {
            host: head.host,
            authorization: `AWS4 Credential=${head.authorization}`,
          };
          const target = head.target === null ? {} : { "x-amz-target": head.target };
          const found = route({
            method: "GET",
            path: `/${head.path}`,
            query: head.query,
            headers: { ...headers, ...target },
          });
          assert(found.protocol in protocols);
        },
      ),
      { seed: 4, numRuns: 2000 },
    );
  });
});

describe("the JSON codec", () => {
  it("writes what it spliced as if it had been written whole", () => {
    const items = fc.dictionary(
      fc.string({ unit: "grapheme" }),
      fc.record({ S: fc.string({ unit: "grapheme" }) }),
    );
    const operation = dynamodb.operation("Query");
    assert(operation);
    fc.assert(
      fc.property(fc.array(fc.tuple(items, fc.boolean())), (all) => {
        const output = {
          Items: all.map(([item, stored]) =>
            stored ? new JsonBytes(Buffer.from(JSON.stringify(item))) : item,
          ),
          Count: all.length,
        };
        const { body } = protocols["json-1.0"].encode(operation, output, "R");
        assert.equal(
          String(body),
          JSON.stringify({ Items: all.map(([item]) => item), Count: all.length }),
        );
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});
