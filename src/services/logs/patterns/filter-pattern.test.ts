import assert from "node:assert/strict";
import test from "node:test";
import { parsePattern } from "./filter-pattern.ts";
import { InvalidPattern } from "./pattern-reader.ts";

/*
 * Cases after the examples of the CloudWatch Logs User Guide, "Filter pattern syntax".
 */
function check(pattern: string, cases: Readonly<Record<string, boolean>>): void {
  const parsed = parsePattern(pattern);
  for (const [message, expected] of Object.entries(cases)) {
    assert.equal(parsed.matches(message), expected, `${pattern}: ${message}`);
  }
}

test("all terms must be there, in any order, as they are written", () => {
  check("", { anything: true });
  check(" ", { anything: true });
  check("ERROR", { "[ERROR 400] BAD REQUEST": true, "an error": false });
  check("ERROR ARGUMENTS", {
    "[ERROR 419] MISSING ARGUMENTS": true,
    "ARGUMENTS, then ERROR": true,
    "[ERROR 401] UNAUTHORIZED": false,
  });
  check('"INTERNAL SERVER ERROR"', {
    "[ERROR 500] INTERNAL SERVER ERROR": true,
    "INTERNAL ERROR of the SERVER": false,
  });
  check(String.raw`"say \"no\""`, { 'I say "no" again': true, "say no": false });
});

test("terms may be optional or unwanted, or regular expressions", () => {
  check("?ERROR ?ARGUMENTS", { "an ERROR": true, "some ARGUMENTS": true, neither: false });
  check("ERROR -ARGUMENTS", { "an ERROR": true, "ERROR, ARGUMENTS": false });
  check("?a b", { "only b": true, "only a": false });
  check("-DEBUG", { "an INFO": true, "a DEBUG": false });
  check("%ERROR-[0-9]{3}%", { "ERROR-123 here": true, "ERROR-12": false });
});

test("JSON is compared by its members", () => {
  const event = JSON.stringify({
    eventType: "UpdateTrail",
    sourceIPAddress: "111.111.111.111",
    arrayKey: ["value", "another value"],
    objectList: [
      { name: "a", id: 1 },
      { name: "b", id: 2 },
    ],
    SomeObject: null,
    ThisFlag: true,
    cluster: { name: "c" },
    latency: 1.5e2,
    "a b": 1,
  });
  const cases: Record<string, boolean> = {
    '{ $.eventType = "UpdateTrail" }': true,
    "{ $.eventType = UpdateTrail }": true,
    "{ $.eventType = Update* }": true,
    '{ $.eventType != "UpdateTrail" }': false,
    "{ $.sourceIPAddress != 123.123.* }": true,
    '{ $.arrayKey[0] = "value" }': true,
    '{ $.arrayKey[1] = "value" }': false,
    "{ $.objectList[1].id = 2 }": true,
    '{ $.objectList[*].name = "b" }': true,
    "{ $.SomeObject IS NULL }": true,
    "{ $.SomeOtherObject NOT EXISTS }": true,
    "{ $.SomeOtherObject IS NULL }": false,
    "{ $.ThisFlag IS TRUE }": true,
    "{ $.ThisFlag IS FALSE }": false,
    "{ $.latency >= 150 }": true,
    "{ $.latency < 1e2 }": false,
    '{ $.latency = "150" }': false,
    "{ $.missing != 1 }": false,
    "{ ($.latency > 1) && ($.eventType = x || $.cluster.name = c) }": true,
    "{ $.latency > 1000 || $.cluster.name = c && $.latency = 150 }": true,
    "{ $.eventType = %^Up.*Trail$% }": true,
    "{ $['a b'] = 1 }": true,
  };
  for (const [pattern, expected] of Object.entries(cases)) check(pattern, { [event]: expected });
  check("{ $.a = 1 }", { "no JSON": false, '{"a":1': false, ' {"a":1} ': true });
});

test("fields between spaces have names and conditions", () => {
  const line =
    '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534';
  const cases: Record<string, boolean> = {
    "[ip, server, username, timestamp, request, status_code, bytes > 1000]": true,
    "[ip, server, username, timestamp, request, status_code = 4*, bytes]": true,
    "[ip, server, username, timestamp, request, status_code = 200, bytes]": false,
    "[ip, server, username]": false,
    "[..., status_code = 404, bytes]": true,
    "[ip, ..., size > 2000]": false,
    "[ip = %^127%, ...]": true,
    "[ip, server, username, timestamp, request =*html*, status_code = 4*, bytes]": true,
    "[..., code = 404 || code = 410, bytes]": true,
    "[..., code = 4* && code != 404, bytes]": false,
    "[,,,,,,]": true,
  };
  for (const [pattern, expected] of Object.entries(cases)) check(pattern, { [line]: expected });
  const pattern = parsePattern("[ip, server, ..., status, bytes]");
  assert.deepEqual(pattern.valuesOf(line), {
    $ip: "127.0.0.1",
    $server: "Prod",
    $status: "404",
    $bytes: "1534",
  });
  assert.equal(pattern.valueOf(line, "$bytes"), "1534");
});

test("values of JSON are found by selectors of the pattern and by others", () => {
  const pattern = parsePattern("{ $.a.b = * }");
  const message = '{"a":{"b":"x"},"size":12}';
  assert.deepEqual(pattern.valuesOf(message), { "$.a.b": "x" });
  assert.equal(pattern.valueOf(message, "$.size"), "12");
  assert.equal(pattern.valueOf(message, "$.none"), undefined);
});

test("what is no pattern is refused", () => {
  for (const pattern of [
    "{ $.a = }",
    "{ $.a }",
    "{ a = 1 }",
    "{ $.a = 1",
    "[a, b",
    "[..., a, ...]",
    '"open',
    "%open",
    "%(group)%",
    "{ $.a > b }",
  ]) {
    assert.throws(() => parsePattern(pattern), InvalidPattern, pattern);
  }
});
