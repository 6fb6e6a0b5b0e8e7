import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  CreateLoginProfileCommand,
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  CreateVirtualMFADeviceCommand,
  DeleteUserPolicyCommand,
  GetLoginProfileCommand,
  ListOpenIDConnectProvidersCommand,
  ListUsersCommand,
  ListVirtualMFADevicesCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf, stsOf } from "../../support/iam.ts";
import { ServerProcess } from "../../support/server-process.ts";

const rootKey = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "r".repeat(40) };
const environment = {
  TULE_ROOT_ACCESS_KEY_ID: rootKey.accessKeyId,
  TULE_ROOT_SECRET_ACCESS_KEY: rootKey.secretAccessKey,
};
const flags = ["--auth", "strict", "--log", "error"];

const folder = await mkdtemp(join(tmpdir(), "tule-iam-"));
after(() => rm(folder, { recursive: true, force: true }));

test("a crash keeps users, keys, policies, and sessions that are not over; no secret lies on the disk in clear", async () => {
  covers("iam.CreateAccessKey", "sts.AssumeRole");
  const first = new ServerProcess(folder, flags, environment);
  after(() => first.kill());
  const before = { endpoint: await first.ready };
  const iam = iamOf(before, rootKey);
  const keys = await makeUser(iam, "anna", allowing("*"));
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: "worker",
      AssumeRolePolicyDocument: policyOf({
        Effect: "Allow",
        Action: "sts:AssumeRole",
        Principal: { AWS: "000000000000" },
      }),
    }),
  );
  const { Credentials } = await stsOf(before, keys).send(
    new AssumeRoleCommand({ RoleArn: Role!.Arn!, RoleSessionName: "night" }),
  );
  const named = { UserName: "anna", PolicyName: "own" };
  await iam.send(new DeleteUserPolicyCommand(named));
  const PolicyDocument = policyOf(allowing("iam:ListUsers"));
  await iam.send(new PutUserPolicyCommand({ ...named, PolicyDocument }));
  await first.kill();

  const found = await filesWith(folder, keys.secretAccessKey);
  assert.deepEqual(found, []);
  assert.notDeepEqual(await filesWith(folder, keys.accessKeyId), []);

  const second = new ServerProcess(folder, flags, environment);
  after(() => second.kill());
  const later = { endpoint: await second.ready };
  const { Users } = await iamOf(later, keys).send(new ListUsersCommand({}));
  assert.deepEqual(
    Users!.map((user) => user.UserName),
    ["anna"],
  );
  await assert.rejects(
    iamOf(later, { ...keys, secretAccessKey: "wrong" }).send(new ListUsersCommand({})),
    { name: "SignatureDoesNotMatch" },
  );
  const session = {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
  const who = await stsOf(later, session).send(new GetCallerIdentityCommand({}));
  assert.equal(who.Arn, "arn:aws:sts::000000000000:assumed-role/worker/night");
});

test("a crash keeps providers, passwords and devices; neither passwords nor seeds lie on the disk", async () => {
  covers(
    "iam.CreateOpenIDConnectProvider",
    "iam.CreateLoginProfile",
    "iam.CreateVirtualMFADevice",
    "iam.ListVirtualMFADevices",
  );
  const ownFolder = await mkdtemp(join(tmpdir(), "tule-iam-"));
  after(() => rm(ownFolder, { recursive: true, force: true }));
  const first = new ServerProcess(ownFolder, flags, environment);
  after(() => first.kill());
  const iam = iamOf({ endpoint: await first.ready }, rootKey);
  await makeUser(iam, "anna");
  const Password = "Correct-horse-1";
  await iam.send(new CreateLoginProfileCommand({ UserName: "anna", Password }));
  const Url = "https://issuer.example.com";
  const made = await iam.send(new CreateOpenIDConnectProviderCommand({ Url }));
  const device = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: "anna" }),
  );
  await first.kill();

  const { SerialNumber: serial, Base32StringSeed: seed } = device.VirtualMFADevice!;
  for (const secret of [Password, Buffer.from(seed!).toString()]) {
    assert.deepEqual(await filesWith(ownFolder, secret), []);
  }
  const second = new ServerProcess(ownFolder, flags, environment);
  after(() => second.kill());
  const later = iamOf({ endpoint: await second.ready }, rootKey);
  await later.send(new GetLoginProfileCommand({ UserName: "anna" }));
  const providers = await later.send(new ListOpenIDConnectProvidersCommand({}));
  assert.equal(providers.OpenIDConnectProviderList![0]!.Arn, made.OpenIDConnectProviderArn);
  const devices = await later.send(new ListVirtualMFADevicesCommand({}));
  assert.equal(devices.VirtualMFADevices![0]!.SerialNumber, serial);
});

/** The files below a folder that hold a text. */
async function filesWith(below: string, text: string): Promise<string[]> {
  const names = await readdir(below, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const found = await Promise.all(
    paths.map(async (path) => ((await readFile(path)).includes(text) ? [path] : [])),
  );
  return found.flat();
}
