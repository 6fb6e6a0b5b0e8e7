import assert from "node:assert/strict";
import test from "node:test";
import {
  AttachGroupPolicyCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  DeletePolicyCommand,
  DeleteServiceLinkedRoleCommand,
  DeleteServiceSpecificCredentialCommand,
  GetPolicyCommand,
  GetRoleCommand,
  GetServiceLinkedRoleDeletionStatusCommand,
  GetUserPolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListServiceSpecificCredentialsCommand,
  PutUserPolicyCommand,
  ResetServiceSpecificCredentialCommand,
  SimulatePrincipalPolicyCommand,
  UpdateServiceSpecificCredentialCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf, stsOf } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

/** What the real AWS answered to the same calls. All of it is recorded. */
const tule = await startTule();

function fresh() {
  const account = tule.newAccount();
  return { account, iam: iamOf(tule, account) };
}

const trustIn = (service: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });

test("a policy that is not there is told by its ARN", async () => {
  covers("iam.DeletePolicy");
  const { account, iam } = fresh();
  const PolicyArn = `arn:aws:iam::${account}:policy/non-existent-policy`;
  await assert.rejects(iam.send(new DeletePolicyCommand({ PolicyArn })), {
    name: "NoSuchEntityException",
    message: `Policy ${PolicyArn} was not found.`,
  });
});

test("a managed policy is described with all its counts", async () => {
  covers("iam.CreatePolicy", "iam.GetPolicy");
  const { account, iam } = fresh();
  const created = await iam.send(
    new CreatePolicyCommand({
      PolicyName: "empty",
      PolicyDocument: policyOf(allowing("dynamodb:*")),
    }),
  );
  const PolicyArn = `arn:aws:iam::${account}:policy/empty`;
  const { Policy: policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  assert.deepEqual(policy, {
    PolicyName: "empty",
    PolicyId: created.Policy?.PolicyId,
    Arn: PolicyArn,
    Path: "/",
    DefaultVersionId: "v1",
    AttachmentCount: 0,
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    CreateDate: policy?.CreateDate,
    UpdateDate: policy?.CreateDate,
    Tags: [],
  });
});

test("a role's tags are in its own description, not in a list's; defaults are not in the first answer", async () => {
  covers("iam.CreateRole", "iam.GetRole", "iam.ListRoles");
  const { account, iam } = fresh();
  const Path = "/role-with-tags/";
  const { Role: created } = await iam.send(
    new CreateRoleCommand({
      RoleName: "tagged",
      Path,
      AssumeRolePolicyDocument: trustIn("ec2.amazonaws.com"),
      Tags: [{ Key: "test", Value: "value" }],
    }),
  );
  const listed = {
    Path,
    RoleName: "tagged",
    RoleId: created?.RoleId,
    Arn: `arn:aws:iam::${account}:role/role-with-tags/tagged`,
    CreateDate: created?.CreateDate,
    AssumeRolePolicyDocument: encodeURIComponent(trustIn("ec2.amazonaws.com")),
  };
  const Tags = [{ Key: "test", Value: "value" }];
  assert.deepEqual(created, { ...listed, Tags });
  const got = await iam.send(new GetRoleCommand({ RoleName: "tagged" }));
  assert.deepEqual(got.Role, { ...listed, MaxSessionDuration: 3600, RoleLastUsed: {}, Tags });
  const { $metadata: _, ...list } = await iam.send(new ListRolesCommand({ PathPrefix: Path }));
  assert.deepEqual(list, { IsTruncated: false, Roles: [{ ...listed, MaxSessionDuration: 3600 }] });
});

test("a document comes back as it was given, percent signs included", async () => {
  covers("iam.PutUserPolicy", "iam.GetUserPolicy");
  const { iam } = fresh();
  await iam.send(new CreateUserCommand({ UserName: "encoded" }));
  const resource =
    "arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Faaeeieije";
  const PolicyDocument = policyOf({
    Effect: "Allow",
    Action: ["apigatway:PUT"],
    Resource: [resource],
  });
  const named = { UserName: "encoded", PolicyName: "own" };
  await iam.send(new PutUserPolicyCommand({ ...named, PolicyDocument }));
  const got = await iam.send(new GetUserPolicyCommand(named));
  assert.equal(decodeURIComponent(got.PolicyDocument!), PolicyDocument);
});

for (const [service, name, policy, description] of [
  ["batch", "Batch", "BatchServiceRolePolicy", undefined],
  [
    "rds",
    "RDS",
    "AmazonRDSServiceRolePolicy",
    "Allows Amazon RDS to manage AWS resources on your behalf",
  ],
  [
    "cks.kms",
    "KeyManagementServiceCustomKeyStores",
    "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy",
    undefined,
  ],
  [
    "ec2.application-autoscaling",
    "ApplicationAutoScaling_EC2SpotFleetRequest",
    "AWSApplicationAutoscalingEC2SpotFleetRequestPolicy",
    undefined,
  ],
] as const) {
  test(`the role of ${service} has the name and the policy that the service gives it`, async () => {
    covers("iam.CreateServiceLinkedRole", "iam.ListAttachedRolePolicies", "iam.ListRolePolicies");
    const { account, iam } = fresh();
    const principal = `${service}.amazonaws.com`;
    await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: principal }));
    const RoleName = `AWSServiceRoleFor${name}`;
    const { Role: role } = await iam.send(new GetRoleCommand({ RoleName }));
    assert.deepEqual(
      {
        ...role,
        RoleId: "",
        CreateDate: "",
        AssumeRolePolicyDocument: decodeURIComponent(role!.AssumeRolePolicyDocument!),
      },
      {
        Path: `/aws-service-role/${principal}/`,
        RoleName,
        RoleId: "",
        Arn: `arn:aws:iam::${account}:role/aws-service-role/${principal}/${RoleName}`,
        CreateDate: "",
        AssumeRolePolicyDocument: trustIn(principal),
        MaxSessionDuration: 3600,
        RoleLastUsed: {},
        ...(description === undefined ? {} : { Description: description }),
      },
    );
    const inline = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    assert.deepEqual(inline.PolicyNames, []);
    const attached = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    assert.deepEqual(attached.AttachedPolicies, [
      { PolicyName: policy, PolicyArn: `arn:aws:iam::aws:policy/aws-service-role/${policy}` },
    ]);
  });
}

