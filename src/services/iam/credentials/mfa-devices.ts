import { endOfPrefix } from "#base/key.ts";
import type { Principal } from "#kernel/identity.ts";
import type { Handlers } from "#kernel/service.ts";
import type { Vault } from "#kernel/vault.ts";
import type { NoOutput } from "#models/contract.ts";
import type { IAM, VirtualMFADevice } from "#models/iam.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { openEntity, quotaExceeded, userNameOf, type AnyContext } from "../entities.ts";
import { mfaDeviceKey, mfaDevicesPrefix, namedPrefix } from "../keyspace.ts";
import { pageOfList } from "../pages.ts";
import {
  mfaDeviceCodec,
  userCodec,
  type EnabledDeviceRecord,
  type MfaDeviceRecord,
  type UserRecord,
} from "../records.ts";
import { accessDenied } from "../sessions/temporary-credentials.ts";
import { tagList, tagsOf, withoutTags } from "../tag-lists.ts";
import { pageOfTags } from "../tags.ts";
import { describeUser } from "../users.ts";
import { afterCode, base32, synchronized } from "./one-time-codes.ts";

/*
 * Virtual devices for multi-factor authentication: authenticator apps, which show codes. Their clocks are compared with
 * the machine's own, wherever the server's was moved.
 */

const devicesPerUser = 8;
/** 64 letters in base 32, as AWS's. */
const seedBytes = 40;
const purpose = "mfa seed";

export const mfaDevices = {
  /** The only moment at which anybody is told the seed. */
  async CreateVirtualMFADevice(ctx, input) {
    const serial = `arn:aws:iam::${ctx.account}:mfa${input.Path ?? "/"}${input.VirtualMFADeviceName}`;
    const tags = tagsOf(ctx, input.Tags);
    const seed = ctx.random.bytes(seedBytes);
    const sealedSeed = ctx.vault.seal(purpose, seed, serial).toString("base64");
    await ctx.transact((tx) => {
      if (findDevice(tx, ctx, serial) !== undefined) {
        throw ctx.error(
          "EntityAlreadyExists",
          "MFADevice entity at the same path and name already exists.",
        );
      }
      put(tx, ctx, { serial, sealedSeed, tags, createdAtMs: ctx.now() });
    });
    return {
      VirtualMFADevice: {
        SerialNumber: serial,
        Base32StringSeed: Buffer.from(base32(seed)),
        Tags: tagList(tags),
      },
    };
  },

  async EnableMFADevice(ctx, input) {
    await ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", input.UserName);
      const device = openDevice(tx, ctx, input.SerialNumber);
      if (device.enabled !== undefined) {
        throw ctx.error("EntityAlreadyExists", "MFA Device is already in use");
      }
      if (devicesOf(tx, ctx, user).length >= devicesPerUser) {
        throw quotaExceeded(ctx, "MFADevicesPerUser", devicesPerUser);
      }
      const clock = clockFrom(ctx, device, input);
      put(tx, ctx, { ...device, enabled: { userId: user.id, atMs: ctx.now(), ...clock } });
    });
    return {};
  },

  async ResyncMFADevice(ctx, input) {
    await ctx.transact((tx) => {
      const { device, enabled } = openEnabled(tx, ctx, input.UserName, input.SerialNumber);
      put(tx, ctx, { ...device, enabled: { ...enabled, ...clockFrom(ctx, device, input) } });
    });
    return {};
  },

  async DeactivateMFADevice(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    await ctx.transact((tx) => {
      const { device } = openEnabled(tx, ctx, userName, input.SerialNumber);
      put(tx, ctx, { ...device, enabled: undefined });
    });
    return {};
  },

  async DeleteVirtualMFADevice(ctx, input) {
    await ctx.transact((tx) => {
      const device = openDevice(tx, ctx, input.SerialNumber);
      if (device.enabled !== undefined) {
        throw ctx.error("DeleteConflict", "MFA VirtualDevice must be deactivated first.");
      }
      tx.delete(mfaDeviceKey(ctx.account, device.serial));
    });
    return {};
  },

  GetMFADevice(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    return ctx.read((snapshot) => {
      const { device, enabled, user } = openEnabled(snapshot, ctx, userName, input.SerialNumber);
      return { UserName: user.name, SerialNumber: device.serial, EnableDate: enabled.atMs };
    });
  },

  ListMFADevices(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    return ctx.read((snapshot) => {
      const user = openEntity(snapshot, ctx, "user", userName);
      const { items, page } = pageOfList(ctx, devicesOf(snapshot, ctx, user), input);
      return {
        ...page,
        MFADevices: items.map(({ serial, enabled }) => ({
          UserName: user.name,
          SerialNumber: serial,
          EnableDate: enabled!.atMs,
        })),
      };
    });
  },

  ListVirtualMFADevices(ctx, input) {
    return ctx.read((snapshot) => {
      const wanted = input.AssignmentStatus ?? "Any";
      const users = usersById(snapshot, ctx);
      const found = allDevices(snapshot, ctx).filter(
        ({ enabled }) => wanted === "Any" || (wanted === "Assigned") === (enabled !== undefined),
      );
      const { items, page } = pageOfList(ctx, found, input);
      return {
        ...page,
        VirtualMFADevices: items.map((device) => listedDevice(ctx, device, users)),
      };
    });
  },

  TagMFADevice: (ctx, input) =>
    changeTags(ctx, input.SerialNumber, (before) => tagsOf(ctx, input.Tags, before)),
  UntagMFADevice: (ctx, input) =>
    changeTags(ctx, input.SerialNumber, (before) => withoutTags(before, input.TagKeys)),
  ListMFADeviceTags(ctx, input) {
    return ctx.read((snapshot) =>
      pageOfTags(ctx, openDevice(snapshot, ctx, input.SerialNumber).tags, input),
    );
  },
} satisfies Handlers<IAM>;

