import { ServiceError } from "#kernel/errors.ts";
import type { Handlers } from "#kernel/service.ts";
import type { Vault } from "#kernel/vault.ts";
import type { IAM } from "#models/iam.ts";
import type { Snapshot } from "#store/store.ts";
import { openEntity, putEntity, quotaExceeded, userNameOf, type AnyContext } from "../entities.ts";
import { accountOfAccessKey, makeAccessKeyId, makeSecret } from "../ids.ts";
import { accessKeyKey } from "../keyspace.ts";
import { pageOfList } from "../pages.ts";
import { namespaceOf } from "../reports/service-names.ts";
import { accessKeyCodec, type AccessKeyRecord } from "../records.ts";

const keysPerUser = 2;
const purpose = "access key";

export function openSecret(vault: Vault, { id, sealedSecret }: AccessKeyRecord): string {
  const opened = vault.open(purpose, Buffer.from(sealedSecret, "base64"), id);
  if (opened === undefined) {
    throw new Error(`the secret of access key ${id} does not open: the master key is another one`);
  }
  return opened.toString("utf8");
}

export const accessKeys = {
  /** The only moment at which anybody is told the secret. */
  CreateAccessKey(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    const id = makeAccessKeyId(ctx.random, "AKIA", ctx.account);
    const secret = makeSecret(ctx.random);
    const sealedSecret = ctx.vault.seal(purpose, Buffer.from(secret), id).toString("base64");
    return ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", userName);
      if (user.accessKeyIds.length >= keysPerUser) {
        throw quotaExceeded(ctx, "AccessKeysPerUser", keysPerUser);
      }
      const createdAtMs = ctx.now();
      const status = "Active" as const;
      const key = { id, userName: user.name, createdAtMs, status, sealedSecret };
      tx.putRecord(accessKeyKey(ctx.account, id), accessKeyCodec, key);
      putEntity(tx, ctx, "user", { ...user, accessKeyIds: [...user.accessKeyIds, id] });
      return {
        AccessKey: {
          UserName: user.name,
          AccessKeyId: id,
          Status: status,
          SecretAccessKey: secret,
          CreateDate: createdAtMs,
        },
      };
    });
  },

  ListAccessKeys(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    return ctx.read((snapshot) => {
      const user = openEntity(snapshot, ctx, "user", userName);
      const { items, page } = pageOfList(ctx, user.accessKeyIds, input);
      const keys = items.map((id) => openKey(snapshot, ctx, id, user.name));
      return {
        ...page,
        AccessKeyMetadata: keys.map(({ id, status, createdAtMs }) => ({
          UserName: user.name,
          AccessKeyId: id,
          Status: status === "Active" ? status : "Inactive",
          CreateDate: createdAtMs,
        })),
      };
    });
  },

  async GetAccessKeyLastUsed(ctx, input) {
    const id = input.AccessKeyId;
    const user = await ctx.read((snapshot) => {
      const isOwn = accountOfAccessKey(id) === ctx.account;
      const key = isOwn
        ? snapshot.record(accessKeyKey(ctx.account, id), accessKeyCodec)
        : undefined;
      if (key !== undefined && key.status !== "Deleted") {
        return openEntity(snapshot, ctx, "user", key.userName);
      }
      // What is not there is told as what is another account's.
      const message = `User: ${ctx.caller.arn} is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key ${id}`;
      throw new ServiceError("AccessDenied", message, {}, 403);
    });
    const uses = await ctx.uses.of(ctx.account, user.id);
    const use = uses.keys[id];
    return {
      UserName: user.name,
      AccessKeyLastUsed: {
        LastUsedDate: use?.atMs,
        ServiceName: use === undefined ? "N/A" : namespaceOf(use.service),
        Region: use?.region ?? "N/A",
      },
    };
  },

  async UpdateAccessKey(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    const status = input.Status;
    if (status !== "Active" && status !== "Inactive") {
      throw ctx.error("ValidationException", "The status must be Active or Inactive.");
    }
    await ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", userName);
      const key = openKey(tx, ctx, input.AccessKeyId, user.name);
      tx.putRecord(accessKeyKey(ctx.account, key.id), accessKeyCodec, { ...key, status });
    });
    return {};
  },

  async DeleteAccessKey(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    await ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", userName);
      const key = openKey(tx, ctx, input.AccessKeyId, user.name);
      const deleted = { ...key, status: "Deleted" as const, sealedSecret: "" };
      tx.putRecord(accessKeyKey(ctx.account, key.id), accessKeyCodec, deleted);
      const accessKeyIds = user.accessKeyIds.filter((id) => id !== key.id);
      putEntity(tx, ctx, "user", { ...user, accessKeyIds });
    });
    return {};
  },
} satisfies Handlers<IAM>;

/** Throws NoSuchEntity, also for another user's key. */
function openKey(
  snapshot: Snapshot,
  ctx: AnyContext,
  id: string,
  userName: string,
): AccessKeyRecord {
  const isOwn = accountOfAccessKey(id) === ctx.account;
  const key = isOwn ? snapshot.record(accessKeyKey(ctx.account, id), accessKeyCodec) : undefined;
  if (key === undefined || key.status === "Deleted" || key.userName !== userName) {
    throw ctx.error("NoSuchEntity", `The Access Key with id ${id} cannot be found.`);
  }
  return key;
}
