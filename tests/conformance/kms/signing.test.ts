import assert from "node:assert/strict";
import {
  constants,
  createECDH,
  createHash,
  createPublicKey,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  type KeyObject,
  verify,
} from "node:crypto";
import test from "node:test";
import {
  CreateKeyCommand,
  DecapsulateCommand,
  DeriveSharedSecretCommand,
  EncapsulateCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  type KeySpec,
  SignCommand,
  type SigningAlgorithmSpec,
  VerifyCommand,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { covers } from "../../support/covers.ts";
import { kmsOf, makeKey } from "../../support/kms.ts";
import { refusal } from "../../support/refusal.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const account = tule.newAccount();
const kms = kmsOf(tule, account);
const Message = Buffer.from("to whom it may concern");

async function publicKeyOf(KeyId: string): Promise<KeyObject> {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }));
  return createPublicKey({ key: Buffer.from(PublicKey!), format: "der", type: "spki" });
}

/** OpenSSL takes the signature, and the service takes back its own, of the message and of its digest. */
async function checkSigning(
  KeyId: string,
  SigningAlgorithm: SigningAlgorithmSpec,
  hash: string | undefined,
): Promise<void> {
  const key = await publicKeyOf(KeyId);
  const options = SigningAlgorithm.includes("PSS")
    ? {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      }
    : { key };
  const forms =
    hash === undefined
      ? [{ MessageType: "RAW" as const, Message }]
      : [
          { MessageType: "RAW" as const, Message },
          {
            MessageType: "DIGEST" as const,
            Message: createHash(hash).update(Message).digest(),
          },
        ];
  for (const signed of forms) {
    const { Signature, KeyId: used } = await kms.send(
      new SignCommand({ KeyId, SigningAlgorithm, ...signed }),
    );
    assert.equal(used, KeyId);
    assert(verify(hash, Message, options, Signature!), `${SigningAlgorithm} ${signed.MessageType}`);
    for (const form of forms) {
      const verified = await kms.send(
        new VerifyCommand({ KeyId, SigningAlgorithm, Signature, ...form }),
      );
      assert.equal(verified.SignatureValid, true);
    }
    // Recorded: the error says no more than its name.
    await assert.rejects(
      kms.send(
        new VerifyCommand({ KeyId, SigningAlgorithm, Signature, Message: Buffer.from("other") }),
      ),
      { name: "KMSInvalidSignatureException" },
    );
  }
}

