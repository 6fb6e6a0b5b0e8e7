import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import test from "node:test";
import {
  CreateUserCommand,
  DeleteServerCertificateCommand,
  DeleteSigningCertificateCommand,
  DeleteSSHPublicKeyCommand,
  DeleteUserCommand,
  GetAccountSummaryCommand,
  GetServerCertificateCommand,
  GetSSHPublicKeyCommand,
  ListServerCertificatesCommand,
  ListServerCertificateTagsCommand,
  ListSigningCertificatesCommand,
  ListSSHPublicKeysCommand,
  TagServerCertificateCommand,
  UntagServerCertificateCommand,
  UpdateServerCertificateCommand,
  UpdateSigningCertificateCommand,
  UpdateSSHPublicKeyCommand,
  UploadServerCertificateCommand,
  UploadSigningCertificateCommand,
  UploadSSHPublicKeyCommand,
} from "@aws-sdk/client-iam";
import {
  anotherKey,
  authority,
  expiredCertificate,
  serverCertificate,
  serverKey,
} from "../../support/certificates.ts";
import { covers } from "../../support/covers.ts";
import { iamOf } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

async function fresh(UserName: string) {
  const account = tule.newAccount();
  const iam = iamOf(tule, account);
  await iam.send(new CreateUserCommand({ UserName }));
  return { account, iam, UserName };
}

test("a user has up to two signing certificates, each once", async () => {
  covers(
    "iam.UploadSigningCertificate",
    "iam.ListSigningCertificates",
    "iam.UpdateSigningCertificate",
    "iam.DeleteSigningCertificate",
  );
  const { iam, UserName } = await fresh("bob");
  const upload = (CertificateBody: string) =>
    iam.send(new UploadSigningCertificateCommand({ UserName, CertificateBody }));
  await assert.rejects(upload("none"), { name: "MalformedCertificateException" });
  await assert.rejects(upload(expiredCertificate), { name: "InvalidCertificateException" });
  const { Certificate: first } = await upload(serverCertificate);
  assert.equal(first?.Status, "Active");
  await assert.rejects(upload(serverCertificate), { name: "DuplicateCertificateException" });
  await upload(authority);
  const CertificateId = first.CertificateId!;
  await iam.send(
    new UpdateSigningCertificateCommand({ UserName, CertificateId, Status: "Inactive" }),
  );
  const list = async () => {
    const answer = await iam.send(new ListSigningCertificatesCommand({ UserName }));
    return answer.Certificates!.map((one) => [one.CertificateBody, one.Status]);
  };
  const both = await list();
  assert.equal(both.length, 2);
  assert.deepEqual(
    new Map(both as [string, string][]),
    new Map([
      [authority, "Active"],
      [serverCertificate, "Inactive"],
    ]),
  );
  await assert.rejects(iam.send(new DeleteUserCommand({ UserName })), {
    name: "DeleteConflictException",
    message: "Cannot delete entity, must delete signing certificates first.",
  });
  await iam.send(new DeleteSigningCertificateCommand({ UserName, CertificateId }));
  assert.deepEqual(await list(), [[authority, "Active"]]);
});

