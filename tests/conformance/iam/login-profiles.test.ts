import assert from "node:assert/strict";
import test from "node:test";
import {
  ChangePasswordCommand,
  CreateLoginProfileCommand,
  CreateUserCommand,
  DeleteLoginProfileCommand,
  DeleteUserCommand,
  GetLoginProfileCommand,
  UpdateAccountPasswordPolicyCommand,
  UpdateLoginProfileCommand,
  UpdateUserCommand,
} from "@aws-sdk/client-iam";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const fresh = () => iamOf(tule, tule.newAccount());
const Password = "Correct-horse-1";

test("a user has one login profile, which goes with it when it is renamed, and before it is deleted", async () => {
  covers(
    "iam.CreateLoginProfile",
    "iam.GetLoginProfile",
    "iam.DeleteLoginProfile",
    "iam.UpdateUser",
    "iam.DeleteUser",
  );
  const iam = fresh();
  const UserName = "bob";
  await iam.send(new CreateUserCommand({ UserName }));
  const missing = {
    name: "NoSuchEntityException",
    message: "Login Profile for User bob cannot be found.",
  };
  await assert.rejects(iam.send(new GetLoginProfileCommand({ UserName })), missing);
  const made = await iam.send(
    new CreateLoginProfileCommand({ UserName, Password, PasswordResetRequired: true }),
  );
  assert.deepEqual(made.LoginProfile, {
    UserName,
    CreateDate: made.LoginProfile?.CreateDate,
    PasswordResetRequired: true,
  });
  await assert.rejects(iam.send(new CreateLoginProfileCommand({ UserName, Password })), {
    name: "EntityAlreadyExistsException",
    message: "Login Profile for user bob already exists.",
  });
  await iam.send(new UpdateUserCommand({ UserName, NewUserName: "robert" }));
  const got = await iam.send(new GetLoginProfileCommand({ UserName: "robert" }));
  assert.deepEqual(got.LoginProfile, { ...made.LoginProfile, UserName: "robert" });
  await assert.rejects(iam.send(new DeleteUserCommand({ UserName: "robert" })), {
    name: "DeleteConflictException",
    message: "Cannot delete entity, must delete login profile first.",
  });
  await iam.send(new DeleteLoginProfileCommand({ UserName: "robert" }));
  await iam.send(new DeleteUserCommand({ UserName: "robert" }));
});

test("passwords are as the account's policy wants them", async () => {
  covers("iam.CreateLoginProfile", "iam.UpdateLoginProfile", "iam.UpdateAccountPasswordPolicy");
  const iam = fresh();
  const UserName = "bob";
  await iam.send(new CreateUserCommand({ UserName }));
  const tooShort = { name: "PasswordPolicyViolationException", message: /minimum length of 8$/ };
  await assert.rejects(
    iam.send(new CreateLoginProfileCommand({ UserName, Password: "Ab1!" })),
    tooShort,
  );
  await iam.send(new CreateLoginProfileCommand({ UserName, Password }));
  await iam.send(
    new UpdateAccountPasswordPolicyCommand({
      MinimumPasswordLength: 12,
      RequireSymbols: true,
      PasswordReusePrevention: 2,
    }),
  );
  const update = (password: string) =>
    iam.send(new UpdateLoginProfileCommand({ UserName, Password: password }));
  await assert.rejects(update("NoSymbolsHere1"), {
    name: "PasswordPolicyViolationException",
    message: "Password should have at least one symbol",
  });
  const reused = { name: "PasswordPolicyViolationException", message: /one of the last 2/ };
  await assert.rejects(update(Password), reused);
  await update("Another-horse-2");
  await assert.rejects(update(Password), reused);
  await update("A-third-horse-3");
  // Two are remembered: the first may come back.
  await update(Password);
});

test("a user changes its own password, if it knows it and its policies or the account's let it", async () => {
  covers("iam.ChangePassword");
  const iam = fresh();
  const change = (old: string, next: string) =>
    new ChangePasswordCommand({ OldPassword: old, NewPassword: next });
  await assert.rejects(iam.send(change(Password, "Another-horse-2")), {
    name: "InvalidUserTypeException",
  });
  const own = iamOf(tule, await makeUser(iam, "own", allowing("iam:ChangePassword")));
  await iam.send(
    new CreateLoginProfileCommand({ UserName: "own", Password, PasswordResetRequired: true }),
  );
  await assert.rejects(own.send(change("Wrong-horse-1", "Another-horse-2")), {
    name: "AccessDenied",
  });
  await own.send(change(Password, "Another-horse-2"));
  await own.send(change("Another-horse-2", "A-third-horse-3"));
  const { LoginProfile: profile } = await iam.send(new GetLoginProfileCommand({ UserName: "own" }));
  assert.equal(profile?.PasswordResetRequired, false);

  const other = iamOf(tule, await makeUser(iam, "other"));
  await iam.send(new CreateLoginProfileCommand({ UserName: "other", Password }));
  await assert.rejects(other.send(change(Password, "Another-horse-2")), {
    name: "AccessDenied",
    message: /not authorized to perform: iam:ChangePassword on resource: .*:user\/other/,
  });
  await iam.send(new UpdateAccountPasswordPolicyCommand({ AllowUsersToChangePassword: true }));
  await other.send(change(Password, "Another-horse-2"));
});