test("RSA keys sign in six ways", async () => {
  covers("kms.Sign", "kms.Verify", "kms.GetPublicKey");
  const KeyId = await makeKey(kms, { KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" });
  for (const scheme of ["PSS", "PKCS1_V1_5"]) {
    for (const bits of [256, 384, 512]) {
      const algorithm = `RSASSA_${scheme}_SHA_${bits}` as SigningAlgorithmSpec;
      await checkSigning(KeyId, algorithm, `sha${bits}`);
      // Recorded.
      assert.equal(
        await refusal(
          kms.send(
            new SignCommand({
              KeyId,
              SigningAlgorithm: algorithm,
              MessageType: "DIGEST",
              Message: Buffer.alloc(20),
            }),
          ),
        ),
        `ValidationException: Digest is invalid length for algorithm ${algorithm}.`,
      );
    }
  }
});

for (const [KeySpec, algorithm, hash] of [
  ["ECC_NIST_P256", "ECDSA_SHA_256", "sha256"],
  ["ECC_NIST_P384", "ECDSA_SHA_384", "sha384"],
  ["ECC_NIST_P521", "ECDSA_SHA_512", "sha512"],
  ["ECC_SECG_P256K1", "ECDSA_SHA_256", "sha256"],
  ["ECC_NIST_EDWARDS25519", "ED25519_SHA_512", undefined],
  ["ML_DSA_44", "ML_DSA_SHAKE_256", undefined],
  ["ML_DSA_65", "ML_DSA_SHAKE_256", undefined],
  ["ML_DSA_87", "ML_DSA_SHAKE_256", undefined],
] as const) {
  test(`a key of ${KeySpec} signs, and others verify with its public key`, async () => {
    covers("kms.Sign", "kms.Verify", "kms.GetPublicKey");
    const KeyId = await makeKey(kms, { KeySpec: KeySpec as KeySpec, KeyUsage: "SIGN_VERIFY" });
    await checkSigning(KeyId, algorithm, hash);
  });
}

test("a key signs only as its spec and usage let it", async () => {
  covers("kms.Sign");
  const KeyId = await makeKey(kms, { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
  const sign = (SigningAlgorithm: SigningAlgorithmSpec, id = KeyId): Promise<string> =>
    refusal(kms.send(new SignCommand({ KeyId: id, SigningAlgorithm, Message })));
  assert.equal(
    await sign("ECDSA_SHA_384"),
    "InvalidKeyUsageException: Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256.",
  );
  const symmetric = await makeKey(kms);
  assert.equal(
    await sign("ECDSA_SHA_256", symmetric),
    `InvalidKeyUsageException: ${symmetric} key usage is ENCRYPT_DECRYPT which is not valid for Sign.`,
  );
  const edwards = await makeKey(kms, {
    KeySpec: "ECC_NIST_EDWARDS25519" as KeySpec,
    KeyUsage: "SIGN_VERIFY",
  });
  // Honest about what is not built.
  await assert.rejects(
    kms.send(
      new SignCommand({
        KeyId: edwards,
        SigningAlgorithm: "ED25519_PH_SHA_512",
        Message: Buffer.alloc(64),
        MessageType: "DIGEST",
      }),
    ),
    { name: "NotImplemented" },
  );
  await assert.rejects(
    kms.send(new CreateKeyCommand({ KeySpec: "SM2", KeyUsage: "SIGN_VERIFY" })),
    { name: "NotImplemented" },
  );
});

test("HMAC keys make codes, and verify them", async () => {
  covers("kms.GenerateMac", "kms.VerifyMac");
  for (const bits of [224, 256, 384, 512] as const) {
    const KeyId = await makeKey(kms, {
      KeySpec: `HMAC_${bits}`,
      KeyUsage: "GENERATE_VERIFY_MAC",
    });
    const MacAlgorithm = `HMAC_SHA_${bits}` as const;
    const { Mac } = await kms.send(new GenerateMacCommand({ KeyId, MacAlgorithm, Message }));
    assert.equal(Mac!.length, bits / 8);
    const verified = await kms.send(new VerifyMacCommand({ KeyId, MacAlgorithm, Message, Mac }));
    assert.equal(verified.MacValid, true);
    await assert.rejects(
      kms.send(new VerifyMacCommand({ KeyId, MacAlgorithm, Message: Buffer.from("x"), Mac })),
      { name: "KMSInvalidMacException" },
    );
  }
  // Recorded.
  const KeyId = await makeKey(kms, { KeySpec: "HMAC_224", KeyUsage: "GENERATE_VERIFY_MAC" });
  assert.equal(
    await refusal(
      kms.send(new GenerateMacCommand({ KeyId, MacAlgorithm: "HMAC_SHA_256", Message })),
    ),
    "InvalidKeyUsageException: Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224.",
  );
});

test("an algorithm that nobody has is refused with the list of those that there are", async () => {
  covers("kms.GenerateMac", "kms.DeriveSharedSecret");
  const ask = async (operation: string, body: object): Promise<unknown> =>
    (await tule.raw({ target: `TrentService.${operation}`, account, body })).json;
  // Recorded.
  assert.deepEqual(
    await ask("GenerateMac", { KeyId: "k", Message: "bQ==", MacAlgorithm: "INVALID" }),
    {
      __type: "ValidationException",
      message:
        "1 validation error detected: Value 'INVALID' at 'macAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]",
    },
  );
  assert.deepEqual(
    await ask("DeriveSharedSecret", {
      KeyId: "k",
      PublicKey: "bQ==",
      KeyAgreementAlgorithm: "INVALID",
    }),
    {
      __type: "ValidationException",
      message:
        "1 validation error detected: Value 'INVALID' at 'keyAgreementAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ECDH]",
    },
  );
});

test("two sides derive the same secret", async () => {
  covers("kms.DeriveSharedSecret");
  for (const [KeySpec, namedCurve] of [
    ["ECC_NIST_P256", "prime256v1"],
    ["ECC_NIST_P521", "secp521r1"],
  ] as const) {
    const KeyId = await makeKey(kms, { KeySpec, KeyUsage: "KEY_AGREEMENT" });
    const own = generateKeyPairSync("ec", { namedCurve });
    const spki = own.publicKey.export({ format: "der", type: "spki" });
    const derive = (PublicKey: Uint8Array) =>
      kms.send(new DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: "ECDH", PublicKey }));
    const { SharedSecret, KeyOrigin } = await derive(spki);
    const ours = diffieHellman({
      privateKey: own.privateKey,
      publicKey: await publicKeyOf(KeyId),
    });
    assert.deepEqual(Buffer.from(SharedSecret!), ours);
    assert.equal(KeyOrigin, "AWS_KMS");
    await assert.rejects(derive(createECDH("secp384r1").generateKeys()), {
      name: "ValidationException",
    });
  }
  // Recorded.
  const signer = await makeKey(kms, { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
  assert.equal(
    await refusal(
      kms.send(
        new DeriveSharedSecretCommand({
          KeyId: signer,
          KeyAgreementAlgorithm: "ECDH",
          PublicKey: Buffer.alloc(91),
        }),
      ),
    ),
    `InvalidKeyUsageException: ${signer} key usage is SIGN_VERIFY which is not valid for DeriveSharedSecret.`,
  );
});

test("a secret is encapsulated for a key, by the service and by others", async () => {
  covers("kms.Encapsulate", "kms.Decapsulate");
  for (const bits of [512, 768, 1024]) {
    const KeyId = await makeKey(kms, {
      KeySpec: `ML_KEM_${bits}` as KeySpec,
      KeyUsage: "ENCAPSULATE_DECAPSULATE" as "KEY_AGREEMENT",
    });
    const open = async (blob: Uint8Array): Promise<Buffer> => {
      const answer = await kms.send(
        new DecapsulateCommand({
          KeyId,
          EncapsulationAlgorithm: "ML_KEM",
          SharedSecretCiphertextBlob: blob,
        }),
      );
      return Buffer.from(answer.SharedSecret!);
    };
    const made = await kms.send(
      new EncapsulateCommand({ KeyId, EncapsulationAlgorithm: "ML_KEM" }),
    );
    assert.deepEqual(await open(made.SharedSecretCiphertextBlob!), Buffer.from(made.SharedSecret!));
    const { sharedKey, ciphertext } = encapsulate(await publicKeyOf(KeyId));
    assert.deepEqual(await open(ciphertext), sharedKey);
  }
});
