import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compilePolicy, type CompiledPolicy } from "./compile-policy.ts";
import { denialMessage } from "./denial.ts";
import { evaluate, type ApplicablePolicies, type Decision } from "./evaluate.ts";
import { contextOf, emptyContext, principalContext } from "./request-context.ts";
import { conditionCases } from "./testing/condition-cases.ts";
import { logicCases } from "./testing/logic-cases.ts";
import { actionCases, resourceCases, variableCases } from "./testing/pattern-cases.ts";
import { callers, own, other, principalCases, type CallerName } from "./testing/principal-cases.ts";

const action = "sqs:SendMessage";
const resource = `arn:aws:sqs:us-east-1:${own}:queue`;
const version = "2012-10-17";

function identityPolicy(statement: object): CompiledPolicy {
  const whole = { Effect: "Allow", Action: "*", Resource: "*", ...statement };
  return compilePolicy(JSON.stringify({ Version: version, Statement: whole }), "identity", "p");
}

function isAllowed(
  statement: object,
  asked: {
    readonly action?: string;
    readonly resource?: string;
    readonly context?: Parameters<typeof contextOf>[0];
  },
): boolean {
  const decision = evaluate({
    principal: callers.bob,
    action,
    resource,
    ...asked,
    resourceAccount: own,
    context: contextOf(asked.context ?? {}),
    policies: { identity: [identityPolicy(statement)] },
  });
  return decision.decision === "allow";
}

describe("Conditions", () => {
  for (const [page, cases] of Object.entries(conditionCases)) {
    test(page, () => {
      for (const [operator, wanted, given, holds] of cases) {
        const Condition = { [operator]: { "Test:Key": wanted } };
        const context = { "test:key": given };
        const name = `${operator} ${JSON.stringify(wanted)} of ${JSON.stringify(given)}`;
        assert.equal(isAllowed({ Condition }, { context }), holds, name);
      }
    });
  }
});

describe("Actions and resources", () => {
  for (const [page, cases] of Object.entries(actionCases)) {
    test(page, () => {
      for (const [pattern, given, matches] of cases) {
        const name = `${pattern} ${given}`;
        assert.equal(isAllowed({ Action: pattern }, { action: given }), matches, name);
        const negated = { Action: undefined, NotAction: pattern };
        assert.equal(isAllowed(negated, { action: given }), !matches, `not ${name}`);
      }
    });
  }
  for (const [page, cases] of Object.entries(resourceCases)) {
    test(page, () => {
      for (const [pattern, given, matches] of cases) {
        const name = `${pattern} ${given}`;
        assert.equal(isAllowed({ Resource: pattern }, { resource: given }), matches, name);
        const negated = { Resource: undefined, NotResource: pattern };
        assert.equal(isAllowed(negated, { resource: given }), !matches, `not ${name}`);
      }
    });
  }
  for (const [page, cases] of Object.entries(variableCases)) {
    test(page, () => {
      for (const [pattern, context, given, matches] of cases) {
        const answer = isAllowed({ Resource: pattern }, { resource: given, context });
        assert.equal(answer, matches, `${pattern} ${JSON.stringify(context)} ${given}`);
      }
    });
  }
});

describe("Principals", () => {
  for (const [page, cases] of Object.entries(principalCases)) {
    test(page, () => {
      for (const [statement, element, caller, expected] of cases) {
        const isNegated = statement === "Deny Not";
        const policy = resourcePolicy({
          Effect: isNegated ? "Deny" : statement,
          [isNegated ? "NotPrincipal" : "Principal"]: element,
        });
        const decided = decide(caller, { identity: [], resource: policy });
        const name = `${statement} ${JSON.stringify(element)} ${caller}`;
        assert.equal(decided.decision, expected, name);
      }
    });
  }
});

describe("Evaluation logic", () => {
  for (const [page, cases] of Object.entries(logicCases)) {
    test(page, () => {
      for (const row of cases) {
        const [caller = "", policies = "", expected = ""] = row.split("|").map((one) => one.trim());
        const [isTrust, applicable] = policiesOf(caller as CallerName, policies);
        const decided = decide(caller as CallerName, applicable, isTrust);
        const answer = [decided.decision, decided.layer].filter(Boolean).join(" ");
        assert.equal(answer, expected, row);
      }
    });
  }

  test("three hundred decisions and more are in the tables", () => {
    const tables = [conditionCases, actionCases, resourceCases, variableCases, principalCases];
    const rows = [...tables, logicCases].flatMap((table) => Object.values(table)).flat();
    assert(rows.length >= 300, `${rows.length} rows`);
  });
});

function resourcePolicy(statement: object): CompiledPolicy {
  const whole = { Action: "sqs:*", Resource: "*", ...statement };
  return compilePolicy(JSON.stringify({ Version: version, Statement: whole }), "resource", "r");
}

function decide(caller: CallerName, policies: ApplicablePolicies, isTrust = false): Decision {
  return evaluate({
    principal: callers[caller],
    action: isTrust ? "sts:AssumeRole" : action,
    resource: isTrust ? `arn:aws:iam::${own}:role/trusting` : resource,
    resourceAccount: own,
    context: principalContext(callers[caller]),
    policies,
  });
}

