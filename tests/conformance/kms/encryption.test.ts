import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, publicEncrypt, constants } from "node:crypto";
import test from "node:test";
import {
  CreateAliasCommand,
  DecryptCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  GetPublicKeyCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import { covers } from "../../support/covers.ts";
import { refusal } from "../../support/refusal.ts";
import { kmsOf, makeKey } from "../../support/kms.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const account = tule.newAccount();
const kms = kmsOf(tule, account);
const Plaintext = Buffer.from("the crown jewels");

test("what was encrypted is decrypted without naming the key, and with its context alone", async () => {
  covers("kms.Encrypt", "kms.Decrypt");
  const KeyId = await makeKey(kms);
  const EncryptionContext = { tenant: "a", purpose: "test" };
  const sealed = await kms.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }));
  assert.equal(sealed.KeyId, KeyId);
  assert.equal(sealed.EncryptionAlgorithm, "SYMMETRIC_DEFAULT");
  const { CiphertextBlob } = sealed;
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
  assert.deepEqual(Buffer.from(opened.Plaintext!), Plaintext);
  assert.equal(opened.KeyId, KeyId);
  assert.match(opened.KeyMaterialId!, /^[0-9a-f]{64}$/);
  for (const wrong of [undefined, { tenant: "a" }, { tenant: "b", purpose: "test" }]) {
    await assert.rejects(
      kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: wrong })),
      { name: "InvalidCiphertextException" },
    );
  }
  // Recorded: the error says no more than its name.
  const changed = Buffer.from(CiphertextBlob!);
  changed[changed.length - 1]! ^= 1;
  const answer = await tule.raw({
    target: "TrentService.Decrypt",
    account,
    body: { CiphertextBlob: changed.toString("base64"), EncryptionContext },
  });
  assert.deepEqual([answer.status, answer.json], [400, { __type: "InvalidCiphertextException" }]);
});

test("a key is named by its id, its ARN, an alias or an alias's ARN", async () => {
  covers("kms.Encrypt", "kms.CreateAlias");
  const arn = await makeKey(kms);
  const id = arn.slice(arn.lastIndexOf("/") + 1);
  await kms.send(new CreateAliasCommand({ AliasName: "alias/jewels", TargetKeyId: id }));
  const aliasArn = `arn:aws:kms:us-east-1:${account}:alias/jewels`;
  for (const KeyId of [id, arn, "alias/jewels", aliasArn]) {
    const { CiphertextBlob, KeyId: used } = await kms.send(
      new EncryptCommand({ KeyId, Plaintext }),
    );
    assert.equal(used, arn);
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob, KeyId }));
    assert.deepEqual(Buffer.from(opened.Plaintext!), Plaintext);
  }
});

test("a wrong key, a foreign ciphertext and one of another region are told apart", async () => {
  covers("kms.Decrypt");
  const [KeyId, other] = [await makeKey(kms), await makeKey(kms)];
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext }));
  assert.equal(
    await refusal(kms.send(new DecryptCommand({ CiphertextBlob, KeyId: other }))),
    "IncorrectKeyException: The key ID in the request does not identify a CMK that can perform this operation.",
  );
  assert.equal(
    await refusal(kmsOf(tule, account, "eu-west-1").send(new DecryptCommand({ CiphertextBlob }))),
    "AccessDeniedException: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
  );
  const stranger = kmsOf(tule, tule.newAccount());
  await assert.rejects(stranger.send(new DecryptCommand({ CiphertextBlob })), {
    name: "AccessDeniedException",
  });
  await assert.rejects(kms.send(new DecryptCommand({ CiphertextBlob: Buffer.from("nothing") })), {
    name: "InvalidCiphertextException",
  });
});

test("keys that are disabled, or are to be deleted, do not serve", async () => {
  covers("kms.Encrypt", "kms.DisableKey", "kms.ScheduleKeyDeletion");
  const KeyId = await makeKey(kms);
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext }));
  await kms.send(new DisableKeyCommand({ KeyId }));
  const attempts = [
    () => kms.send(new EncryptCommand({ KeyId, Plaintext })),
    () => kms.send(new DecryptCommand({ CiphertextBlob })),
    () => kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" })),
  ];
  for (const attempt of attempts) {
    assert.equal(await refusal(attempt()), `DisabledException: ${KeyId} is disabled.`);
  }
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  for (const attempt of attempts) {
    assert.equal(
      await refusal(attempt()),
      `KMSInvalidStateException: ${KeyId} is pending deletion.`,
    );
  }
});

test("a ciphertext moves to another key and context unseen", async () => {
  covers("kms.ReEncrypt");
  const [source, destination] = [await makeKey(kms), await makeKey(kms)];
  const sealed = await kms.send(
    new EncryptCommand({ KeyId: source, Plaintext, EncryptionContext: { a: "1" } }),
  );
  const moved = await kms.send(
    new ReEncryptCommand({
      CiphertextBlob: sealed.CiphertextBlob,
      SourceEncryptionContext: { a: "1" },
      DestinationKeyId: destination,
      DestinationEncryptionContext: { b: "2" },
    }),
  );
  assert.equal(moved.SourceKeyId, source);
  assert.equal(moved.KeyId, destination);
  assert.notEqual(moved.SourceKeyMaterialId, moved.DestinationKeyMaterialId);
  const opened = await kms.send(
    new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { b: "2" } }),
  );
  assert.deepEqual(Buffer.from(opened.Plaintext!), Plaintext);
});

