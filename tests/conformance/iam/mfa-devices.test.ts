import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import test from "node:test";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  DeactivateMFADeviceCommand,
  DeleteUserCommand,
  DeleteVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  GetAccountSummaryCommand,
  GetMFADeviceCommand,
  type IAMClient,
  ListMFADevicesCommand,
  ListMFADeviceTagsCommand,
  ListVirtualMFADevicesCommand,
  PutRolePolicyCommand,
  ResyncMFADeviceCommand,
  TagMFADeviceCommand,
  UntagMFADeviceCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetSessionTokenCommand } from "@aws-sdk/client-sts";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf, stsOf, type Keys } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

const fresh = () => {
  const account = tule.newAccount();
  return { account, iam: iamOf(tule, account) };
};

/** An authenticator app: RFC 6238 and RFC 4648, written anew. */
function code(seed: string, stepsFromNow: number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = seed.split("").map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0"));
  const bytes = bits.join("").match(/.{8}/g)!;
  const counter = Buffer.alloc(8);
  counter.writeUIntBE(Math.floor(Date.now() / 30_000) + stepsFromNow, 2, 6);
  const hash = createHmac("sha1", Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2))));
  const digest = hash.update(counter).digest();
  const at = digest[19]! & 15;
  return String((digest.readUInt32BE(at) & 0x7f_ff_ff_ff) % 1_000_000).padStart(6, "0");
}

interface Device {
  readonly serial: string;
  readonly seed: string;
}

async function makeDevice(iam: IAMClient, name: string): Promise<Device> {
  const { VirtualMFADevice: device } = await iam.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: name, Path: "/phones/" }),
  );
  const seed = Buffer.from(device!.Base32StringSeed!).toString();
  assert.match(seed, /^[A-Z2-7]{64}$/);
  return { serial: device!.SerialNumber!, seed };
}

const codes = (seed: string, first: number, second: number) => ({
  AuthenticationCode1: code(seed, first),
  AuthenticationCode2: code(seed, second),
});

test("a device is enabled with two codes in a row, and goes before its user", async () => {
  covers(
    "iam.CreateVirtualMFADevice",
    "iam.EnableMFADevice",
    "iam.ResyncMFADevice",
    "iam.GetMFADevice",
    "iam.ListMFADevices",
    "iam.DeactivateMFADevice",
    "iam.DeleteVirtualMFADevice",
    "iam.DeleteUser",
  );
  const { account, iam } = fresh();
  const UserName = "bob";
  await iam.send(new CreateUserCommand({ UserName }));
  const { serial, seed } = await makeDevice(iam, "bob");
  assert.equal(serial, `arn:aws:iam::${account}:mfa/phones/bob`);
  const of = { UserName, SerialNumber: serial };
  const wrong = {
    name: "InvalidAuthenticationCodeException",
    message: "Authentication code for device is not valid",
  };
  await assert.rejects(
    iam.send(new EnableMFADeviceCommand({ ...of, ...codes(seed, 0, 0) })),
    wrong,
  );
  await assert.rejects(
    iam.send(new EnableMFADeviceCommand({ ...of, ...codes("A".repeat(64), -1, 0) })),
    wrong,
  );
  await iam.send(new EnableMFADeviceCommand({ ...of, ...codes(seed, -1, 0) }));
  await assert.rejects(iam.send(new EnableMFADeviceCommand({ ...of, ...codes(seed, 0, 1) })), {
    name: "EntityAlreadyExistsException",
    message: "MFA Device is already in use",
  });
  await assert.rejects(
    iam.send(new ResyncMFADeviceCommand({ ...of, ...codes(seed, 3, 5) })),
    wrong,
  );
  await iam.send(new ResyncMFADeviceCommand({ ...of, ...codes(seed, 3, 4) }));
  const { $metadata: _, ...got } = await iam.send(new GetMFADeviceCommand(of));
  assert.deepEqual(got, { ...of, EnableDate: got.EnableDate });
  const { MFADevices: own } = await iam.send(new ListMFADevicesCommand({ UserName }));
  assert.deepEqual(own, [got]);
  const conflict = { name: "DeleteConflictException" };
  await assert.rejects(iam.send(new DeleteUserCommand({ UserName })), conflict);
  const deleteIt = () => iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber: serial }));
  await assert.rejects(deleteIt(), conflict);
  await iam.send(new DeactivateMFADeviceCommand(of));
  await deleteIt();
  await iam.send(new DeleteUserCommand({ UserName }));
  await assert.rejects(deleteIt(), {
    name: "NoSuchEntityException",
    message: `VirtualMFADevice with serial number ${serial} doesn't exist.`,
  });
});

