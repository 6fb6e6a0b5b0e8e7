import type { Handlers } from "#kernel/service.ts";
import type { IAM, SSHPublicKey } from "#models/iam.ts";
import type { Snapshot } from "#store/store.ts";
import { openEntity, quotaExceeded, userNameOf, type AnyContext } from "../entities.ts";
import { uniqueId } from "../ids.ts";
import { pageOfList } from "../pages.ts";
import { sshKeyCodec, type SshKeyRecord, type UserRecord } from "../records.ts";
import { userItemKey, userItemsOf } from "../user-items.ts";
import { fingerprintOf, inPemForm, inSshForm, parseSshKey } from "./ssh-keys.ts";

/** SSH keys of users, for CodeCommit: there is none here, they are kept. */

const keysPerUser = 5;
const kind = "ssh-key";

export const sshPublicKeys = {
  UploadSSHPublicKey(ctx, input) {
    const parsed = parseSshKey(input.SSHPublicKeyBody);
    if (parsed === undefined) {
      throw ctx.error(
        "InvalidPublicKey",
        "The public key is invalid: it must be an RSA key of at least 2048 bits, in ssh-rsa or PEM format.",
      );
    }
    const id = uniqueId(ctx.random, "APKA");
    const fingerprint = fingerprintOf(parsed);
    return ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", input.UserName);
      const held = sshKeysOf(tx, ctx, user);
      if (held.some((one) => one.fingerprint === fingerprint)) {
        throw ctx.error(
          "DuplicateSSHPublicKey",
          "The SSH public key is already associated with the user.",
        );
      }
      if (held.length >= keysPerUser) throw quotaExceeded(ctx, "SSHPublicKeysPerUser", keysPerUser);
      const record: SshKeyRecord = {
        id,
        body: input.SSHPublicKeyBody,
        fingerprint,
        status: "Active",
        uploadedAtMs: ctx.now(),
      };
      tx.putRecord(userItemKey(ctx, kind, user, id), sshKeyCodec, record);
      return { SSHPublicKey: described(user, record, record.body) };
    });
  },

  GetSSHPublicKey(ctx, input) {
    const { Encoding: encoding } = input;
    if (encoding !== "SSH" && encoding !== "PEM") {
      throw ctx.error("UnrecognizedPublicKeyEncoding", "The encoding is neither SSH nor PEM.");
    }
    return ctx.read((snapshot) => {
      const user = openEntity(snapshot, ctx, "user", input.UserName);
      const record = open(snapshot, ctx, user, input.SSHPublicKeyId);
      const key = parseSshKey(record.body)!;
      const body = encoding === "SSH" ? inSshForm(key) : inPemForm(key);
      return { SSHPublicKey: described(user, record, body) };
    });
  },

  ListSSHPublicKeys(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    return ctx.read((snapshot) => {
      const user = openEntity(snapshot, ctx, "user", userName);
      const { items, page } = pageOfList(ctx, sshKeysOf(snapshot, ctx, user), input);
      return {
        ...page,
        SSHPublicKeys: items.map(({ id, status, uploadedAtMs }) => ({
          UserName: user.name,
          SSHPublicKeyId: id,
          Status: status,
          UploadDate: uploadedAtMs,
        })),
      };
    });
  },

  async UpdateSSHPublicKey(ctx, input) {
    const status = input.Status === "Active" ? "Active" : "Inactive";
    await ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", input.UserName);
      const record = open(tx, ctx, user, input.SSHPublicKeyId);
      tx.putRecord(userItemKey(ctx, kind, user, record.id), sshKeyCodec, { ...record, status });
    });
    return {};
  },

  async DeleteSSHPublicKey(ctx, input) {
    await ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", input.UserName);
      const { id } = open(tx, ctx, user, input.SSHPublicKeyId);
      tx.delete(userItemKey(ctx, kind, user, id));
    });
    return {};
  },
} satisfies Handlers<IAM>;

export function sshKeysOf(snapshot: Snapshot, ctx: AnyContext, user: UserRecord): SshKeyRecord[] {
  return userItemsOf(snapshot, ctx, kind, user, sshKeyCodec);
}

function open(snapshot: Snapshot, ctx: AnyContext, user: UserRecord, id: string): SshKeyRecord {
  const found = snapshot.record(userItemKey(ctx, kind, user, id), sshKeyCodec);
  if (found !== undefined) return found;
  throw ctx.error("NoSuchEntity", `The Public Key with id ${id} cannot be found.`);
}

function described({ name }: UserRecord, record: SshKeyRecord, body: string): SSHPublicKey {
  return {
    UserName: name,
    SSHPublicKeyId: record.id,
    Fingerprint: record.fingerprint,
    SSHPublicKeyBody: body,
    Status: record.status,
    UploadDate: record.uploadedAtMs,
  };
}