interface TwoCodes {
  readonly AuthenticationCode1: string;
  readonly AuthenticationCode2: string;
}

function clockFrom(ctx: AnyContext, device: MfaDeviceRecord, codes: TwoCodes) {
  const { AuthenticationCode1: first, AuthenticationCode2: second } = codes;
  const clock = synchronized(seedOf(ctx.vault, device), ctx.machineNow(), [first, second]);
  if (clock !== undefined) return clock;
  throw ctx.error("InvalidAuthenticationCode", "Authentication code for device is not valid");
}

/** What a request tells of a device, to prove that its caller has it. */
export interface MultiFactorProof {
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
}

/**
 * The caller's device as it is once it has told the code; undefined where the request tells none. Throws if they are not
 * right. The sentences are AWS's, as its users quote them.
 */
export function deviceAfterCode(
  snapshot: Snapshot,
  ctx: AnyContext,
  { SerialNumber: serial, TokenCode: code }: MultiFactorProof,
): MfaDeviceRecord | undefined {
  const { caller } = ctx;
  if (serial === undefined && code === undefined) return undefined;
  if (serial === undefined || code === undefined) {
    throw accessDenied(
      "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
    );
  }
  const device = findDevice(snapshot, caller, serial);
  if (device?.enabled === undefined || !isDeviceOf(caller, device.enabled)) {
    throw accessDenied(
      "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
    );
  }
  const { enabled } = device;
  const after = afterCode(seedOf(ctx.vault, device), ctx.machineNow(), enabled, code);
  if (after === undefined) {
    throw accessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code. ");
  }
  return { ...device, enabled: { ...enabled, ...after } };
}

function isDeviceOf({ kind, userId }: Principal, enabled: EnabledDeviceRecord): boolean {
  return kind === "user" && enabled.userId === userId;
}

/** Takes the code that a request tells, once; false where it tells none. */
export async function takeCode(ctx: AnyContext, proof: MultiFactorProof): Promise<boolean> {
  if (proof.SerialNumber === undefined && proof.TokenCode === undefined) return false;
  await ctx.transact((tx) => {
    const device = deviceAfterCode(tx, ctx, proof);
    if (device !== undefined) put(tx, ctx.caller, device);
  });
  return true;
}

function seedOf(vault: Vault, { serial, sealedSeed }: MfaDeviceRecord): Buffer {
  const seed = vault.open(purpose, Buffer.from(sealedSeed, "base64"), serial);
  if (seed !== undefined) return seed;
  throw new Error(`the seed of ${serial} does not open: the master key is another one`);
}

interface Account {
  readonly account: string;
}

function findDevice(
  snapshot: Snapshot,
  { account }: Account,
  serial: string,
): MfaDeviceRecord | undefined {
  return snapshot.record(mfaDeviceKey(account, serial), mfaDeviceCodec);
}

function openDevice(snapshot: Snapshot, ctx: AnyContext, serial: string): MfaDeviceRecord {
  const found = findDevice(snapshot, ctx, serial);
  if (found !== undefined) return found;
  throw ctx.error("NoSuchEntity", `VirtualMFADevice with serial number ${serial} doesn't exist.`);
}

function openEnabled(snapshot: Snapshot, ctx: AnyContext, userName: string, serial: string) {
  const user = openEntity(snapshot, ctx, "user", userName);
  const device = findDevice(snapshot, ctx, serial);
  if (device?.enabled?.userId === user.id) return { user, device, enabled: device.enabled };
  throw ctx.error(
    "NoSuchEntity",
    `MFA Device with serial number ${serial} does not exist for user ${user.name}.`,
  );
}

function put(tx: Transaction, { account }: Account, device: MfaDeviceRecord): void {
  tx.putRecord(mfaDeviceKey(account, device.serial), mfaDeviceCodec, device);
}

export function allDevices(snapshot: Snapshot, { account }: Account): MfaDeviceRecord[] {
  const start = mfaDevicesPrefix(account);
  return [...snapshot.range({ start, end: endOfPrefix(start) })].map(({ value }) =>
    mfaDeviceCodec.decode(value),
  );
}

/** Those that are enabled for the user. */
export function devicesOf(
  snapshot: Snapshot,
  ctx: AnyContext,
  user: UserRecord,
): MfaDeviceRecord[] {
  return allDevices(snapshot, ctx).filter(({ enabled }) => enabled?.userId === user.id);
}

function usersById(snapshot: Snapshot, { account }: AnyContext): Map<string, UserRecord> {
  const start = namedPrefix(account, "user");
  const users = [...snapshot.range({ start, end: endOfPrefix(start) })];
  return new Map(
    users.map(({ value }) => {
      const user = userCodec.decode(value);
      return [user.id, user];
    }),
  );
}

function listedDevice(
  ctx: AnyContext,
  { serial, enabled, tags }: MfaDeviceRecord,
  users: ReadonlyMap<string, UserRecord>,
): VirtualMFADevice {
  const user = enabled && users.get(enabled.userId);
  return {
    SerialNumber: serial,
    User: user && describeUser(ctx, user),
    EnableDate: enabled?.atMs,
    Tags: tagList(tags),
  };
}

async function changeTags(
  ctx: AnyContext,
  serial: string,
  change: (before: MfaDeviceRecord["tags"]) => MfaDeviceRecord["tags"],
): Promise<NoOutput> {
  await ctx.transact((tx) => {
    const device = openDevice(tx, ctx, serial);
    put(tx, ctx, { ...device, tags: change(device.tags) });
  });
  return {};
}
