import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  CreateAliasCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyPairCommand,
  GenerateMacCommand,
  RotateKeyOnDemandCommand,
  SignCommand,
  VerifyCommand,
} from "@aws-sdk/client-kms";
import { covers } from "../../support/covers.ts";
import { kmsOf, makeKey } from "../../support/kms.ts";
import { ServerProcess } from "../../support/server-process.ts";

const folder = await mkdtemp(join(tmpdir(), "tule-kms-"));
after(() => rm(folder, { recursive: true, force: true }));

test("a killed server decrypts and signs as before, and no plaintext of its is on the disk", async () => {
  covers("kms.Encrypt", "kms.Decrypt", "kms.Sign", "kms.GenerateMac");
  const first = new ServerProcess(folder, ["--log", "error"]);
  after(() => first.kill());
  const before = kmsOf({ endpoint: await first.ready }, "111122223333");
  const KeyId = await makeKey(before);
  const signer = await makeKey(before, { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
  const hmac = await makeKey(before, { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
  await before.send(new CreateAliasCommand({ AliasName: "alias/kept", TargetKeyId: KeyId }));
  const Plaintext = Buffer.from("kept through the crash");
  const old = await before.send(new EncryptCommand({ KeyId: "alias/kept", Plaintext }));
  await before.send(new RotateKeyOnDemandCommand({ KeyId }));
  const recent = await before.send(new EncryptCommand({ KeyId: "alias/kept", Plaintext }));
  const Message = Buffer.from("signed before");
  const SigningAlgorithm = "ECDSA_SHA_256";
  const { Signature } = await before.send(
    new SignCommand({ KeyId: signer, Message, SigningAlgorithm }),
  );
  const mac = new GenerateMacCommand({ KeyId: hmac, Message, MacAlgorithm: "HMAC_SHA_256" });
  const { Mac } = await before.send(mac);
  const pair = await before.send(
    new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: "ECC_NIST_P256" }),
  );
  await first.kill();

  const secret = Buffer.from(pair.PrivateKeyPlaintext!).subarray(-100, -70);
  // Keys in PKCS #8 all begin alike: were one there in the clear, or in base64, this would find it.
  const beginning = Buffer.from("308187020100301306072a8648ce3d0201", "hex");
  const inBase64 = beginning.subarray(0, 15).toString("base64");
  for (const path of await filesIn(folder)) {
    const bytes = await readFile(path);
    for (const unwanted of [secret, beginning, inBase64, Plaintext]) {
      assert(!bytes.includes(unwanted), path);
    }
  }

  const second = new ServerProcess(folder, ["--log", "error"]);
  after(() => second.kill());
  const later = kmsOf({ endpoint: await second.ready }, "111122223333");
  for (const { CiphertextBlob } of [old, recent]) {
    const opened = await later.send(new DecryptCommand({ CiphertextBlob }));
    assert.deepEqual(Buffer.from(opened.Plaintext!), Plaintext);
  }
  const verified = await later.send(
    new VerifyCommand({ KeyId: signer, Message, SigningAlgorithm, Signature }),
  );
  assert.equal(verified.SignatureValid, true);
  assert.deepEqual((await later.send(mac)).Mac, Mac);
});

async function filesIn(of: string): Promise<string[]> {
  const entries = await readdir(of, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}
