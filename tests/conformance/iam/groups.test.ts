import assert from "node:assert/strict";
import test from "node:test";
import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  CreateGroupCommand,
  DeleteGroupCommand,
  DeleteGroupPolicyCommand,
  DetachGroupPolicyCommand,
  GetGroupPolicyCommand,
  ListAttachedGroupPoliciesCommand,
  ListGroupPoliciesCommand,
  ListGroupsCommand,
  ListGroupsForUserCommand,
  ListUsersCommand,
  PutGroupPolicyCommand,
  RemoveUserFromGroupCommand,
  UpdateGroupCommand,
} from "@aws-sdk/client-iam";
import { covers } from "../../support/covers.ts";
import { iamOf, makeUser, policyOf } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

function fresh() {
  const account = tule.newAccount();
  return { account, iam: iamOf(tule, account) };
}

const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";

test("a group gives its policies to its users", async () => {
  covers(
    "iam.CreateGroup",
    "iam.GetGroup",
    "iam.ListGroups",
    "iam.ListGroupsForUser",
    "iam.UpdateGroup",
    "iam.AddUserToGroup",
    "iam.RemoveUserFromGroup",
    "iam.PutGroupPolicy",
    "iam.GetGroupPolicy",
    "iam.ListGroupPolicies",
    "iam.DeleteGroupPolicy",
    "iam.AttachGroupPolicy",
    "iam.DetachGroupPolicy",
    "iam.ListAttachedGroupPolicies",
    "iam.DeleteGroup",
  );
  const { iam } = fresh();
  const keys = await makeUser(iam, "fred");
  const own = iamOf(tule, keys);
  await iam.send(new CreateGroupCommand({ GroupName: "readers" }));
  await iam.send(new AddUserToGroupCommand({ GroupName: "readers", UserName: "fred" }));
  await iam.send(new AttachGroupPolicyCommand({ GroupName: "readers", PolicyArn: readOnly }));
  assert.equal((await own.send(new ListUsersCommand({}))).Users!.length, 1);
  await iam.send(new UpdateGroupCommand({ GroupName: "readers", NewGroupName: "viewers" }));
  const GroupName = "viewers";
  const groups = await own.send(new ListGroupsForUserCommand({ UserName: "fred" }));
  assert.deepEqual(
    groups.Groups!.map((group) => group.GroupName),
    [GroupName],
  );
  assert.equal((await own.send(new ListGroupsCommand({}))).Groups!.length, 1);
  const PolicyName = "deny";
  const PolicyDocument = policyOf({ Effect: "Deny", Action: "iam:ListUsers", Resource: "*" });
  await iam.send(new PutGroupPolicyCommand({ GroupName, PolicyName, PolicyDocument }));
  await assert.rejects(
    own.send(new ListUsersCommand({})),
    /with an explicit deny in an identity-based policy$/,
  );
  const got = await iam.send(new GetGroupPolicyCommand({ GroupName, PolicyName }));
  assert.equal(decodeURIComponent(got.PolicyDocument!), PolicyDocument);
  assert.deepEqual((await iam.send(new ListGroupPoliciesCommand({ GroupName }))).PolicyNames, [
    PolicyName,
  ]);
  await iam.send(new DeleteGroupPolicyCommand({ GroupName, PolicyName }));
  const attached = await iam.send(new ListAttachedGroupPoliciesCommand({ GroupName }));
  assert.deepEqual(attached.AttachedPolicies, [
    { PolicyName: "ReadOnlyAccess", PolicyArn: readOnly },
  ]);
  await assert.rejects(iam.send(new DeleteGroupCommand({ GroupName })), {
    name: "DeleteConflictException",
  });
  await iam.send(new RemoveUserFromGroupCommand({ GroupName, UserName: "fred" }));
  await assert.rejects(own.send(new ListUsersCommand({})), { name: "AccessDenied" });
  await iam.send(new DetachGroupPolicyCommand({ GroupName, PolicyArn: readOnly }));
  await iam.send(new DeleteGroupCommand({ GroupName }));
});
