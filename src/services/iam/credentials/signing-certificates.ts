import type { Handlers } from "#kernel/service.ts";
import type { IAM, SigningCertificate } from "#models/iam.ts";
import type { Snapshot } from "#store/store.ts";
import { openEntity, quotaExceeded, userNameOf, type AnyContext } from "../entities.ts";
import { longId } from "../ids.ts";
import { pageOfList } from "../pages.ts";
import {
  signingCertificateCodec,
  type SigningCertificateRecord,
  type UserRecord,
} from "../records.ts";
import { userItemKey, userItemsOf } from "../user-items.ts";
import { parseCertificate } from "./certificates.ts";

/** X.509 certificates of users. No service here takes messages that are signed with them: they are kept. */

const certificatesPerUser = 2;
const kind = "signing-certificate";

export const signingCertificates = {
  UploadSigningCertificate(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    const body = input.CertificateBody;
    const certificate = parseCertificate(body);
    if (certificate === undefined) {
      throw ctx.error(
        "MalformedCertificate",
        "Unable to parse certificate. Please ensure the certificate is in PEM format.",
      );
    }
    if (Date.parse(certificate.validTo) < ctx.machineNow()) {
      throw ctx.error("InvalidCertificate", "The certificate has expired.");
    }
    const id = longId(ctx.random);
    const { fingerprint256: fingerprint } = certificate;
    return ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", userName);
      const held = signingCertificatesOf(tx, ctx, user);
      if (held.some((one) => one.fingerprint === fingerprint)) {
        throw ctx.error("DuplicateCertificate", "The certificate already exists.");
      }
      if (held.length >= certificatesPerUser) {
        throw quotaExceeded(ctx, "CertificatesPerUser", certificatesPerUser);
      }
      const status = "Active" as const;
      const record = { id, body, fingerprint, status, uploadedAtMs: ctx.now() };
      tx.putRecord(userItemKey(ctx, kind, user, id), signingCertificateCodec, record);
      return { Certificate: described(user, record) };
    });
  },

  ListSigningCertificates(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    return ctx.read((snapshot) => {
      const user = openEntity(snapshot, ctx, "user", userName);
      const { items, page } = pageOfList(ctx, signingCertificatesOf(snapshot, ctx, user), input);
      return { ...page, Certificates: items.map((record) => described(user, record)) };
    });
  },

  async UpdateSigningCertificate(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    const status = input.Status === "Active" ? "Active" : "Inactive";
    await ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", userName);
      const record = open(tx, ctx, user, input.CertificateId);
      const key = userItemKey(ctx, kind, user, record.id);
      tx.putRecord(key, signingCertificateCodec, { ...record, status });
    });
    return {};
  },

  async DeleteSigningCertificate(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    await ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", userName);
      const { id } = open(tx, ctx, user, input.CertificateId);
      tx.delete(userItemKey(ctx, kind, user, id));
    });
    return {};
  },
} satisfies Handlers<IAM>;

export function signingCertificatesOf(
  snapshot: Snapshot,
  ctx: AnyContext,
  user: UserRecord,
): SigningCertificateRecord[] {
  return userItemsOf(snapshot, ctx, kind, user, signingCertificateCodec);
}

function open(
  snapshot: Snapshot,
  ctx: AnyContext,
  user: UserRecord,
  id: string,
): SigningCertificateRecord {
  const found = snapshot.record(userItemKey(ctx, kind, user, id), signingCertificateCodec);
  if (found !== undefined) return found;
  throw ctx.error("NoSuchEntity", `The Certificate with id ${id} cannot be found.`);
}

function described({ name }: UserRecord, record: SigningCertificateRecord): SigningCertificate {
  return {
    UserName: name,
    CertificateId: record.id,
    CertificateBody: record.body,
    Status: record.status,
    UploadDate: record.uploadedAtMs,
  };
}