test("virtual devices are listed with their users, and told apart by whether they are in use", async () => {
  covers(
    "iam.ListVirtualMFADevices",
    "iam.TagMFADevice",
    "iam.UntagMFADevice",
    "iam.ListMFADeviceTags",
    "iam.GetAccountSummary",
  );
  const { iam } = fresh();
  await iam.send(new CreateUserCommand({ UserName: "bob" }));
  const used = await makeDevice(iam, "used");
  const free = await makeDevice(iam, "free");
  const SerialNumber = used.serial;
  await iam.send(
    new EnableMFADeviceCommand({ UserName: "bob", SerialNumber, ...codes(used.seed, -1, 0) }),
  );
  const list = async (AssignmentStatus: "Assigned" | "Unassigned" | "Any") => {
    const answer = await iam.send(new ListVirtualMFADevicesCommand({ AssignmentStatus }));
    return answer.VirtualMFADevices!.map((device) => [device.SerialNumber, device.User?.UserName]);
  };
  assert.deepEqual(await list("Assigned"), [[used.serial, "bob"]]);
  assert.deepEqual(await list("Unassigned"), [[free.serial, undefined]]);
  assert.equal((await list("Any")).length, 2);
  const { SummaryMap: summary } = await iam.send(new GetAccountSummaryCommand({}));
  assert.deepEqual([summary?.["MFADevices"], summary?.["MFADevicesInUse"]], [2, 1]);
  const Tags = [
    { Key: "one", Value: "1" },
    { Key: "two", Value: "2" },
  ];
  await iam.send(new TagMFADeviceCommand({ SerialNumber, Tags }));
  await iam.send(new UntagMFADeviceCommand({ SerialNumber, TagKeys: ["one"] }));
  const tagged = await iam.send(new ListMFADeviceTagsCommand({ SerialNumber }));
  assert.deepEqual(tagged.Tags, [{ Key: "two", Value: "2" }]);
});

async function makeUserWithDevice(name: string) {
  const { account, iam } = fresh();
  const withDevice = { Bool: { "aws:MultiFactorAuthPresent": "true" } };
  const keys = await makeUser(
    iam,
    name,
    { ...allowing("dynamodb:ListTables"), Condition: withDevice },
    allowing("sts:AssumeRole"),
  );
  const device = await makeDevice(iam, name);
  await iam.send(
    new EnableMFADeviceCommand({
      UserName: name,
      SerialNumber: device.serial,
      ...codes(device.seed, -2, -1),
    }),
  );
  return { account, iam, keys, device, withDevice };
}

const asked = ({ serial, seed }: Device, stepsFromNow = 0) => ({
  SerialNumber: serial,
  TokenCode: code(seed, stepsFromNow),
});

const lists = (credentials: Keys) =>
  tule.dynamodb(undefined, { credentials }).send(new ListTablesCommand({}));

const keysFrom = (answer: {
  AccessKeyId?: string;
  SecretAccessKey?: string;
  SessionToken?: string;
}) => ({
  accessKeyId: answer.AccessKeyId!,
  secretAccessKey: answer.SecretAccessKey!,
  sessionToken: answer.SessionToken!,
});

test("a session that began with a code may do what policies keep for those", async () => {
  covers("sts.GetSessionToken");
  const { iam, keys, device } = await makeUserWithDevice("bob");
  const sts = stsOf(tule, keys);
  // Another one's device proves nothing.
  const stranger = stsOf(tule, await makeUser(iam, "mallory"));
  await assert.rejects(stranger.send(new GetSessionTokenCommand(asked(device))), {
    name: "AccessDenied",
    message: /^MultiFactorAuthentication failed, unable to validate/,
  });
  const denied = { name: "AccessDeniedException" };
  await assert.rejects(lists(keys), denied);
  const plain = await sts.send(new GetSessionTokenCommand({}));
  await assert.rejects(lists(keysFrom(plain.Credentials as never)), denied);
  await assert.rejects(
    sts.send(new GetSessionTokenCommand({ ...asked(device), TokenCode: "000000" })),
    {
      name: "AccessDenied",
      message: /^MultiFactorAuthentication failed with invalid MFA one time pass code\./,
    },
  );
  await assert.rejects(
    sts.send(
      new GetSessionTokenCommand({ ...asked(device), SerialNumber: "arn:aws:iam::1:mfa/a" }),
    ),
    { name: "AccessDenied", message: /^MultiFactorAuthentication failed, unable to validate/ },
  );
  const proof = asked(device);
  const proven = await sts.send(new GetSessionTokenCommand(proof));
  await lists(keysFrom(proven.Credentials as never));
  // A code is good for one time.
  await assert.rejects(sts.send(new GetSessionTokenCommand(proof)), { name: "AccessDenied" });
});

test("a role that wants a code is assumed with one, and its sessions tell of it", async () => {
  covers("sts.AssumeRole");
  const { account, iam, keys, device, withDevice } = await makeUserWithDevice("carol");
  const { Role: role } = await iam.send(
    new CreateRoleCommand({
      RoleName: "guarded",
      AssumeRolePolicyDocument: policyOf({
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: "sts:AssumeRole",
        Condition: { ...withDevice, NumericLessThan: { "aws:MultiFactorAuthAge": "3600" } },
      }),
    }),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: "guarded",
      PolicyName: "own",
      PolicyDocument: policyOf({ ...allowing("dynamodb:ListTables"), Condition: withDevice }),
    }),
  );
  const of = { RoleArn: role!.Arn!, RoleSessionName: "work" };
  const sts = stsOf(tule, keys);
  await assert.rejects(sts.send(new AssumeRoleCommand(of)), { name: "AccessDenied" });
  const direct = await sts.send(new AssumeRoleCommand({ ...of, ...asked(device) }));
  await lists(keysFrom(direct.Credentials as never));
  // So it is for who has a session that began with a code.
  const session = await sts.send(new GetSessionTokenCommand(asked(device, 1)));
  const further = await stsOf(tule, keysFrom(session.Credentials as never)).send(
    new AssumeRoleCommand(of),
  );
  await lists(keysFrom(further.Credentials as never));
});
