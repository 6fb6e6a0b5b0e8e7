import { endOfPrefix } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { IAM, ServiceSpecificCredentialMetadata } from "#models/iam.ts";
import type { Snapshot } from "#store/store.ts";
import { openEntity, userNameOf, type AnyContext } from "../entities.ts";
import { makeSecret, uniqueId } from "../ids.ts";
import { serviceCredentialKey, serviceCredentialsPrefix } from "../keyspace.ts";
import { serviceCredentialCodec, type ServiceCredentialRecord } from "../records.ts";

/**
 * Names and passwords for services that take no signatures. None of those services is here: the password is told once
 * and forgotten.
 */
const services = new Set(["codecommit.amazonaws.com", "cassandra.amazonaws.com"]);
const perServiceAtMost = 2;

export const serviceCredentials = {
  CreateServiceSpecificCredential(ctx, input) {
    const id = uniqueId(ctx.random, "ACCA");
    const password = makeSecret(ctx.random);
    return ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", input.UserName);
      checkService(ctx, input.ServiceName);
      const held = credentialsOf(tx, ctx, user.name, input.ServiceName);
      if (held.length >= perServiceAtMost) {
        throw ctx.error(
          "LimitExceeded",
          `Cannot exceed quota for ServiceSpecificCredentialsPerUser: ${perServiceAtMost}`,
        );
      }
      const record: ServiceCredentialRecord = {
        id,
        userName: user.name,
        service: input.ServiceName,
        createdAtMs: ctx.now(),
        status: "Active",
      };
      tx.putRecord(serviceCredentialKey(ctx.account, id), serviceCredentialCodec, record);
      return {
        ServiceSpecificCredential: { ...described(ctx, record), ServicePassword: password },
      };
    });
  },

  ListServiceSpecificCredentials(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    return ctx.read((snapshot) => {
      const user = openEntity(snapshot, ctx, "user", userName);
      if (input.ServiceName !== undefined) checkService(ctx, input.ServiceName);
      const found = credentialsOf(snapshot, ctx, user.name, input.ServiceName);
      return { ServiceSpecificCredentials: found.map((record) => described(ctx, record)) };
    });
  },

  async UpdateServiceSpecificCredential(ctx, input) {
    const status = input.Status === "Active" ? "Active" : "Inactive";
    await ctx.transact((tx) => {
      const record = openCredential(tx, ctx, input);
      const key = serviceCredentialKey(ctx.account, record.id);
      tx.putRecord(key, serviceCredentialCodec, { ...record, status });
    });
    return {};
  },

  ResetServiceSpecificCredential(ctx, input) {
    const password = makeSecret(ctx.random);
    return ctx.read((snapshot) => {
      const record = openCredential(snapshot, ctx, input);
      return {
        ServiceSpecificCredential: { ...described(ctx, record), ServicePassword: password },
      };
    });
  },

  async DeleteServiceSpecificCredential(ctx, input) {
    await ctx.transact((tx) => {
      tx.delete(serviceCredentialKey(ctx.account, openCredential(tx, ctx, input).id));
    });
    return {};
  },
} satisfies Handlers<IAM>;

// Recorded.
function checkService(ctx: AnyContext, service: string): void {
  if (services.has(service)) return;
  throw ctx.error(
    "NoSuchEntity",
    `No such service ${service} is supported for Service Specific Credentials`,
  );
}

interface CredentialInput {
  readonly UserName?: string | undefined;
  readonly ServiceSpecificCredentialId: string;
}

function openCredential(
  snapshot: Snapshot,
  ctx: AnyContext,
  { UserName: given, ServiceSpecificCredentialId: id }: CredentialInput,
): ServiceCredentialRecord {
  const user = openEntity(snapshot, ctx, "user", userNameOf(ctx, given));
  const record = snapshot.record(serviceCredentialKey(ctx.account, id), serviceCredentialCodec);
  if (record?.userName === user.name) return record;
  throw ctx.error("NoSuchEntity", `No such credential ${id} exists`);
}

export function credentialsOf(
  snapshot: Snapshot,
  { account }: AnyContext,
  userName: string,
  service: string | undefined,
): ServiceCredentialRecord[] {
  const start = serviceCredentialsPrefix(account);
  return [...snapshot.range({ start, end: endOfPrefix(start) })]
    .map(({ value }) => serviceCredentialCodec.decode(value))
    .filter((one) => one.userName === userName && (service ?? one.service) === one.service);
}

function described(
  { account }: AnyContext,
  record: ServiceCredentialRecord,
): ServiceSpecificCredentialMetadata {
  return {
    UserName: record.userName,
    Status: record.status,
    ServiceUserName: `${record.userName}-at-${account}`,
    CreateDate: record.createdAtMs,
    ServiceSpecificCredentialId: record.id,
    ServiceName: record.service,
  };
}
