import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { GetObjectCommand, CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import {
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, policyOf, stsOf, type Keys } from "../../support/iam.ts";
import { startIssuer } from "../../support/issuer.ts";
import { startTule } from "../../support/tule.ts";

const rootKey = { accessKeyId: "AKIAROOT", secretAccessKey: "right" };
const account = "123456789012";
const issuer = await startIssuer();
const farIssuer = await startIssuer("https://token.actions.githubusercontent.com");
const folder = mkdtempSync(join(tmpdir(), "tule-issuer-"));
after(() => rmSync(folder, { recursive: true }));
const keyFile = join(folder, "keys.json");
writeFileSync(keyFile, JSON.stringify(farIssuer.keySet));
const tule = await startTule({
  authentication: "strict",
  rootKey,
  account,
  issuers: new Map([[farIssuer.url, keyFile]]),
});
const iam = iamOf(tule, rootKey);
// The operation is not signed: whoever has a token needs no key.
const anybody = new STSClient({
  endpoint: tule.endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "none", secretAccessKey: "none" },
  signer: { sign: (request) => Promise.resolve(request) },
  maxAttempts: 1,
});
after(() => anybody.destroy());

const providerArn = `arn:aws:iam::${account}:oidc-provider/${issuer.name}`;
for (const { url } of [issuer, farIssuer]) {
  await iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: url, ClientIDList: ["sts.amazonaws.com"] }),
  );
}

async function makeRole(
  RoleName: string,
  { condition = {}, actions = ["sts:AssumeRoleWithWebIdentity"], provider = providerArn } = {},
): Promise<string> {
  const { Role: role } = await iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: policyOf({
        Effect: "Allow",
        Principal: { Federated: provider },
        Action: actions,
        Condition: condition,
      }),
    }),
  );
  return role!.Arn!;
}

const assume = (
  RoleArn: string,
  token: string,
  more: Partial<AssumeRoleWithWebIdentityCommandInput> = {},
) =>
  anybody.send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn,
      RoleSessionName: "job",
      WebIdentityToken: token,
      ...more,
    }),
  );

const keysOf = (credentials: {
  AccessKeyId: string | undefined;
  SecretAccessKey: string | undefined;
  SessionToken: string | undefined;
}): Keys => ({
  accessKeyId: credentials.AccessKeyId!,
  secretAccessKey: credentials.SecretAccessKey!,
  sessionToken: credentials.SessionToken!,
});

const right = { aud: "sts.amazonaws.com", sub: "repo:octo/app:ref:refs/heads/main" };

test("whoever has a token of a known provider's gets the role, and what its policies allow", async () => {
  covers("sts.AssumeRoleWithWebIdentity");
  const arn = await makeRole("deployer", {
    condition: {
      StringEquals: { [`${issuer.name}:aud`]: "sts.amazonaws.com" },
      StringLike: { [`${issuer.name}:sub`]: "repo:octo/*" },
    },
  });
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: "deployer",
      PolicyName: "own",
      PolicyDocument: policyOf(allowing("dynamodb:ListTables")),
    }),
  );
  const {
    $metadata: _,
    Credentials: credentials,
    ...answer
  } = await assume(arn, issuer.token(right));
  assert.deepEqual(answer, {
    SubjectFromWebIdentityToken: right.sub,
    AssumedRoleUser: {
      AssumedRoleId: answer.AssumedRoleUser?.AssumedRoleId,
      Arn: `arn:aws:sts::${account}:assumed-role/deployer/job`,
    },
    Provider: providerArn,
    Audience: right.aud,
  });
  const keys = keysOf(credentials!);
  const identity = await stsOf(tule, keys).send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Arn, `arn:aws:sts::${account}:assumed-role/deployer/job`);
  await tule.dynamodb(undefined, { credentials: keys }).send(new ListTablesCommand({}));
});

test("a token for somebody else than the trust policy says is turned away", async () => {
  covers("sts.AssumeRoleWithWebIdentity");
  const arn = await makeRole("narrow", {
    condition: { StringEquals: { [`${issuer.name}:sub`]: right.sub } },
  });
  await assume(arn, issuer.token(right));
  const denied = {
    name: "AccessDenied",
    message: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
  };
  await assert.rejects(assume(arn, issuer.token({ ...right, sub: "repo:octo/other" })), denied);
  // Nor is anybody told whether there is such a role.
  await assert.rejects(assume(`arn:aws:iam::${account}:role/missing`, issuer.token(right)), denied);
  const other = await makeRole("of-another", {
    provider: `arn:aws:iam::${account}:oidc-provider/${farIssuer.name}`,
  });
  await assert.rejects(assume(other, issuer.token(right)), denied);
  const forUsers = await makeRole("for-users", { actions: ["sts:AssumeRole"] });
  await assert.rejects(assume(forUsers, issuer.token(right)), denied);
});

