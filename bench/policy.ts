/**
 * The policy engine alone: `node bench/policy.ts [seconds]`. How long one decision takes for a principal with ten
 * policies, of ten statements each, where the last one allows; and where none does.
 */
import { compilePolicy } from "#kernel/authorization/compile-policy.ts";
import { evaluate, type AuthorizationRequest } from "#kernel/authorization/evaluate.ts";
import { contextOf } from "#kernel/authorization/request-context.ts";

const seconds = Number(process.argv[2] ?? 2);
const account = "123456789012";
const table = `arn:aws:dynamodb:us-east-1:${account}:table/Music`;

const identity = Array.from({ length: 10 }, (_, position) =>
  compilePolicy(document(position), "identity", `policy-${position}`),
);

/** Statements as people write them: lists of actions, wildcards, variables, conditions. */
function document(position: number): string {
  const service = ["s3", "sqs", "sns", "lambda", "kinesis"][position % 5]!;
  const statements: object[] = Array.from({ length: 9 }, (_, at) => ({
    Effect: at === 8 ? "Deny" : "Allow",
    Action: at % 2 === 0 ? [`${service}:Get*`, `${service}:List*`] : `${service}:PutObject`,
    Resource: `arn:aws:${service}:*:${account}:thing-${at}/\${aws:username}/*`,
    Condition: { StringEquals: { "aws:RequestedRegion": ["us-east-1", "eu-west-1"] } },
  }));
  statements.push({
    Effect: "Allow",
    Action: position === 9 ? "dynamodb:*Item" : "dynamodb:Describe*",
    Resource: `arn:aws:dynamodb:*:${account}:table/*`,
    Condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": "${aws:username}*" } },
  });
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

function request(action: string): AuthorizationRequest {
  return {
    principal: {
      arn: `arn:aws:iam::${account}:user/Bob`,
      account,
      userId: "AIDAEXAMPLE",
      kind: "user",
    },
    action,
    resource: table,
    resourceAccount: account,
    context: contextOf({
      "aws:username": "Bob",
      "aws:RequestedRegion": "us-east-1",
      "dynamodb:LeadingKeys": ["Bob", "Bob#2"],
    }),
    policies: { identity },
  };
}

for (const [name, action, expected] of [
  ["allowed by the last of 100 statements", "dynamodb:PutItem", "allow"],
  ["allowed by none", "dynamodb:Scan", "implicitDeny"],
] as const) {
  const asked = request(action);
  if (evaluate(asked).decision !== expected) throw new Error(`not ${expected}`);
  const endMs = performance.now() + seconds * 1000;
  let count = 0;
  const beganMs = performance.now();
  while (performance.now() < endMs) {
    for (let times = 0; times < 1000; times += 1) evaluate(asked);
    count += 1000;
  }
  const microseconds = ((performance.now() - beganMs) * 1000) / count;
  console.log(`${name}: ${microseconds.toFixed(2)} us a decision`);
}
