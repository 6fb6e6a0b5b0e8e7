import assert from "node:assert/strict";
import test from "node:test";
import {
  AttachUserPolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DetachUserPolicyCommand,
  GetPolicyVersionCommand,
  ListAttachedUserPoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListGroupsCommand,
  ListPoliciesCommand,
  ListPolicyTagsCommand,
  ListPolicyVersionsCommand,
  ListUsersCommand,
  PutUserPolicyCommand,
  SetDefaultPolicyVersionCommand,
  TagPolicyCommand,
  UntagPolicyCommand,
} from "@aws-sdk/client-iam";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

function fresh() {
  const account = tule.newAccount();
  return { account, iam: iamOf(tule, account) };
}

const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";

test("the default version of a managed policy is the one that holds", async () => {
  covers(
    "iam.CreatePolicyVersion",
    "iam.GetPolicyVersion",
    "iam.ListPolicyVersions",
    "iam.DeletePolicyVersion",
    "iam.SetDefaultPolicyVersion",
    "iam.AttachUserPolicy",
    "iam.DetachUserPolicy",
    "iam.ListPolicies",
    "iam.ListAttachedUserPolicies",
    "iam.ListEntitiesForPolicy",
    "iam.DeletePolicy",
    "iam.TagPolicy",
    "iam.UntagPolicy",
    "iam.ListPolicyTags",
  );
  const { account, iam } = fresh();
  const keys = await makeUser(iam, "gina");
  const own = iamOf(tule, keys);
  const { Policy } = await iam.send(
    new CreatePolicyCommand({
      PolicyName: "lists",
      PolicyDocument: policyOf(allowing("iam:ListUsers")),
    }),
  );
  const PolicyArn = Policy!.Arn!;
  await iam.send(new AttachUserPolicyCommand({ UserName: "gina", PolicyArn }));
  await own.send(new ListUsersCommand({}));
  const document = policyOf(allowing("iam:ListGroups"));
  const { PolicyVersion } = await iam.send(
    new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: document }),
  );
  assert.deepEqual([PolicyVersion?.VersionId, PolicyVersion?.IsDefaultVersion], ["v2", false]);
  await own.send(new ListUsersCommand({}));
  await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
  await own.send(new ListGroupsCommand({}));
  await assert.rejects(own.send(new ListUsersCommand({})), { name: "AccessDenied" });
  const got = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
  assert.equal(decodeURIComponent(got.PolicyVersion!.Document!), document);
  const versions = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
  assert.deepEqual(
    versions.Versions!.map((version) => version.VersionId),
    ["v2", "v1"],
  );
  await assert.rejects(iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v2" })), {
    name: "DeleteConflictException",
    message: "Cannot delete the default version of a policy.",
  });
  await iam.send(
    new TagPolicyCommand({
      PolicyArn,
      Tags: [
        { Key: "a", Value: "1" },
        { Key: "b", Value: "2" },
      ],
    }),
  );
  await iam.send(new UntagPolicyCommand({ PolicyArn, TagKeys: ["a"] }));
  assert.deepEqual((await iam.send(new ListPolicyTagsCommand({ PolicyArn }))).Tags, [
    { Key: "b", Value: "2" },
  ]);
  const local = await iam.send(new ListPoliciesCommand({ Scope: "Local", OnlyAttached: true }));
  assert.deepEqual(
    local.Policies!.map((policy) => [policy.PolicyName, policy.AttachmentCount]),
    [["lists", 1]],
  );
  const aws = await iam.send(new ListPoliciesCommand({ Scope: "AWS" }));
  assert.ok(aws.Policies!.some((policy) => policy.Arn === readOnly));
  const users = await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }));
  assert.deepEqual(
    users.PolicyUsers!.map((user) => user.UserName),
    ["gina"],
  );
  await assert.rejects(iam.send(new DeletePolicyCommand({ PolicyArn })), {
    name: "DeleteConflictException",
    message: "Cannot delete a policy attached to entities.",
  });
  const attached = await iam.send(new ListAttachedUserPoliciesCommand({ UserName: "gina" }));
  assert.deepEqual(attached.AttachedPolicies, [{ PolicyName: "lists", PolicyArn }]);
  await iam.send(new DetachUserPolicyCommand({ UserName: "gina", PolicyArn }));
  await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
  await iam.send(new DeletePolicyCommand({ PolicyArn }));
  await assert.rejects(
    iam.send(
      new AttachUserPolicyCommand({
        UserName: "gina",
        PolicyArn: `arn:aws:iam::${account}:policy/none`,
      }),
    ),
    {
      name: "NoSuchEntityException",
      message: `Policy arn:aws:iam::${account}:policy/none does not exist or is not attachable.`,
    },
  );
});

test("documents that are none are refused in AWS's words, and long ones by their quotas", async () => {
  covers("iam.PutUserPolicy", "iam.CreateRole");
  const { iam } = fresh();
  await iam.send(new CreateUserCommand({ UserName: "ida" }));
  const put = (PolicyDocument: string) =>
    iam.send(new PutUserPolicyCommand({ UserName: "ida", PolicyName: "own", PolicyDocument }));
  await assert.rejects(put("{"), {
    name: "MalformedPolicyDocumentException",
    message: "Syntax errors in policy.",
  });
  await assert.rejects(put(policyOf({ Effect: "Allow", Resource: "*" })), {
    message: "Policy statement must contain actions.",
  });
  const long = policyOf(
    allowing(Array.from({ length: 120 }, (_, at) => `s3:AnActionWithALongName${at}`)),
  );
  await assert.rejects(put(long), {
    name: "LimitExceededException",
    message: "Maximum policy size of 2048 bytes exceeded for user ida",
  });
  await assert.rejects(
    iam.send(
      new CreateRoleCommand({
        RoleName: "odd",
        AssumeRolePolicyDocument: policyOf({ Effect: "Allow", Action: "s3:*", Principal: "*" }),
      }),
    ),
    { message: "AssumeRole policy may only specify STS AssumeRole actions." },
  );
});
