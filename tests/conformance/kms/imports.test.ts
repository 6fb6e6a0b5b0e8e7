import assert from "node:assert/strict";
import {
  constants,
  createCipheriv,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  verify,
} from "node:crypto";
import test from "node:test";
import {
  type AlgorithmSpec,
  DecryptCommand,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateMacCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  type ImportKeyMaterialCommandInput,
  type KMSClient,
  RotateKeyOnDemandCommand,
  SignCommand,
} from "@aws-sdk/client-kms";
import { covers } from "../../support/covers.ts";
import { kmsOf, makeKey } from "../../support/kms.ts";
import { refusal } from "../../support/refusal.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();
const kms = kmsOf(tule, tule.newAccount());

const describe = async (KeyId: string, client: KMSClient = kms) =>
  (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!;

function wrapped(key: KeyObject, algorithm: AlgorithmSpec, material: Buffer): Buffer {
  const oaepHash = algorithm.endsWith("SHA_1") ? "sha1" : "sha256";
  const encrypt = (bytes: Buffer): Buffer =>
    publicEncrypt({ key, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING }, bytes);
  if (!algorithm.startsWith("RSA_AES")) return encrypt(material);
  const aesKey = randomBytes(32);
  const wrap = createCipheriv("id-aes256-wrap-pad", aesKey, Buffer.from("a65959a6", "hex"));
  return Buffer.concat([encrypt(aesKey), wrap.update(material), wrap.final()]);
}

async function importInto(
  KeyId: string,
  material: Buffer,
  WrappingAlgorithm: AlgorithmSpec = "RSAES_OAEP_SHA_256",
  more: Partial<ImportKeyMaterialCommandInput> = {},
  client: KMSClient = kms,
) {
  const { ImportToken, PublicKey } = await client.send(
    new GetParametersForImportCommand({ KeyId, WrappingAlgorithm, WrappingKeySpec: "RSA_2048" }),
  );
  const key = createPublicKey({ key: Buffer.from(PublicKey!), format: "der", type: "spki" });
  return client.send(
    new ImportKeyMaterialCommand({
      KeyId,
      ImportToken,
      EncryptedKeyMaterial: wrapped(key, WrappingAlgorithm, material),
      ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
      ...more,
    }),
  );
}

test("an elliptic key that was brought along signs, until its material is deleted", async () => {
  covers("kms.GetParametersForImport", "kms.ImportKeyMaterial", "kms.DeleteImportedKeyMaterial");
  const KeyId = await makeKey(kms, {
    Description: "test ecc key import",
    KeySpec: "ECC_NIST_P256",
    KeyUsage: "SIGN_VERIFY",
    Origin: "EXTERNAL",
  });
  const before = await describe(KeyId);
  // Recorded: which members there are, and that it waits.
  assert.deepEqual(
    [before.KeyState, before.Enabled, before.Origin, before.ExpirationModel],
    ["PendingImport", false, "EXTERNAL", undefined],
  );
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const material = privateKey.export({ format: "der", type: "pkcs8" });
  await importInto(KeyId, material, "RSAES_OAEP_SHA_256");
  const { ExpirationModel, KeyState, Enabled, ...rest } = await describe(KeyId);
  assert.deepEqual(
    [ExpirationModel, KeyState, Enabled],
    ["KEY_MATERIAL_DOES_NOT_EXPIRE", "Enabled", true],
  );
  assert.deepEqual({ ...rest, KeyState: "PendingImport", Enabled: false }, before);
  const Message = Buffer.from("signed at home");
  const sign = new SignCommand({ KeyId, Message, SigningAlgorithm: "ECDSA_SHA_256" });
  const { Signature } = await kms.send(sign);
  assert(verify("sha256", Message, publicKey, Signature!));
  await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
  assert.deepEqual(await describe(KeyId), before);
  assert.equal(
    await refusal(kms.send(sign)),
    `KMSInvalidStateException: ${KeyId} is pending import.`,
  );
  const other = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  await assert.rejects(
    importInto(KeyId, other.privateKey.export({ format: "der", type: "pkcs8" })),
    { name: "IncorrectKeyMaterialException" },
  );
  await importInto(KeyId, material, "RSA_AES_KEY_WRAP_SHA_256");
  await kms.send(sign);
});

test("an RSA key comes wrapped in AES, an HMAC key as it is", async () => {
  covers("kms.ImportKeyMaterial", "kms.GenerateMac");
  const rsa = await makeKey(kms, {
    KeySpec: "RSA_2048",
    KeyUsage: "ENCRYPT_DECRYPT",
    Origin: "EXTERNAL",
  });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pkcs8 = privateKey.export({ format: "der", type: "pkcs8" });
  for (const algorithm of ["RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"] as const) {
    await importInto(rsa, pkcs8, algorithm);
  }
  assert.deepEqual((await describe(rsa)).EncryptionAlgorithms, [
    "RSAES_OAEP_SHA_1",
    "RSAES_OAEP_SHA_256",
  ]);
  const hmac = await makeKey(kms, {
    KeySpec: "HMAC_256",
    KeyUsage: "GENERATE_VERIFY_MAC",
    Origin: "EXTERNAL",
  });
  const material = randomBytes(32);
  await assert.rejects(importInto(hmac, randomBytes(31)), {
    name: "IncorrectKeyMaterialException",
  });
  await importInto(hmac, material, "RSAES_OAEP_SHA_1");
  const Message = Buffer.from("m");
  const { Mac } = await kms.send(
    new GenerateMacCommand({ KeyId: hmac, Message, MacAlgorithm: "HMAC_SHA_256" }),
  );
  assert.deepEqual(Buffer.from(Mac!), createHmac("sha256", material).update(Message).digest());
});

test("new material waits for a rotation, and the old one decrypts on", async () => {
  covers("kms.ImportKeyMaterial", "kms.RotateKeyOnDemand");
  const KeyId = await makeKey(kms, { Origin: "EXTERNAL" });
  // Recorded.
  assert.equal(
    await refusal(kms.send(new RotateKeyOnDemandCommand({ KeyId }))),
    `KMSInvalidStateException: ${KeyId} is pending import.`,
  );
  const first = await importInto(KeyId, randomBytes(32));
  assert.equal((await describe(KeyId)).CurrentKeyMaterialId, first.KeyMaterialId);
  const sealed = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from("old") }));
  const second = await importInto(KeyId, randomBytes(32), undefined, {
    ImportType: "NEW_KEY_MATERIAL",
  });
  assert.notEqual(second.KeyMaterialId, first.KeyMaterialId);
  assert.equal((await describe(KeyId)).CurrentKeyMaterialId, first.KeyMaterialId);
  await kms.send(new RotateKeyOnDemandCommand({ KeyId }));
  assert.equal((await describe(KeyId)).CurrentKeyMaterialId, second.KeyMaterialId);
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }));
  assert.equal(opened.KeyMaterialId, first.KeyMaterialId);
  await assert.rejects(kms.send(new RotateKeyOnDemandCommand({ KeyId })), {
    name: "KMSInvalidStateException",
  });
});

