import assert from "node:assert/strict";
import test from "node:test";
import {
  AddUserToGroupCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateUserCommand,
  DeleteUserCommand,
  DeleteUserPermissionsBoundaryCommand,
  GetGroupCommand,
  GetUserCommand,
  ListAccessKeysCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  ListUserTagsCommand,
  PutUserPermissionsBoundaryCommand,
  TagUserCommand,
  UntagUserCommand,
  UpdateUserCommand,
} from "@aws-sdk/client-iam";
import { GetAccessKeyInfoCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, stsOf } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

function fresh() {
  const account = tule.newAccount();
  return { account, iam: iamOf(tule, account) };
}

test("users are made, found, listed in pages, renamed with all that they have, and deleted last", async () => {
  covers("iam.CreateUser", "iam.GetUser", "iam.ListUsers", "iam.UpdateUser", "iam.DeleteUser");
  const { account, iam } = fresh();
  for (const UserName of ["anna", "Bert", "carl"]) {
    await iam.send(new CreateUserCommand({ UserName, Path: "/staff/" }));
  }
  await assert.rejects(iam.send(new CreateUserCommand({ UserName: "ANNA" })), {
    name: "EntityAlreadyExistsException",
    message: "User with name ANNA already exists.",
  });
  const first = await iam.send(new ListUsersCommand({ MaxItems: 2 }));
  assert.deepEqual(
    [first.Users!.map((user) => user.UserName), first.IsTruncated],
    [["anna", "Bert"], true],
  );
  const second = await iam.send(new ListUsersCommand({ MaxItems: 2, Marker: first.Marker }));
  assert.deepEqual(
    [second.Users!.map((user) => user.UserName), second.IsTruncated],
    [["carl"], false],
  );
  assert.deepEqual((await iam.send(new ListUsersCommand({ PathPrefix: "/x/" }))).Users, []);

  const keys = await makeUser(
    iam,
    "dora",
    allowing("iam:GetUser", `arn:aws:iam::${account}:user/staff/*`),
  );
  await iam.send(new CreateGroupCommand({ GroupName: "team" }));
  await iam.send(new AddUserToGroupCommand({ GroupName: "team", UserName: "dora" }));
  await assert.rejects(iamOf(tule, keys).send(new GetUserCommand({})), { name: "AccessDenied" });
  await iam.send(
    new UpdateUserCommand({ UserName: "dora", NewUserName: "Dorothea", NewPath: "/staff/" }),
  );
  const { User: self } = await iamOf(tule, keys).send(new GetUserCommand({}));
  assert.equal(self?.Arn, `arn:aws:iam::${account}:user/staff/Dorothea`);
  const members = await iam.send(new GetGroupCommand({ GroupName: "team" }));
  assert.deepEqual(
    members.Users!.map((user) => user.UserName),
    ["Dorothea"],
  );

  const remove = () => iam.send(new DeleteUserCommand({ UserName: "Dorothea" }));
  await assert.rejects(remove(), {
    name: "DeleteConflictException",
    message: "Cannot delete entity, must delete policies first.",
  });
  await iam.send(new DeleteUserCommand({ UserName: "carl" }));
  await assert.rejects(iam.send(new GetUserCommand({ UserName: "carl" })), {
    name: "NoSuchEntityException",
    message: "The user with name carl cannot be found.",
  });
});

test("an access key tells its account; a user has two at most", async () => {
  covers("iam.CreateAccessKey", "iam.ListAccessKeys", "sts.GetAccessKeyInfo");
  const { account, iam } = fresh();
  const keys = await makeUser(iam, "eve");
  await iam.send(new CreateAccessKeyCommand({ UserName: "eve" }));
  await assert.rejects(iam.send(new CreateAccessKeyCommand({ UserName: "eve" })), {
    name: "LimitExceededException",
    message: "Cannot exceed quota for AccessKeysPerUser: 2",
  });
  const listed = await iam.send(new ListAccessKeysCommand({ UserName: "eve" }));
  assert.equal(listed.AccessKeyMetadata![0]!.AccessKeyId, keys.accessKeyId);
  assert.deepEqual(
    listed.AccessKeyMetadata!.map((key) => key.Status),
    ["Active", "Active"],
  );
  const info = await stsOf(tule, account).send(
    new GetAccessKeyInfoCommand({ AccessKeyId: keys.accessKeyId }),
  );
  assert.equal(info.Account, account);
});

test("a user's tags are values in its policies, and a boundary that is taken away limits no more", async () => {
  covers(
    "iam.TagUser",
    "iam.UntagUser",
    "iam.ListUserTags",
    "iam.ListUserPolicies",
    "iam.PutUserPermissionsBoundary",
    "iam.DeleteUserPermissionsBoundary",
  );
  const { iam } = fresh();
  const UserName = "hans";
  const keys = await makeUser(iam, UserName, {
    Effect: "Allow",
    Action: "iam:ListUsers",
    Resource: "*",
    Condition: { StringEquals: { "aws:PrincipalTag/team": "red" } },
  });
  const list = () => iamOf(tule, keys).send(new ListUsersCommand({}));
  await assert.rejects(list(), { name: "AccessDenied" });
  await iam.send(new TagUserCommand({ UserName, Tags: [{ Key: "team", Value: "red" }] }));
  await list();
  assert.deepEqual((await iam.send(new ListUserTagsCommand({ UserName }))).Tags, [
    { Key: "team", Value: "red" },
  ]);
  await iam.send(
    new PutUserPermissionsBoundaryCommand({
      UserName,
      PermissionsBoundary: "arn:aws:iam::aws:policy/AmazonS3FullAccess",
    }),
  );
  await assert.rejects(list(), { name: "AccessDenied" });
  await iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName }));
  await list();
  await iam.send(new UntagUserCommand({ UserName, TagKeys: ["team"] }));
  await assert.rejects(list(), { name: "AccessDenied" });
  assert.deepEqual((await iam.send(new ListUserPoliciesCommand({ UserName }))).PolicyNames, [
    "own",
  ]);
});

test("who is in one account is nobody in another", async () => {
  const { iam } = fresh();
  const { iam: other } = fresh();
  const keys = await makeUser(iam, "leo");
  assert.deepEqual((await other.send(new ListUsersCommand({}))).Users, []);
  const who = await stsOf(tule, keys).send(new GetCallerIdentityCommand({}));
  assert.match(who.Arn!, /:user\/leo$/);
});