test("a service's role takes a suffix where the service allows several, and goes by a task", async () => {
  covers("iam.DeleteServiceLinkedRole", "iam.GetServiceLinkedRoleDeletionStatus");
  const { iam } = fresh();
  const create = (AWSServiceName: string, CustomSuffix?: string) =>
    iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName, CustomSuffix }));
  await assert.rejects(create("kafka.amazonaws.com", "mine"), {
    name: "InvalidInputException",
    message: "Custom suffix is not allowed for kafka.amazonaws.com",
  });
  const { Role: role } = await create("lexv2.amazonaws.com", "mine");
  assert.equal(role?.RoleName, "AWSServiceRoleForLexV2Bots_mine");
  await create("batch.amazonaws.com");
  const { DeletionTaskId } = await iam.send(
    new DeleteServiceLinkedRoleCommand({ RoleName: "AWSServiceRoleForBatch" }),
  );
  assert.match(
    DeletionTaskId!,
    /^task\/aws-service-role\/batch.amazonaws.com\/AWSServiceRoleForBatch\/[0-9a-f-]{36}$/,
  );
  const status = await iam.send(new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }));
  assert.equal(status.Status, "SUCCEEDED");
});

for (const kind of ["user", "group"] as const) {
  test(`a simulation for a ${kind} tells what decides, and where it stands`, async () => {
    covers("iam.SimulatePrincipalPolicy");
    const { account, iam } = fresh();
    const UserName = "simulated";
    const GroupName = "simulators";
    // As Python writes it: a blank behind each colon and comma.
    const statement = '{"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}';
    const PolicyDocument = `{"Version": "2012-10-17", "Statement": [${statement}]}`;
    const { Policy } = await iam.send(
      new CreatePolicyCommand({ PolicyName: "writers", PolicyDocument }),
    );
    const PolicyArn = Policy!.Arn!;
    let PolicySourceArn: string;
    if (kind === "user") {
      const created = await iam.send(new CreateUserCommand({ UserName }));
      PolicySourceArn = created.User!.Arn!;
      await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
    } else {
      const created = await iam.send(new CreateGroupCommand({ GroupName }));
      PolicySourceArn = created.Group!.Arn!;
      await iam.send(new AttachGroupPolicyCommand({ GroupName, PolicyArn }));
    }
    const resource = "arn:aws:s3:::bucket";
    const { $metadata: _, ...answer } = await iam.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn,
        ActionNames: ["s3:PutObject", "s3:GetObjectVersion"],
        ResourceArns: [resource],
      }),
    );
    const MatchedStatements = [
      {
        SourcePolicyId: "writers",
        SourcePolicyType: "IAM Policy",
        StartPosition: { Line: 1, Column: 41 },
        EndPosition: { Line: 1, Column: 40 + statement.length },
      },
    ];
    const result = (action: string, decision: string, matched: object[]) => ({
      EvalActionName: action,
      EvalDecision: decision,
      EvalDecisionDetails: {},
      EvalResourceName: resource,
      MatchedStatements: matched,
      MissingContextValues: [],
      OrganizationsDecisionDetail: { AllowedByOrganizations: true },
      ResourceSpecificResults: [
        {
          EvalResourceDecision: decision,
          EvalResourceName: resource,
          MatchedStatements: matched,
          MissingContextValues: [],
        },
      ],
    });
    assert.equal(account.length, 12);
    assert.deepEqual(answer, {
      EvaluationResults: [
        result("s3:PutObject", "allowed", MatchedStatements),
        result("s3:GetObjectVersion", "implicitDeny", []),
      ],
      IsTruncated: false,
    });
  });
}

