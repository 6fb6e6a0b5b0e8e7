import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  ListGrantsCommand,
  ListKeyPoliciesCommand,
  ListRetirableGrantsCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  RetireGrantCommand,
  RevokeGrantCommand,
} from "@aws-sdk/client-kms";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf } from "../../support/iam.ts";
import { kmsOf, makeKey } from "../../support/kms.ts";
import { refusal } from "../../support/refusal.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const Plaintext = Buffer.from("x");

const rootArn = (account: string): string => `arn:aws:iam::${account}:root`;
const toRoot = (account: string): object => ({
  Effect: "Allow",
  Principal: { AWS: rootArn(account) },
  Action: "kms:*",
  Resource: "*",
});

test("the default policy leaves a key to the account's own policies", async () => {
  covers("kms.GetKeyPolicy", "kms.ListKeyPolicies", "kms.Encrypt");
  const account = tule.newAccount();
  const kms = kmsOf(tule, account);
  const KeyId = await makeKey(kms);
  const { Policy, PolicyName } = await kms.send(new GetKeyPolicyCommand({ KeyId }));
  assert.equal(PolicyName, "default");
  // Recorded.
  assert.deepEqual(JSON.parse(Policy!), {
    Version: "2012-10-17",
    Id: "key-default-1",
    Statement: [{ Sid: "Enable IAM User Permissions", ...toRoot(account) }],
  });
  const { PolicyNames } = await kms.send(new ListKeyPoliciesCommand({ KeyId }));
  assert.deepEqual(PolicyNames, ["default"]);
  const iam = iamOf(tule, account);
  const user = kmsOf(tule, await makeUser(iam, "sealer", allowing("kms:Encrypt", KeyId)));
  const { CiphertextBlob } = await user.send(new EncryptCommand({ KeyId, Plaintext }));
  const arn = `arn:aws:iam::${account}:user/sealer`;
  assert.equal(
    await refusal(user.send(new DecryptCommand({ CiphertextBlob }))),
    `AccessDeniedException: User: ${arn} is not authorized to perform: kms:Decrypt on resource: ${KeyId} because no identity-based policy allows the kms:Decrypt action`,
  );
});

test("a key's policy decides, whoever asks: users, roots and other accounts", async () => {
  covers("kms.PutKeyPolicy", "kms.Decrypt", "kms.ReEncrypt");
  const [account, other] = [tule.newAccount(), tule.newAccount()];
  const kms = kmsOf(tule, account);
  const KeyId = await makeKey(kms);
  const user = kmsOf(tule, await makeUser(iamOf(tule, account), "all", allowing("kms:*")));
  const stranger = kmsOf(tule, other);
  const { CiphertextBlob } = await user.send(new EncryptCommand({ KeyId, Plaintext }));
  await assert.rejects(stranger.send(new DecryptCommand({ CiphertextBlob })), {
    name: "AccessDeniedException",
  });
  await kms.send(
    new PutKeyPolicyCommand({
      KeyId,
      Policy: policyOf(
        toRoot(account),
        {
          Effect: "Deny",
          Principal: { AWS: `arn:aws:iam::${account}:user/all` },
          Action: "kms:Decrypt",
          Resource: "*",
        },
        {
          Effect: "Allow",
          Principal: { AWS: rootArn(other) },
          Action: ["kms:Decrypt", "kms:ReEncryptFrom"],
          Resource: "*",
          Condition: { StringEquals: { "kms:EncryptionContext:for": "them" } },
        },
      ),
    }),
  );
  await assert.rejects(user.send(new DecryptCommand({ CiphertextBlob })), {
    message: /with an explicit deny in a resource-based policy$/,
  });
  await kms.send(new DecryptCommand({ CiphertextBlob }));
  const EncryptionContext = { for: "them" };
  const shared = await kms.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }));
  const opened = await stranger.send(
    new DecryptCommand({ CiphertextBlob: shared.CiphertextBlob, EncryptionContext }),
  );
  assert.deepEqual(Buffer.from(opened.Plaintext!), Plaintext);
  await assert.rejects(stranger.send(new DecryptCommand({ CiphertextBlob })), {
    name: "AccessDeniedException",
  });
  await assert.rejects(stranger.send(new EncryptCommand({ KeyId, Plaintext })), {
    name: "AccessDeniedException",
  });
  const moved = await stranger.send(
    new ReEncryptCommand({
      CiphertextBlob: shared.CiphertextBlob,
      SourceEncryptionContext: EncryptionContext,
      DestinationKeyId: await makeKey(stranger),
    }),
  );
  await stranger.send(new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob }));
});