test("a user's SSH keys are told in both forms", async () => {
  covers(
    "iam.UploadSSHPublicKey",
    "iam.GetSSHPublicKey",
    "iam.ListSSHPublicKeys",
    "iam.UpdateSSHPublicKey",
    "iam.DeleteSSHPublicKey",
  );
  const { iam, UserName } = await fresh("bob");
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const upload = (SSHPublicKeyBody: string) =>
    iam.send(new UploadSSHPublicKeyCommand({ UserName, SSHPublicKeyBody }));
  await assert.rejects(upload("ssh-rsa AAAA"), { name: "InvalidPublicKeyException" });
  const { SSHPublicKey: key } = await upload(pem);
  assert.match(key!.SSHPublicKeyId!, /^APKA[A-Z2-7]{17}$/);
  assert.match(key!.Fingerprint!, /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
  const of = { UserName, SSHPublicKeyId: key!.SSHPublicKeyId! };
  const get = async (Encoding: "SSH" | "PEM") => {
    const answer = await iam.send(new GetSSHPublicKeyCommand({ ...of, Encoding }));
    return answer.SSHPublicKey!.SSHPublicKeyBody!;
  };
  assert.equal(await get("PEM"), pem);
  const ssh = await get("SSH");
  assert.match(ssh, /^ssh-rsa /);
  await assert.rejects(upload(ssh), { name: "DuplicateSSHPublicKeyException" });
  await iam.send(new UpdateSSHPublicKeyCommand({ ...of, Status: "Inactive" }));
  const list = async () => {
    const answer = await iam.send(new ListSSHPublicKeysCommand({ UserName }));
    return answer.SSHPublicKeys!.map((one) => [one.SSHPublicKeyId, one.Status]);
  };
  assert.deepEqual(await list(), [[of.SSHPublicKeyId, "Inactive"]]);
  await iam.send(new DeleteSSHPublicKeyCommand(of));
  assert.deepEqual(await list(), []);
  await assert.rejects(get("SSH"), {
    name: "NoSuchEntityException",
    message: `The Public Key with id ${of.SSHPublicKeyId} cannot be found.`,
  });
});

test("a server certificate goes with its key and its chain; the key is never told", async () => {
  covers(
    "iam.UploadServerCertificate",
    "iam.GetServerCertificate",
    "iam.ListServerCertificates",
    "iam.UpdateServerCertificate",
    "iam.DeleteServerCertificate",
    "iam.TagServerCertificate",
    "iam.UntagServerCertificate",
    "iam.ListServerCertificateTags",
    "iam.GetAccountSummary",
  );
  const { account, iam } = await fresh("bob");
  const right = {
    ServerCertificateName: "web",
    CertificateBody: serverCertificate,
    PrivateKey: serverKey,
    CertificateChain: authority,
    Path: "/cloudfront/",
    Tags: [{ Key: "one", Value: "1" }],
  };
  const upload = (changes: Partial<typeof right>) =>
    iam.send(new UploadServerCertificateCommand({ ...right, ...changes }));
  const malformed = { name: "MalformedCertificateException" };
  await assert.rejects(upload({ CertificateBody: "none" }), malformed);
  await assert.rejects(upload({ PrivateKey: "none" }), malformed);
  await assert.rejects(upload({ CertificateChain: serverCertificate }), malformed);
  await assert.rejects(upload({ PrivateKey: anotherKey }), { name: "KeyPairMismatchException" });
  const { ServerCertificateMetadata: made } = await upload({});
  assert.equal(made!.Arn, `arn:aws:iam::${account}:server-certificate/cloudfront/web`);
  assert.ok(made!.Expiration! > new Date("2100-01-01"));
  await assert.rejects(upload({}), {
    name: "EntityAlreadyExistsException",
    message: "The Server Certificate with name web already exists.",
  });
  await iam.send(
    new UpdateServerCertificateCommand({
      ServerCertificateName: "web",
      NewServerCertificateName: "site",
      NewPath: "/",
    }),
  );
  const of = { ServerCertificateName: "site" };
  const Tags = [{ Key: "two", Value: "2" }];
  await iam.send(new TagServerCertificateCommand({ ...of, Tags }));
  await iam.send(new UntagServerCertificateCommand({ ...of, TagKeys: ["one"] }));
  const { ServerCertificate: got } = await iam.send(new GetServerCertificateCommand(of));
  const metadata = {
    ...made,
    Path: "/",
    ServerCertificateName: "site",
    Arn: `arn:aws:iam::${account}:server-certificate/site`,
  };
  assert.deepEqual(got, {
    ServerCertificateMetadata: metadata,
    CertificateBody: serverCertificate,
    CertificateChain: authority,
    Tags,
  });
  const tags = await iam.send(new ListServerCertificateTagsCommand(of));
  assert.deepEqual(tags.Tags, Tags);
  const list = await iam.send(new ListServerCertificatesCommand({}));
  assert.deepEqual(list.ServerCertificateMetadataList, [metadata]);
  const { SummaryMap: summary } = await iam.send(new GetAccountSummaryCommand({}));
  assert.equal(summary?.["ServerCertificates"], 1);
  await iam.send(new DeleteServerCertificateCommand(of));
  await assert.rejects(iam.send(new GetServerCertificateCommand(of)), {
    name: "NoSuchEntityException",
    message: "The Server Certificate with name site cannot be found.",
  });
});