/** The policies that a row of the table describes. */
function policiesOf(caller: CallerName, text: string): [boolean, ApplicablePolicies] {
  const given = new Map(
    text
      .split(" ")
      .filter(Boolean)
      .map((one) => one.split("=") as [string, string]),
  );
  const list = (name: string): CompiledPolicy[] =>
    (given.get(name) ?? "").split(",").filter(Boolean).map(saying);
  const one = (name: string): CompiledPolicy | undefined => list(name)[0];
  const levels = given.get("scp")?.split(";");
  const isTrust = given.has("trust");
  const ofResource = given.get("resource") ?? given.get("trust");
  return [
    isTrust,
    {
      identity: list("identity"),
      boundary: one("boundary"),
      session: given.has("sessionPolicy") ? list("sessionPolicy") : undefined,
      organization: levels?.map((level) => [saying(level)]),
      resource: ofResource === undefined ? undefined : resourceSaying(caller, ofResource, isTrust),
      resourceMustAllow: isTrust,
    },
  ];
}

function saying(what: string): CompiledPolicy {
  return what === "nothing"
    ? identityPolicy({ Action: "s3:GetObject" })
    : identityPolicy({ Effect: what });
}

function resourceSaying(caller: CallerName, text: string, isTrust: boolean): CompiledPolicy {
  const [what = "", whom = ""] = text.split(":");
  const { arn } = callers[caller];
  const issuer = "issuerArn" in callers[caller] ? callers[caller].issuerArn : "none";
  const names: Readonly<Record<string, unknown>> = {
    "*": "*",
    user: { AWS: arn.endsWith(":root") ? `arn:aws:iam::${own}:user/Someone` : arn },
    session: { AWS: arn },
    role: { AWS: issuer },
    issuer: { AWS: issuer },
    account: { AWS: own },
    other: { AWS: other },
    otherUser: { AWS: `arn:aws:iam::${other}:user/Eve` },
    service: { Service: "sns.amazonaws.com" },
    federated: { Federated: "cognito-identity.amazonaws.com" },
  };
  const statement = {
    Effect: what === "nothing" ? "Allow" : what,
    Principal: names[whom],
    Action: what === "nothing" ? "s3:GetObject" : "*",
    ...(isTrust ? {} : { Resource: "*" }),
  };
  const document = JSON.stringify({ Version: version, Statement: statement });
  return compilePolicy(document, isTrust ? "trust" : "resource", "r");
}

// Source: IAM User Guide, troubleshoot_access-denied.
test("denials are explained in AWS's words", () => {
  const explained = (caller: CallerName, policies: string): string => {
    const decided = decide(caller, policiesOf(caller, policies)[1]);
    return denialMessage({ principal: callers[caller], action, resource }, decided);
  };
  const start = (arn: string): string =>
    `User: ${arn} is not authorized to perform: sqs:SendMessage on resource: ${resource} `;
  const bob = start(callers.bob.arn);
  assert.equal(
    explained("bob", ""),
    `${bob}because no identity-based policy allows the sqs:SendMessage action`,
  );
  assert.equal(
    explained("bob", "identity=Deny"),
    `${bob}with an explicit deny in an identity-based policy`,
  );
  assert.equal(
    explained("bob", "identity=Allow boundary=nothing"),
    `${bob}because no permissions boundary allows the sqs:SendMessage action`,
  );
  assert.equal(
    explained("stranger", ""),
    `${start(callers.stranger.arn)}because no resource-based policy allows the sqs:SendMessage action`,
  );
  assert.equal(
    explained("bob", "scp=Deny"),
    `${bob}with an explicit deny in a service control policy`,
  );
});

test("a decision names the statements that it rests on", () => {
  const policy = compilePolicy(
    JSON.stringify({
      Version: version,
      Statement: [
        { Sid: "Read", Effect: "Allow", Action: "sqs:ReceiveMessage", Resource: "*" },
        { Sid: "Send", Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" },
      ],
    }),
    "identity",
    "Sender",
  );
  const decided = decide("bob", { identity: [policy] });
  assert.deepEqual(decided.by, [
    { layer: "identity-based policy", policy: "Sender", sid: "Send", position: 1 },
  ]);
});

// Source: IAM User Guide, reference_policies_elements_version ("variables are treated as literal strings").
test("documents of the older version have no variables", () => {
  const statement = { Effect: "Allow", Action: "*", Resource: "arn:aws:s3:::${aws:username}" };
  for (const head of [{}, { Version: "2008-10-17" }]) {
    const policy = compilePolicy(
      JSON.stringify({ ...head, Statement: statement }),
      "identity",
      "p",
    );
    const [first] = policy.statements;
    assert.equal(first!.matchesResource("arn:aws:s3:::${aws:username}", emptyContext), true);
    const context = contextOf({ "aws:username": "Bob" });
    assert.equal(first!.matchesResource("arn:aws:s3:::Bob", context), false);
  }
});
