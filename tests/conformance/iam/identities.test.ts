import assert from "node:assert/strict";
import test from "node:test";
import {
  AddRoleToInstanceProfileCommand,
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateAccountAliasCommand,
  CreateGroupCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccountAliasCommand,
  DeleteAccountPasswordPolicyCommand,
  DeleteGroupCommand,
  DeleteGroupPolicyCommand,
  DeleteInstanceProfileCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteUserCommand,
  DeleteUserPermissionsBoundaryCommand,
  DetachGroupPolicyCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  GetAccountAuthorizationDetailsCommand,
  GetAccountPasswordPolicyCommand,
  GetAccountSummaryCommand,
  GetContextKeysForCustomPolicyCommand,
  GetContextKeysForPrincipalPolicyCommand,
  GetGroupCommand,
  GetGroupPolicyCommand,
  GetInstanceProfileCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  ListAccessKeysCommand,
  ListAccountAliasesCommand,
  ListAttachedGroupPoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListGroupPoliciesCommand,
  ListGroupsCommand,
  ListGroupsForUserCommand,
  ListInstanceProfilesCommand,
  ListInstanceProfilesForRoleCommand,
  ListInstanceProfileTagsCommand,
  ListPoliciesCommand,
  ListPolicyTagsCommand,
  ListPolicyVersionsCommand,
  ListRoleTagsCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  ListUserTagsCommand,
  PutGroupPolicyCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  RemoveUserFromGroupCommand,
  SetDefaultPolicyVersionCommand,
  SimulateCustomPolicyCommand,
  TagInstanceProfileCommand,
  TagPolicyCommand,
  TagRoleCommand,
  TagUserCommand,
  UntagInstanceProfileCommand,
  UntagPolicyCommand,
  UntagRoleCommand,
  UntagUserCommand,
  UpdateAccountPasswordPolicyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateGroupCommand,
  UpdateRoleCommand,
  UpdateRoleDescriptionCommand,
  UpdateUserCommand,
} from "@aws-sdk/client-iam";
import { GetAccessKeyInfoCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf, stsOf } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

function fresh() {
  const account = tule.newAccount();
  return { account, iam: iamOf(tule, account) };
}

const trustOf = (account: string): string =>
  policyOf({ Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: account } });
const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";

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

test("what is set for an account, and what it holds", async () => {
  covers(
    "iam.CreateAccountAlias",
    "iam.ListAccountAliases",
    "iam.DeleteAccountAlias",
    "iam.GetAccountSummary",
    "iam.UpdateAccountPasswordPolicy",
    "iam.GetAccountPasswordPolicy",
    "iam.DeleteAccountPasswordPolicy",
    "iam.GetAccountAuthorizationDetails",
  );
  const { account, iam } = fresh();
  await iam.send(new CreateAccountAliasCommand({ AccountAlias: "our-shop" }));
  assert.deepEqual((await iam.send(new ListAccountAliasesCommand({}))).AccountAliases, [
    "our-shop",
  ]);
  await iam.send(new DeleteAccountAliasCommand({ AccountAlias: "our-shop" }));
  assert.deepEqual((await iam.send(new ListAccountAliasesCommand({}))).AccountAliases, []);
  await assert.rejects(iam.send(new GetAccountPasswordPolicyCommand({})), {
    name: "NoSuchEntityException",
    message: `The Password Policy with domain name ${account} cannot be found.`,
  });
  await iam.send(
    new UpdateAccountPasswordPolicyCommand({ MinimumPasswordLength: 12, RequireNumbers: true }),
  );
  const { PasswordPolicy } = await iam.send(new GetAccountPasswordPolicyCommand({}));
  assert.deepEqual(
    [
      PasswordPolicy?.MinimumPasswordLength,
      PasswordPolicy?.RequireNumbers,
      PasswordPolicy?.ExpirePasswords,
    ],
    [12, true, false],
  );
  await iam.send(new DeleteAccountPasswordPolicyCommand({}));

  await makeUser(iam, "jana", allowing("s3:*"));
  await iam.send(new AttachUserPolicyCommand({ UserName: "jana", PolicyArn: readOnly }));
  await iam.send(
    new CreateRoleCommand({ RoleName: "helper", AssumeRolePolicyDocument: trustOf(account) }),
  );
  const { SummaryMap } = await iam.send(new GetAccountSummaryCommand({}));
  assert.deepEqual(
    [SummaryMap!["Users"], SummaryMap!["Roles"], SummaryMap!["UsersQuota"]],
    [1, 1, 5000],
  );
  const details = await iam.send(new GetAccountAuthorizationDetailsCommand({}));
  assert.deepEqual(
    details.UserDetailList!.map((user) => user.UserName),
    ["jana"],
  );
  assert.equal(details.UserDetailList![0]!.UserPolicyList!.length, 1);
  assert.deepEqual(
    details.RoleDetailList!.map((role) => role.RoleName),
    ["helper"],
  );
  assert.deepEqual(
    details.Policies!.map((policy) => policy.Arn),
    [readOnly],
  );
  const roles = await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ["Role"] }));
  assert.deepEqual([roles.UserDetailList, roles.RoleDetailList!.length], [[], 1]);
});

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

test("who is in one account is nobody in another", async () => {
  const { iam } = fresh();
  const { iam: other } = fresh();
  const keys = await makeUser(iam, "leo");
  assert.deepEqual((await other.send(new ListUsersCommand({}))).Users, []);
  const who = await stsOf(tule, keys).send(new GetCallerIdentityCommand({}));
  assert.match(who.Arn!, /:user\/leo$/);
});
