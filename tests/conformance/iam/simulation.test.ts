import assert from "node:assert/strict";
import test from "node:test";
import {
  GetContextKeysForCustomPolicyCommand,
  GetContextKeysForPrincipalPolicyCommand,
  SimulateCustomPolicyCommand,
} from "@aws-sdk/client-iam";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

function fresh() {
  const account = tule.newAccount();
  return { account, iam: iamOf(tule, account) };
}

test("policies are tried before anybody has them", async () => {
  covers(
    "iam.SimulateCustomPolicy",
    "iam.GetContextKeysForCustomPolicy",
    "iam.GetContextKeysForPrincipalPolicy",
  );
  const { account, iam } = fresh();
  const document = policyOf(
    {
      ...allowing("s3:GetObject"),
      Condition: { StringEquals: { "aws:PrincipalTag/team": "red" } },
    },
    { Effect: "Deny", Action: "s3:DeleteObject", Resource: "*" },
  );
  const simulate = async (more: object) => {
    const command = new SimulateCustomPolicyCommand({
      PolicyInputList: [document],
      ActionNames: ["s3:GetObject", "s3:DeleteObject"],
      ...more,
    });
    return (await iam.send(command)).EvaluationResults!;
  };
  const [without, denied] = await simulate({});
  assert.deepEqual(
    [without!.EvalDecision, without!.MissingContextValues],
    ["implicitDeny", ["aws:PrincipalTag/team"]],
  );
  assert.equal(denied!.EvalDecision, "explicitDeny");
  const ContextEntries = [
    {
      ContextKeyName: "aws:PrincipalTag/team",
      ContextKeyValues: ["red"],
      ContextKeyType: "string",
    },
  ];
  assert.equal((await simulate({ ContextEntries }))[0]!.EvalDecision, "allowed");
  const bounded = await simulate({
    ContextEntries,
    PermissionsBoundaryPolicyInputList: [policyOf(allowing("sqs:*"))],
  });
  assert.deepEqual(
    [bounded[0]!.EvalDecision, bounded[0]!.PermissionsBoundaryDecisionDetail],
    ["implicitDeny", { AllowedByPermissionsBoundary: false }],
  );
  const keys = await iam.send(
    new GetContextKeysForCustomPolicyCommand({ PolicyInputList: [document] }),
  );
  assert.deepEqual(keys.ContextKeyNames, ["aws:PrincipalTag/team"]);
  await makeUser(iam, "kim", {
    ...allowing("s3:*"),
    Condition: { Bool: { "aws:SecureTransport": "true" } },
  });
  const own = await iam.send(
    new GetContextKeysForPrincipalPolicyCommand({
      PolicySourceArn: `arn:aws:iam::${account}:user/kim`,
    }),
  );
  assert.deepEqual(own.ContextKeyNames, ["aws:SecureTransport"]);
});

test("what a simulation would not obey is refused, not passed over", async () => {
  covers("iam.SimulateCustomPolicy");
  const { iam } = fresh();
  const asked = {
    PolicyInputList: [policyOf(allowing("*"))],
    ActionNames: ["ec2:RunInstances"],
  };
  await iam.send(new SimulateCustomPolicyCommand(asked));
  for (const more of [
    { ResourceHandlingOption: "EC2-VPC-EBS" },
    { ResourceOwner: "arn:aws:iam::1:root" },
  ]) {
    await assert.rejects(iam.send(new SimulateCustomPolicyCommand({ ...asked, ...more })), {
      name: "NotImplemented",
    });
  }
});