test("credentials for one service: made, listed, switched off, made anew, deleted", async () => {
  covers(
    "iam.CreateServiceSpecificCredential",
    "iam.ListServiceSpecificCredentials",
    "iam.UpdateServiceSpecificCredential",
    "iam.ResetServiceSpecificCredential",
    "iam.DeleteServiceSpecificCredential",
  );
  const { account, iam } = fresh();
  const UserName = "coder";
  await iam.send(new CreateUserCommand({ UserName }));
  const create = (ServiceName: string) =>
    iam.send(new CreateServiceSpecificCredentialCommand({ UserName, ServiceName }));
  for (const service of [
    "nonexistentservice.amazonaws.com",
    "lambda.amazonaws.com",
    "o3on3n3onosneo",
  ]) {
    await assert.rejects(create(service), {
      name: "NoSuchEntityException",
      message: `No such service ${service} is supported for Service Specific Credentials`,
    });
  }
  const { ServiceSpecificCredential: made } = await create("codecommit.amazonaws.com");
  const { ServicePassword: password, ...listed } = made!;
  assert.equal(listed.ServiceUserName, `coder-at-${account}`);
  const ServiceSpecificCredentialId = made!.ServiceSpecificCredentialId!;
  const list = async (ServiceName?: string) => {
    const command = new ListServiceSpecificCredentialsCommand({ UserName, ServiceName });
    return (await iam.send(command)).ServiceSpecificCredentials;
  };
  assert.deepEqual(await list(), [listed]);
  assert.deepEqual(await list("cassandra.amazonaws.com"), []);
  await iam.send(
    new UpdateServiceSpecificCredentialCommand({
      UserName,
      ServiceSpecificCredentialId,
      Status: "Inactive",
    }),
  );
  assert.deepEqual(await list(), [{ ...listed, Status: "Inactive" }]);
  const reset = await iam.send(
    new ResetServiceSpecificCredentialCommand({ UserName, ServiceSpecificCredentialId }),
  );
  assert.notEqual(reset.ServiceSpecificCredential?.ServicePassword, password);
  const deleteOf = (user: string, id: string) =>
    iam.send(
      new DeleteServiceSpecificCredentialCommand({
        UserName: user,
        ServiceSpecificCredentialId: id,
      }),
    );
  await assert.rejects(deleteOf("wrong-user-name", ServiceSpecificCredentialId), {
    name: "NoSuchEntityException",
    message: "The user with name wrong-user-name cannot be found.",
  });
  await assert.rejects(deleteOf(UserName, "totally-wrong-credential-id-with-hyphens"), {
    name: "ValidationError",
    message:
      "1 validation error detected: Value at 'serviceSpecificCredentialId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]+",
  });
  await deleteOf(UserName, ServiceSpecificCredentialId);
  assert.deepEqual(await list(), []);
});

test("tags of a session: transitive ones are among them, and keys differ by more than case", async () => {
  covers("sts.AssumeRole");
  const { account, iam } = fresh();
  const keys = await makeUser(iam, "tagger", allowing("sts:*"));
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: "tagged",
      AssumeRolePolicyDocument: policyOf({
        Effect: "Allow",
        Principal: { AWS: account },
        Action: ["sts:AssumeRole", "sts:TagSession"],
      }),
    }),
  );
  const assume = (more: object) =>
    stsOf(tule, keys).send(
      new AssumeRoleCommand({ RoleArn: Role!.Arn!, RoleSessionName: "s1", ...more }),
    );
  await assert.rejects(
    assume({ Tags: [{ Key: "SessionTag1", Value: "1" }], TransitiveTagKeys: ["InvalidKey"] }),
    {
      name: "InvalidParameterValue",
      message: "The specified transitive tag key must be included in the requested tags.",
    },
  );
  await assert.rejects(
    assume({
      Tags: [
        { Key: "SessionTag1", Value: "1" },
        { Key: "sessiontag1", Value: "2" },
      ],
    }),
    {
      name: "InvalidParameterValue",
      message: "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    },
  );
  const assumed = await assume({ Tags: [{ Key: "SessionTag1", Value: "1" }] });
  assert.equal(assumed.AssumedRoleUser?.AssumedRoleId, `${Role!.RoleId}:s1`);
});