test("a policy that locks its writer out needs to say so", async () => {
  covers("kms.PutKeyPolicy");
  const account = tule.newAccount();
  const kms = kmsOf(tule, account);
  const KeyId = await makeKey(kms);
  const Policy = policyOf({
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:user/only` },
    Action: "kms:*",
    Resource: "*",
  });
  assert.equal(
    await refusal(kms.send(new PutKeyPolicyCommand({ KeyId, Policy }))),
    "MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future.",
  );
  await assert.rejects(kms.send(new PutKeyPolicyCommand({ KeyId, Policy: "{}" })), {
    name: "MalformedPolicyDocumentException",
  });
  await kms.send(new PutKeyPolicyCommand({ KeyId, Policy, BypassPolicyLockoutSafetyCheck: true }));
  await assert.rejects(kms.send(new DescribeKeyCommand({ KeyId })), {
    name: "AccessDeniedException",
  });
});

test("a grant lets its grantee do what it says, with the context that it says", async () => {
  covers("kms.CreateGrant", "kms.ListGrants", "kms.RevokeGrant");
  const account = tule.newAccount();
  const kms = kmsOf(tule, account);
  const KeyId = await makeKey(kms);
  const user = kmsOf(tule, await makeUser(iamOf(tule, account), "guest"));
  const GranteePrincipal = `arn:aws:iam::${account}:user/guest`;
  const given = {
    KeyId,
    GranteePrincipal,
    Name: "for-the-guest",
    Operations: ["GenerateDataKey" as const, "Decrypt" as const],
    Constraints: { EncryptionContextSubset: { price: "$5" } },
  };
  const made = await kms.send(new CreateGrantCommand(given));
  const again = await kms.send(new CreateGrantCommand(given));
  assert.equal(again.GrantId, made.GrantId);
  const EncryptionContext = { price: "$5", more: "is well" };
  const dataKey = (context: Record<string, string>) =>
    user.send(
      new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", EncryptionContext: context }),
    );
  const { CiphertextBlob } = await dataKey(EncryptionContext);
  await user.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
  await assert.rejects(dataKey({ price: "$6" }), { name: "AccessDeniedException" });
  await assert.rejects(user.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext })), {
    name: "AccessDeniedException",
  });
  const { Grants } = await kms.send(new ListGrantsCommand({ KeyId }));
  assert.equal(Grants!.length, 1);
  const { GrantId, CreationDate, ...rest } = Grants![0]!;
  assert.equal(GrantId, made.GrantId);
  assert(CreationDate instanceof Date);
  assert.deepEqual(rest, { ...given, IssuingAccount: rootArn(account) });
  await kms.send(new RevokeGrantCommand({ KeyId, GrantId }));
  await assert.rejects(dataKey(EncryptionContext), { name: "AccessDeniedException" });
  await assert.rejects(
    kms.send(new CreateGrantCommand({ KeyId, GranteePrincipal, Operations: ["Sign"] })),
    { name: "ValidationException" },
  );
});

test("a grant is retired by whom it names, with its token", async () => {
  covers("kms.RetireGrant", "kms.ListRetirableGrants");
  const account = tule.newAccount();
  const kms = kmsOf(tule, account);
  const iam = iamOf(tule, account);
  const KeyId = await makeKey(kms);
  const [retirer, nobody] = [
    kmsOf(tule, await makeUser(iam, "retirer")),
    kmsOf(tule, await makeUser(iam, "nobody")),
  ];
  const RetiringPrincipal = `arn:aws:iam::${account}:user/retirer`;
  const { GrantToken } = await kms.send(
    new CreateGrantCommand({
      KeyId,
      GranteePrincipal: `arn:aws:iam::${account}:user/nobody`,
      RetiringPrincipal,
      Operations: ["Encrypt"],
    }),
  );
  const retirable = await kms.send(new ListRetirableGrantsCommand({ RetiringPrincipal }));
  assert.equal(retirable.Grants!.length, 1);
  await assert.rejects(nobody.send(new RetireGrantCommand({ GrantToken })), {
    name: "AccessDeniedException",
  });
  await retirer.send(new RetireGrantCommand({ GrantToken }));
  assert.deepEqual((await kms.send(new ListGrantsCommand({ KeyId }))).Grants, []);
  await assert.rejects(kms.send(new RetireGrantCommand({ GrantToken: "none" })), {
    name: "InvalidGrantTokenException",
  });
});