test("material that was imported for a time expires, and so do import tokens", async () => {
  covers("kms.ImportKeyMaterial", "kms.GetParametersForImport");
  const server = await startTule();
  const own = kmsOf(server, server.newAccount());
  const KeyId = await makeKey(own, { Origin: "EXTERNAL" });
  const hourMs = 3_600_000;
  const ValidTo = new Date(Math.floor(server.clock.nowMs() / 1000) * 1000 + hourMs);
  const material = randomBytes(32);
  const until1 = { ExpirationModel: "KEY_MATERIAL_EXPIRES" as const, ValidTo };
  await importInto(KeyId, material, undefined, until1, own);
  assert.equal((await describe(KeyId, own)).ValidTo?.getTime(), ValidTo.getTime());
  const parameters = await own.send(
    new GetParametersForImportCommand({
      KeyId,
      WrappingAlgorithm: "RSAES_OAEP_SHA_256",
      WrappingKeySpec: "RSA_2048",
    }),
  );
  server.clock.moveTo(server.clock.nowMs() + 25 * hourMs);
  await until(
    () => describe(KeyId, own),
    ({ KeyState }) => KeyState === "PendingImport",
  );
  await assert.rejects(
    own.send(
      new ImportKeyMaterialCommand({
        KeyId,
        ImportToken: parameters.ImportToken,
        EncryptedKeyMaterial: Buffer.alloc(256),
        ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
      }),
    ),
    { name: "ExpiredImportTokenException" },
  );
  await importInto(KeyId, material, undefined, {}, own);
  assert.equal((await describe(KeyId, own)).KeyState, "Enabled");
});

test("keys whose material KMS made take no other", async () => {
  covers("kms.GetParametersForImport");
  const KeyId = await makeKey(kms);
  // Recorded.
  assert.equal(
    await refusal(importInto(KeyId, randomBytes(32))),
    `UnsupportedOperationException: ${KeyId} origin is AWS_KMS which is not valid for this operation.`,
  );
});
