import assert from "node:assert/strict";
import test from "node:test";
import { MathProblem } from "./parse.ts";
import { parseSearch } from "./search.ts";

const metric = (namespace: string, name: string, dimensions: Record<string, string> = {}) => ({
  namespace,
  metric: name,
  dimensions,
});
const all = {
  reads: metric("AWS/DynamoDB", "ConsumedReadCapacityUnits", { TableName: "music" }),
  indexReads: metric("AWS/DynamoDB", "ConsumedReadCapacityUnits", {
    TableName: "music",
    GlobalSecondaryIndexName: "by-year",
  }),
  writes: metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", { TableName: "films" }),
  errors: metric("AWS/DynamoDB", "UserErrors"),
  own: metric("My Shop", "orders", { "Page name": "home" }),
};

/** Source of the rules: Amazon CloudWatch User Guide, "CloudWatch search expression syntax". */
const cases: readonly (readonly [string, string])[] = [
  ["{AWS/DynamoDB,TableName}", "reads writes"],
  ["{AWS/DynamoDB,GlobalSecondaryIndexName,TableName}", "indexReads"],
  ["{AWS/DynamoDB}", "errors"],
  ['{"My Shop","Page name"}', "own"],
  ['{AWS/DynamoDB,TableName} MetricName="ConsumedReadCapacityUnits"', "reads"],
  ['MetricName="consumedreadcapacityunits"', "reads indexReads"],
  ['Namespace="AWS/DynamoDB" NOT consumed', "errors"],
  ["consumed AND read", "reads indexReads"],
  ["ConsumedRead", "reads indexReads"],
  ["films OR orders", "writes own"],
  ["TableName=(films OR music) AND NOT by-year", "reads writes"],
  ["(user OR write) capacity", "writes"],
  ["sumed", ""],
];

for (const [text, expected] of cases) {
  test(text, () => {
    const fits = parseSearch(text);
    const found = Object.entries(all).filter(([, each]) => fits(each));
    assert.equal(found.map(([name]) => name).join(" "), expected);
  });
}

test("searches that mean nothing are refused", () => {
  for (const text of ["", "  ", "(a", "a)", "TableName=", '"a', "NOT"]) {
    assert.throws(() => parseSearch(text), MathProblem, text);
  }
});
