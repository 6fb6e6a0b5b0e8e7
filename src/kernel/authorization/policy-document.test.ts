import assert from "node:assert/strict";
import test from "node:test";
import { compilePolicy, PolicyCache } from "./compile-policy.ts";
import { type PolicyKind, PolicyProblem } from "./policy-document.ts";

const fine = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };
const principal = { Principal: { AWS: "123456789012" } };

/** What is wrong with a document of one statement, or "" if nothing is. */
function problemOf(statement: unknown, kind: PolicyKind = "identity", head: object = {}): string {
  const document = { Version: "2012-10-17", Statement: statement, ...head };
  try {
    compilePolicy(typeof statement === "string" ? statement : JSON.stringify(document), kind, "p");
    return "";
  } catch (problem) {
    assert(problem instanceof PolicyProblem);
    return problem.message;
  }
}

const syntax = "Syntax errors in policy.";

// Messages of IAM; moto's tests have recorded the same.
test("malformed documents are refused in IAM's words", () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [fine, ""],
    [[fine, { ...fine, Sid: "other" }], ""],
    ["{", syntax],
    ["[]", syntax],
    ["{}", syntax],
    [[], syntax],
    [{ ...fine, Effect: "allow" }, syntax],
    [{ ...fine, Effect: undefined }, syntax],
    [{ ...fine, Extra: 1 }, syntax],
    [{ ...fine, NotAction: "s3:*" }, syntax],
    [{ ...fine, Action: { a: 1 } }, syntax],
    [{ ...fine, Condition: [] }, syntax],
    [{ ...fine, Action: undefined }, "Policy statement must contain actions."],
    [{ ...fine, Action: [] }, "Policy statement must contain actions."],
    [{ ...fine, Resource: undefined }, "Policy statement must contain resources."],
    [
      { ...fine, Action: "GetObject" },
      "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ],
    [{ ...fine, Action: "a:b:c" }, "Actions/Condition can contain only one colon."],
    [{ ...fine, Action: "s3/x:GetObject" }, "Vendor s3/x is not valid"],
    [{ ...fine, Resource: "bucket" }, 'Resource bucket must be in ARN format or "*".'],
    [
      { ...fine, Resource: "arn:mine:s3:::bucket" },
      'Partition "mine" is not valid for resource "arn:mine:s3:::bucket".',
    ],
    [
      [
        { ...fine, Sid: "one" },
        { ...fine, Sid: "one" },
      ],
      "Statement IDs (SID) in a single policy must be unique.",
    ],
    [{ ...fine, ...principal }, "Policy document should not specify a principal."],
    [{ ...fine, Condition: { StringSame: { a: "b" } } }, "Invalid Condition type : StringSame"],
    [{ ...fine, Condition: { Bool: { "aws:SecureTransport": true } } }, ""],
  ];
  for (const [statement, message] of cases) {
    assert.equal(problemOf(statement), message, JSON.stringify(statement));
  }
  assert.equal(problemOf(fine, "identity", { Version: "2013-01-01" }), syntax);
  assert.equal(problemOf(fine, "identity", { Id: "x", Version: "2008-10-17" }), "");
});

test("policies of resources name principals, trust policies no resources", () => {
  assert.equal(problemOf(fine, "resource"), "Missing required field Principal");
  assert.equal(problemOf({ ...fine, ...principal }, "resource"), "");
  assert.equal(problemOf({ ...fine, Principal: "*" }, "resource"), "");
  assert.equal(
    problemOf({ ...fine, Principal: { AWS: "arn:aws:iam::123456789012:user/*" } }, "resource"),
    'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:user/*"',
  );
  assert.equal(
    problemOf({ ...fine, Principal: { Person: "me" } }, "resource"),
    'Invalid principal in policy: "Person":"me"',
  );
  assert.equal(
    problemOf({ ...fine, NotPrincipal: { AWS: "123456789012" } }, "resource"),
    "Allow with NotPrincipal is not allowed.",
  );
  const trust = { Effect: "Allow", Action: "sts:AssumeRole", ...principal };
  assert.equal(problemOf(trust, "trust"), "");
  assert.equal(problemOf({ ...trust, Resource: "*" }, "trust"), "Has prohibited field Resource");
});

test("a document is compiled once, and so is what is wrong with it", () => {
  const cache = new PolicyCache(2);
  const text = JSON.stringify({ Statement: fine });
  const first = cache.get(text, "identity", "p");
  assert.equal(cache.get(text, "identity", "p"), first);
  assert.throws(() => cache.get("{", "identity", "p"), PolicyProblem);
  cache.get(text, "identity", "p");
  cache.get(text, "identity", "other");
  assert.throws(() => cache.get("{", "identity", "p"), PolicyProblem);
});
