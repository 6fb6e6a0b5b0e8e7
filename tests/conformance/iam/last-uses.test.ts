import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { GetItemCommand, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import {
  AddUserToGroupCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreateLoginProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  GenerateCredentialReportCommand,
  GenerateServiceLastAccessedDetailsCommand,
  GetAccessKeyLastUsedCommand,
  GetAccountAuthorizationDetailsCommand,
  GetCredentialReportCommand,
  GetRoleCommand,
  GetServiceLastAccessedDetailsCommand,
  GetServiceLastAccessedDetailsWithEntitiesCommand,
  type IAMClient,
  ListPoliciesGrantingServiceAccessCommand,
  PutGroupPolicyCommand,
  UploadSigningCertificateCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { serverCertificate } from "../../support/certificates.ts";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf, stsOf, type Keys } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

function fresh() {
  const account = tule.newAccount();
  return { account, iam: iamOf(tule, account), arn: `arn:aws:iam::${account}:` };
}

const lists = (credentials: Keys, to = tule) =>
  to.dynamodb(undefined, { credentials }).send(new ListTablesCommand({}));

const lastUse = async (iam: IAMClient, AccessKeyId: string) => {
  const answer = await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId }));
  return [answer.UserName, answer.AccessKeyLastUsed] as const;
};

test("an access key tells when it was last used, where and for which service", async () => {
  covers("iam.GetAccessKeyLastUsed");
  const { iam } = fresh();
  const keys = await makeUser(iam, "bob", allowing("dynamodb:ListTables"));
  const unused = { ServiceName: "N/A", Region: "N/A" };
  assert.deepEqual(await lastUse(iam, keys.accessKeyId), ["bob", unused]);
  const beforeMs = tule.clock.nowMs();
  await lists(keys);
  const [, used] = await lastUse(iam, keys.accessKeyId);
  assert.equal(used?.ServiceName, "dynamodb");
  assert.equal(used?.Region, "us-east-1");
  // Answers have whole seconds.
  assert.ok(used.LastUsedDate!.getTime() >= beforeMs - 1000);
  // Attempts count as well.
  await assert.rejects(iamOf(tule, keys).send(new GetCredentialReportCommand({})));
  assert.equal((await lastUse(iam, keys.accessKeyId))[1]?.ServiceName, "iam");
  await assert.rejects(lastUse(iam, "AKIAIOSFODNN7EXAMPLE"), { name: "AccessDenied" });
});

test("what was used before a restart is known after it", async () => {
  covers("iam.GetAccessKeyLastUsed");
  const dataFolder = mkdtempSync(join(tmpdir(), "tule-uses-"));
  after(() => rmSync(dataFolder, { recursive: true, force: true }));
  const account = "123456789012";
  const before = await startTule({ dataFolder });
  const keys = await makeUser(iamOf(before, account), "bob", allowing("dynamodb:ListTables"));
  await lists(keys, before);
  await before.close();
  const again = await startTule({ dataFolder });
  const [, used] = await lastUse(iamOf(again, account), keys.accessKeyId);
  assert.equal(used?.ServiceName, "dynamodb");
  await again.close();
});

test("a role tells when it was last used", async () => {
  covers("iam.GetRole", "iam.GetAccountAuthorizationDetails");
  const { account, iam, arn } = fresh();
  await iam.send(
    new CreateRoleCommand({
      RoleName: "worker",
      AssumeRolePolicyDocument: policyOf({
        Effect: "Allow",
        Principal: { AWS: `${arn}root` },
        Action: "sts:AssumeRole",
      }),
    }),
  );
  const roleUse = async () => {
    const { Role: role } = await iam.send(new GetRoleCommand({ RoleName: "worker" }));
    const details = await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ["Role"] }));
    assert.deepEqual(details.RoleDetailList![0]!.RoleLastUsed, role!.RoleLastUsed);
    return role!.RoleLastUsed;
  };
  const { Credentials: made } = await stsOf(tule, account).send(
    new AssumeRoleCommand({ RoleArn: `${arn}role/worker`, RoleSessionName: "work" }),
  );
  assert.deepEqual(await roleUse(), {});
  const credentials = {
    accessKeyId: made!.AccessKeyId!,
    secretAccessKey: made!.SecretAccessKey!,
    sessionToken: made!.SessionToken!,
  };
  await assert.rejects(lists(credentials), { name: "AccessDeniedException" });
  const used = await roleUse();
  assert.equal(used?.Region, "us-east-1");
  assert.ok(used?.LastUsedDate !== undefined);
});

