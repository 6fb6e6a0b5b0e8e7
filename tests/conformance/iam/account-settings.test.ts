import assert from "node:assert/strict";
import test from "node:test";
import {
  AttachUserPolicyCommand,
  CreateAccountAliasCommand,
  CreateRoleCommand,
  DeleteAccountAliasCommand,
  DeleteAccountPasswordPolicyCommand,
  GetAccountAuthorizationDetailsCommand,
  GetAccountPasswordPolicyCommand,
  GetAccountSummaryCommand,
  ListAccountAliasesCommand,
  UpdateAccountPasswordPolicyCommand,
} from "@aws-sdk/client-iam";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

function fresh() {
  const account = tule.newAccount();
  return { account, iam: iamOf(tule, account) };
}

const trustOf = (account: string): string =>
  policyOf({ Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: account } });
const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";

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