test("a token is believed only if it is whole, in time, for us, and signed by a provider's key", async () => {
  covers("sts.AssumeRoleWithWebIdentity");
  const arn = await makeRole("checked");
  const refused = (token: string, message: RegExp, name = "InvalidIdentityTokenException") =>
    assert.rejects(assume(arn, token), { name, message });
  await refused("not.a-token", /is not a valid JWT/);
  await refused(issuer.token({ ...right, aud: "another" }), /^Incorrect token audience$/);
  await refused(
    issuer.token({ ...right, iss: "https://unknown.example.com" }),
    /^No OpenIDConnect provider found in your account for https:\/\/unknown\.example\.com$/,
  );
  await refused(
    issuer.token({ ...right, exp: 1_000_000_000 }),
    /^Token expired: current date\/time \d+ must be before the expiration date\/time 1000000000$/,
    "ExpiredTokenException",
  );
  // Signed by the one, in the name of the other.
  await refused(issuer.token({ ...right, iss: farIssuer.url }), /could not be validated/);
});

test("an issuer elsewhere is believed by the keys in a file, and told apart by its own claims", async () => {
  covers("sts.AssumeRoleWithWebIdentity");
  const arn = await makeRole("workflow", {
    provider: `arn:aws:iam::${account}:oidc-provider/${farIssuer.name}`,
    condition: { StringEquals: { [`${farIssuer.name}:repository`]: "octo/app" } },
  });
  await assume(arn, farIssuer.token({ ...right, repository: "octo/app" }));
  await assert.rejects(assume(arn, farIssuer.token({ ...right, repository: "octo/fork" })), {
    name: "AccessDenied",
  });
});

test("nobody beyond this machine is asked for keys unless it was said where they are", async () => {
  covers("sts.AssumeRoleWithWebIdentity");
  const Url = "https://issuer.example.com";
  await iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ["app"] }));
  const arn = await makeRole("far", {
    provider: `arn:aws:iam::${account}:oidc-provider/issuer.example.com`,
  });
  await assert.rejects(assume(arn, issuer.token({ iss: Url, aud: "app", sub: "someone" })), {
    name: "InvalidIdentityTokenException",
    message: /^Couldn't retrieve verification key from your identity provider/,
  });
});

test("a token's tags and source identity are its session's, if the role lets them be set", async () => {
  covers("sts.AssumeRoleWithWebIdentity");
  const claims = {
    ...right,
    "https://aws.amazon.com/tags": { principal_tags: { Team: ["blue"] } },
    "https://aws.amazon.com/source_identity": "octocat",
  };
  const arn = await makeRole("untagged");
  await assert.rejects(assume(arn, issuer.token(claims)), {
    name: "AccessDenied",
    message: "Not authorized to perform sts:TagSession",
  });
  const tagged = await makeRole("tagged", {
    actions: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
  });
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: "tagged",
      PolicyName: "own",
      PolicyDocument: policyOf(
        allowing("s3:GetObject", "arn:aws:s3:::teams/${aws:PrincipalTag/Team}/*"),
        // Who the provider said it is, as a variable.
        allowing("s3:GetObject", `arn:aws:s3:::teams/of/\${${issuer.name}:sub}`),
      ),
    }),
  );
  const root = tule.s3(undefined, { credentials: rootKey });
  await root.send(new CreateBucketCommand({ Bucket: "teams" }));
  for (const Key of ["blue/1", "red/1", "of/octocat", "of/another"]) {
    await root.send(new PutObjectCommand({ Bucket: "teams", Key, Body: "some" }));
  }
  const answer = await assume(tagged, issuer.token({ ...claims, sub: "octocat" }));
  assert.equal(answer.SourceIdentity, "octocat");
  const s3 = tule.s3(undefined, { credentials: keysOf(answer.Credentials!) });
  for (const Key of ["blue/1", "of/octocat"]) {
    await s3.send(new GetObjectCommand({ Bucket: "teams", Key }));
  }
  for (const Key of ["red/1", "of/another"]) {
    await assert.rejects(s3.send(new GetObjectCommand({ Bucket: "teams", Key })), {
      name: "AccessDenied",
    });
  }
});

test("a session's policy limits it, and it lasts no longer than the role lets it", async () => {
  covers("sts.AssumeRoleWithWebIdentity");
  const arn = await makeRole("limited");
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: "limited",
      PolicyName: "own",
      PolicyDocument: policyOf(allowing("dynamodb:*")),
    }),
  );
  const { Credentials: credentials } = await assume(arn, issuer.token(right), {
    Policy: policyOf(allowing("s3:*")),
  });
  const dynamodb = tule.dynamodb(undefined, { credentials: keysOf(credentials!) });
  await assert.rejects(dynamodb.send(new ListTablesCommand({})), { name: "AccessDeniedException" });
  await assert.rejects(assume(arn, issuer.token(right), { DurationSeconds: 7_200 }), {
    name: "ValidationError",
    message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
  });
});