test("a credential report tells of all users, and is good for four hours", async () => {
  covers("iam.GenerateCredentialReport", "iam.GetCredentialReport");
  const own = await startTule();
  const account = own.newAccount();
  const iam = iamOf(own, account);
  await assert.rejects(iam.send(new GetCredentialReportCommand({})), {
    name: "CredentialReportNotPresentException",
  });
  const keys = await makeUser(iam, "bob", allowing("dynamodb:ListTables"));
  await makeUser(iam, "carol");
  await iam.send(new CreateLoginProfileCommand({ UserName: "carol", Password: "Correct-horse-1" }));
  await iam.send(
    new UploadSigningCertificateCommand({ UserName: "carol", CertificateBody: serverCertificate }),
  );
  await lists(keys, own);
  const generate = async () => {
    const { $metadata: _, ...answer } = await iam.send(new GenerateCredentialReportCommand({}));
    return answer;
  };
  assert.deepEqual(await generate(), {
    State: "STARTED",
    Description: "No report exists. Starting a new report generation task",
  });
  assert.deepEqual(await generate(), { State: "COMPLETE" });
  const report = await iam.send(new GetCredentialReportCommand({}));
  assert.equal(report.ReportFormat, "text/csv");
  const [head, ...lines] = Buffer.from(report.Content!).toString().split("\n");
  const names = head!.split(",");
  assert.equal(names.length, 22);
  const rows = lines.map((line) =>
    Object.fromEntries(line.split(",").map((cell, at) => [names[at], cell])),
  );
  assert.deepEqual(
    rows.map((row) => row["user"]),
    ["<root_account>", "bob", "carol"],
  );
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/;
  const [, bob, carol] = rows;
  assert.equal(bob!["arn"], `arn:aws:iam::${account}:user/bob`);
  assert.equal(bob!["access_key_1_active"], "true");
  assert.match(bob!["access_key_1_last_used_date"], time);
  assert.equal(bob!["access_key_1_last_used_service"], "dynamodb");
  assert.equal(bob!["password_enabled"], "false");
  assert.equal(carol!["password_enabled"], "true");
  assert.match(carol!["password_last_changed"], time);
  assert.equal(carol!["access_key_1_last_used_date"], "N/A");
  assert.equal(carol!["access_key_2_active"], "false");
  assert.equal(carol!["cert_1_active"], "true");
  assert.equal(carol!["mfa_active"], "false");
  own.clock.moveTo(own.clock.nowMs() + 4 * 3_600_000);
  await assert.rejects(iam.send(new GetCredentialReportCommand({})), {
    name: "CredentialReportExpiredException",
  });
  assert.equal((await generate()).State, "STARTED");
});

