import assert from "node:assert/strict";
import test from "node:test";
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DetachRolePolicyCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListInstanceProfilesCommand,
  ListInstanceProfilesForRoleCommand,
  ListInstanceProfileTagsCommand,
  ListRoleTagsCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  TagInstanceProfileCommand,
  TagRoleCommand,
  UntagInstanceProfileCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  UpdateRoleDescriptionCommand,
} from "@aws-sdk/client-iam";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, policyOf } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

function fresh() {
  const account = tule.newAccount();
  return { account, iam: iamOf(tule, account) };
}

const trustOf = (account: string): string =>
  policyOf({ Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: account } });
const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";

test("a role is described, changed, tagged, put into an instance profile, and deleted last", async () => {
  covers(
    "iam.UpdateRole",
    "iam.UpdateRoleDescription",
    "iam.UpdateAssumeRolePolicy",
    "iam.DeleteRole",
    "iam.GetRolePolicy",
    "iam.AttachRolePolicy",
    "iam.DetachRolePolicy",
    "iam.TagRole",
    "iam.UntagRole",
    "iam.ListRoleTags",
    "iam.PutRolePermissionsBoundary",
    "iam.DeleteRolePermissionsBoundary",
    "iam.CreateInstanceProfile",
    "iam.GetInstanceProfile",
    "iam.ListInstanceProfiles",
    "iam.ListInstanceProfilesForRole",
    "iam.AddRoleToInstanceProfile",
    "iam.RemoveRoleFromInstanceProfile",
    "iam.DeleteInstanceProfile",
    "iam.TagInstanceProfile",
    "iam.UntagInstanceProfile",
    "iam.ListInstanceProfileTags",
  );
  const { account, iam } = fresh();
  const RoleName = "worker";
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustOf(account) }));
  await iam.send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: 7200 }));
  await iam.send(new UpdateRoleDescriptionCommand({ RoleName, Description: "works" }));
  await assert.rejects(
    iam.send(
      new UpdateAssumeRolePolicyCommand({
        RoleName,
        PolicyDocument: policyOf({
          Effect: "Allow",
          Action: "sts:AssumeRole",
          Principal: { AWS: `arn:aws:iam::${account}:user/nobody` },
        }),
      }),
    ),
    {
      name: "MalformedPolicyDocumentException",
      message: `Invalid principal in policy: "AWS":"arn:aws:iam::${account}:user/nobody"`,
    },
  );
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trustOf(account) }));
  await iam.send(
    new TagRoleCommand({
      RoleName,
      Tags: [
        { Key: "a", Value: "1" },
        { Key: "b", Value: "2" },
      ],
    }),
  );
  await iam.send(new UntagRoleCommand({ RoleName, TagKeys: ["A"] }));
  assert.deepEqual((await iam.send(new ListRoleTagsCommand({ RoleName }))).Tags, [
    { Key: "b", Value: "2" },
  ]);
  await iam.send(
    new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: readOnly }),
  );
  const { Role: role } = await iam.send(new GetRoleCommand({ RoleName }));
  assert.deepEqual(
    [
      role?.MaxSessionDuration,
      role?.Description,
      role?.PermissionsBoundary?.PermissionsBoundaryArn,
    ],
    [7200, "works", readOnly],
  );
  await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
  const named = { RoleName, PolicyName: "own" };
  await iam.send(
    new PutRolePolicyCommand({ ...named, PolicyDocument: policyOf(allowing("s3:*")) }),
  );
  assert.equal((await iam.send(new GetRolePolicyCommand(named))).RoleName, RoleName);

  const InstanceProfileName = "machine";
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
  await iam.send(
    new TagInstanceProfileCommand({ InstanceProfileName, Tags: [{ Key: "c", Value: "3" }] }),
  );
  const { InstanceProfile } = await iam.send(
    new GetInstanceProfileCommand({ InstanceProfileName }),
  );
  assert.deepEqual(
    InstanceProfile!.Roles!.map((one) => one.RoleName),
    [RoleName],
  );
  const tags = await iam.send(new ListInstanceProfileTagsCommand({ InstanceProfileName }));
  assert.deepEqual(tags.Tags, [{ Key: "c", Value: "3" }]);
  await iam.send(new UntagInstanceProfileCommand({ InstanceProfileName, TagKeys: ["c"] }));
  assert.equal((await iam.send(new ListInstanceProfilesCommand({}))).InstanceProfiles!.length, 1);
  assert.equal(
    (await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }))).InstanceProfiles!.length,
    1,
  );

  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: readOnly }));
  const remove = () => iam.send(new DeleteRoleCommand({ RoleName }));
  await assert.rejects(remove(), {
    message: "Cannot delete entity, must remove roles from instance profile first.",
  });
  await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
  await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
  await assert.rejects(remove(), {
    message: "Cannot delete entity, must detach all policies first.",
  });
  await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn: readOnly }));
  await assert.rejects(remove(), { message: "Cannot delete entity, must delete policies first." });
});