test("RSA keys encrypt with OAEP, as OpenSSL does with their public key", async () => {
  covers("kms.Encrypt", "kms.Decrypt", "kms.ReEncrypt", "kms.GetPublicKey");
  const KeyId = await makeKey(kms, { KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" });
  const { PublicKey, EncryptionAlgorithms } = await kms.send(new GetPublicKeyCommand({ KeyId }));
  assert.deepEqual(EncryptionAlgorithms, ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]);
  const key = createPublicKey({ key: Buffer.from(PublicKey!), format: "der", type: "spki" });
  for (const [EncryptionAlgorithm, oaepHash, most] of [
    ["RSAES_OAEP_SHA_1", "sha1", 214],
    ["RSAES_OAEP_SHA_256", "sha256", 190],
  ] as const) {
    const CiphertextBlob = publicEncrypt(
      { key, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING },
      Plaintext,
    );
    const opened = await kms.send(
      new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm }),
    );
    assert.deepEqual(Buffer.from(opened.Plaintext!), Plaintext);
    const largest = Buffer.alloc(most, 1);
    const sealed = await kms.send(
      new EncryptCommand({ KeyId, Plaintext: largest, EncryptionAlgorithm }),
    );
    const moved = await kms.send(
      new ReEncryptCommand({
        CiphertextBlob: sealed.CiphertextBlob,
        SourceKeyId: KeyId,
        SourceEncryptionAlgorithm: EncryptionAlgorithm,
        DestinationKeyId: KeyId,
        DestinationEncryptionAlgorithm: EncryptionAlgorithm,
      }),
    );
    const back = await kms.send(
      new DecryptCommand({ KeyId, CiphertextBlob: moved.CiphertextBlob, EncryptionAlgorithm }),
    );
    assert.deepEqual(Buffer.from(back.Plaintext!), largest);
    // Recorded.
    assert.equal(
      await refusal(
        kms.send(
          new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(most + 1), EncryptionAlgorithm }),
        ),
      ),
      `ValidationException: Algorithm ${EncryptionAlgorithm} and key spec RSA_2048 cannot encrypt data larger than ${most} bytes.`,
    );
  }
  await assert.rejects(kms.send(new EncryptCommand({ KeyId, Plaintext })), {
    name: "InvalidKeyUsageException",
  });
});

test("data keys come in the clear and encrypted, or encrypted alone", async () => {
  covers("kms.GenerateDataKey", "kms.GenerateDataKeyWithoutPlaintext");
  const KeyId = await makeKey(kms);
  const EncryptionContext = { file: "x" };
  const open = async (CiphertextBlob: Uint8Array | undefined): Promise<Buffer> =>
    Buffer.from(
      (await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))).Plaintext!,
    );
  for (const [asked, bytes] of [
    [{ KeySpec: "AES_256" }, 32],
    [{ KeySpec: "AES_128" }, 16],
    [{ NumberOfBytes: 1024 }, 1024],
  ] as const) {
    const made = await kms.send(new GenerateDataKeyCommand({ KeyId, EncryptionContext, ...asked }));
    assert.equal(made.Plaintext!.length, bytes);
    assert.deepEqual(await open(made.CiphertextBlob), Buffer.from(made.Plaintext!));
    const hidden = await kms.send(
      new GenerateDataKeyWithoutPlaintextCommand({ KeyId, EncryptionContext, ...asked }),
    );
    assert(!("Plaintext" in hidden));
    assert.equal((await open(hidden.CiphertextBlob)).length, bytes);
  }
  await assert.rejects(kms.send(new GenerateDataKeyCommand({ KeyId })), {
    name: "ValidationException",
  });
});

test("pairs of data keys come as PKCS #8 and SPKI", async () => {
  covers("kms.GenerateDataKeyPair", "kms.GenerateDataKeyPairWithoutPlaintext");
  const KeyId = await makeKey(kms);
  for (const KeyPairSpec of [
    "RSA_2048",
    "ECC_NIST_P256",
    "ECC_SECG_P256K1",
    "ECC_NIST_EDWARDS25519",
  ] as const) {
    const pair = await kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec }));
    const { Plaintext: opened } = await kms.send(
      new DecryptCommand({ CiphertextBlob: pair.PrivateKeyCiphertextBlob }),
    );
    assert.deepEqual(opened, pair.PrivateKeyPlaintext);
    const privateKey = createPrivateKey({
      key: Buffer.from(opened!),
      format: "der",
      type: "pkcs8",
    });
    const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
    assert.deepEqual(Buffer.from(pair.PublicKey!), spki);
    assert.equal(pair.KeyPairSpec, KeyPairSpec);
  }
  const hidden = await kms.send(
    new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec: "ECC_NIST_P384" }),
  );
  assert(!("PrivateKeyPlaintext" in hidden));
  // Recorded.
  assert.equal(
    await refusal(
      kms.send(
        new GenerateDataKeyPairWithoutPlaintextCommand({
          KeyId,
          KeyPairSpec: "RSA_2048",
          DryRun: true,
        }),
      ),
    ),
    "DryRunOperationException: The request would have succeeded, but the DryRun option is set.",
  );
});

test("random bytes come in the number that was asked for", async () => {
  covers("kms.GenerateRandom");
  for (const NumberOfBytes of [1, 44, 1024]) {
    const made = await kms.send(new GenerateRandomCommand({ NumberOfBytes }));
    assert.equal(made.Plaintext!.length, NumberOfBytes);
  }
  // Recorded.
  for (const [NumberOfBytes, bound] of [
    [0, "greater than or equal to 1"],
    [1025, "less than or equal to 1024"],
  ] as const) {
    assert.equal(
      await refusal(kms.send(new GenerateRandomCommand({ NumberOfBytes }))),
      `ValidationException: 1 validation error detected: Value '${NumberOfBytes}' at 'numberOfBytes' failed to satisfy constraint: Member must have value ${bound}`,
    );
  }
});