test("access advisor tells which services may be used, and which were", async () => {
  covers(
    "iam.GenerateServiceLastAccessedDetails",
    "iam.GetServiceLastAccessedDetails",
    "iam.GetServiceLastAccessedDetailsWithEntities",
  );
  const { iam, arn } = fresh();
  const keys = await makeUser(iam, "bob", allowing(["dynamodb:ListTables", "sqs:*"]));
  await makeUser(iam, "carol");
  const { Policy: policy } = await iam.send(
    new CreatePolicyCommand({
      PolicyName: "read",
      PolicyDocument: policyOf(allowing(["s3:Get*", "sns:*"])),
    }),
  );
  for (const UserName of ["bob", "carol"]) {
    await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: policy!.Arn! }));
  }
  await iam.send(new CreateGroupCommand({ GroupName: "staff" }));
  await iam.send(
    new PutGroupPolicyCommand({
      GroupName: "staff",
      PolicyName: "own",
      PolicyDocument: policyOf(allowing("iam:*"), {
        ...allowing("lambda:*"),
        Effect: "Deny",
      }),
    }),
  );
  await iam.send(new AddUserToGroupCommand({ GroupName: "staff", UserName: "bob" }));
  await lists(keys);
  const dynamodb = tule.dynamodb(undefined, { credentials: keys });
  const get = new GetItemCommand({ TableName: "none", Key: { id: { S: "1" } } });
  await assert.rejects(dynamodb.send(get), { name: "AccessDeniedException" });

  const generate = async (Arn: string, Granularity: "SERVICE_LEVEL" | "ACTION_LEVEL") => {
    const { JobId } = await iam.send(
      new GenerateServiceLastAccessedDetailsCommand({ Arn, Granularity }),
    );
    const details = await iam.send(new GetServiceLastAccessedDetailsCommand({ JobId: JobId! }));
    assert.equal(details.JobStatus, "COMPLETED");
    assert.equal(details.JobType, Granularity);
    return { JobId: JobId!, services: details.ServicesLastAccessed! };
  };
  const bobs = await generate(`${arn}user/bob`, "ACTION_LEVEL");
  const names = bobs.services.map(({ ServiceNamespace: namespace }) => namespace);
  for (const namespace of ["dynamodb", "sqs", "s3", "sns", "iam"]) {
    assert.ok(names.includes(namespace), namespace);
  }
  assert.ok(!names.includes("lambda"));
  const used = bobs.services.find((one) => one.ServiceNamespace === "dynamodb");
  assert.equal(used?.ServiceName, "Amazon DynamoDB");
  assert.equal(used?.LastAuthenticatedEntity, `${arn}user/bob`);
  assert.equal(used?.TotalAuthenticatedEntities, 1);
  assert.deepEqual(
    used?.TrackedActionsLastAccessed?.map(({ ActionName: name }) => name),
    ["GetItem", "ListTables"],
  );
  const unused = bobs.services.find((one) => one.ServiceNamespace === "sqs");
  assert.deepEqual(unused, {
    ServiceName: "Amazon SQS",
    ServiceNamespace: "sqs",
    TotalAuthenticatedEntities: 0,
    TrackedActionsLastAccessed: [],
  });

  // A policy's report is about all who have it.
  const ofPolicy = await generate(policy!.Arn!, "SERVICE_LEVEL");
  const entities = await iam.send(
    new GetServiceLastAccessedDetailsWithEntitiesCommand({
      JobId: ofPolicy.JobId,
      ServiceNamespace: "s3",
    }),
  );
  assert.deepEqual(
    entities.EntityDetailsList?.map(({ EntityInfo: info, LastAuthenticated: at }) => [
      info?.Name,
      info?.Type,
      at,
    ]),
    [
      ["bob", "USER", undefined],
      ["carol", "USER", undefined],
    ],
  );
  const staff = await generate(`${arn}group/staff`, "SERVICE_LEVEL");
  assert.deepEqual(
    staff.services.map(({ ServiceNamespace: namespace }) => namespace),
    ["iam"],
  );
  await assert.rejects(
    iam.send(new GetServiceLastAccessedDetailsCommand({ JobId: "0".repeat(36) })),
    { name: "NoSuchEntityException" },
  );
});

test("the policies that let somebody use a service are listed", async () => {
  covers("iam.ListPoliciesGrantingServiceAccess");
  const { iam, arn } = fresh();
  await makeUser(iam, "bob", allowing("dynamodb:ListTables"));
  const { Policy: policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: "all", PolicyDocument: policyOf(allowing("*")) }),
  );
  await iam.send(new AttachUserPolicyCommand({ UserName: "bob", PolicyArn: policy!.Arn! }));
  const answer = await iam.send(
    new ListPoliciesGrantingServiceAccessCommand({
      Arn: `${arn}user/bob`,
      ServiceNamespaces: ["dynamodb", "s3"],
    }),
  );
  const all = { PolicyName: "all", PolicyType: "MANAGED", PolicyArn: policy!.Arn };
  const own = { PolicyName: "own", PolicyType: "INLINE", EntityType: "USER", EntityName: "bob" };
  assert.deepEqual(answer.PoliciesGrantingServiceAccess, [
    { ServiceNamespace: "dynamodb", Policies: [own, all] },
    { ServiceNamespace: "s3", Policies: [all] },
  ]);
});
