import { endOfPrefix } from "#base/key.ts";
import type { EntityUses } from "#kernel/uses.ts";
import type { Handlers } from "#kernel/service.ts";
import type { IAM } from "#models/iam.ts";
import type { Snapshot } from "#store/store.ts";
import { arnOf } from "../arns.ts";
import { passwordPolicyIn } from "../account-settings.ts";
import { findProfile } from "../credentials/login-profiles.ts";
import { devicesOf } from "../credentials/mfa-devices.ts";
import { signingCertificatesOf } from "../credentials/signing-certificates.ts";
import type { AnyContext } from "../entities.ts";
import { accessKeyKey, credentialReportKey, namedPrefix } from "../keyspace.ts";
import {
  accessKeyCodec,
  credentialReportCodec,
  userCodec,
  type CredentialReportRecord,
  type UserRecord,
} from "../records.ts";
import { namespaceOf } from "./service-names.ts";

/**
 * All users and the state of what they sign in with, as a table. Source: IAM User Guide,
 * id_credentials_getting-report. AWS takes a while to make it; here it is there as soon as it was asked for.
 */

/** So long a report is good, and no other is made. */
const keptMs = 4 * 3_600_000;

export const credentialReport = {
  async GenerateCredentialReport(ctx) {
    const uses = await ctx.uses.all(ctx.account);
    return ctx.transact((tx) => {
      const key = credentialReportKey(ctx.account);
      const before = tx.record(key, credentialReportCodec);
      if (before !== undefined && !isOver(ctx, before)) return { State: "COMPLETE" };
      const content = reportOf(tx, ctx, uses);
      tx.putRecord(key, credentialReportCodec, { content, generatedAtMs: ctx.now() });
      return {
        State: "STARTED",
        Description: "No report exists. Starting a new report generation task",
      };
    });
  },

  GetCredentialReport(ctx) {
    return ctx.read((snapshot) => {
      const report = snapshot.record(credentialReportKey(ctx.account), credentialReportCodec);
      if (report === undefined) {
        throw ctx.error("ReportNotPresent", "No credential report is present: generate one.");
      }
      if (isOver(ctx, report)) {
        throw ctx.error("ReportExpired", "The credential report has expired: generate a new one.");
      }
      return {
        Content: Buffer.from(report.content),
        ReportFormat: "text/csv",
        GeneratedTime: report.generatedAtMs,
      };
    });
  },
} satisfies Handlers<IAM>;

function isOver(ctx: AnyContext, { generatedAtMs }: CredentialReportRecord): boolean {
  return ctx.now() >= generatedAtMs + keptMs;
}

const notApplicable = "N/A";

const keyColumns = [
  "active",
  "last_rotated",
  "last_used_date",
  "last_used_region",
  "last_used_service",
];
const columns = [
  "user",
  "arn",
  "user_creation_time",
  "password_enabled",
  "password_last_used",
  "password_last_changed",
  "password_next_rotation",
  "mfa_active",
  ...["access_key_1", "access_key_2"].flatMap((key) => keyColumns.map((name) => `${key}_${name}`)),
  ...["cert_1", "cert_2"].flatMap((cert) => [`${cert}_active`, `${cert}_last_rotated`]),
];

function reportOf(
  snapshot: Snapshot,
  ctx: AnyContext,
  uses: ReadonlyMap<string, EntityUses>,
): string {
  const start = namedPrefix(ctx.account, "user");
  const rows = [...snapshot.range({ start, end: endOfPrefix(start) })].map(({ value }) => {
    const user = userCodec.decode(value);
    return rowOf(snapshot, ctx, user, uses.get(user.id));
  });
  return [columns, rootRow(ctx), ...rows].map((row) => row.join(",")).join("\n");
}

/** The account's own user: its keys are settings of the server, and its uses are not noted. */
function rootRow({ account }: AnyContext): string[] {
  const unused = ["false", notApplicable, notApplicable, notApplicable, notApplicable];
  return [
    "<root_account>",
    `arn:aws:iam::${account}:root`,
    timeOf(0),
    "not_supported",
    "no_information",
    "not_supported",
    "not_supported",
    "false",
    ...unused,
    ...unused,
    "false",
    notApplicable,
    "false",
    notApplicable,
  ];
}

function rowOf(
  snapshot: Snapshot,
  ctx: AnyContext,
  user: UserRecord,
  uses: EntityUses | undefined,
): string[] {
  return [
    user.name,
    arnOf(ctx.account, "user", user),
    timeOf(user.createdAtMs),
    ...passwordCells(snapshot, ctx, user),
    String(devicesOf(snapshot, ctx, user).length > 0),
    ...[0, 1].flatMap((at) => keyCells(snapshot, ctx, user.accessKeyIds[at], uses)),
    ...certificateCells(snapshot, ctx, user),
  ];
}

function passwordCells(snapshot: Snapshot, ctx: AnyContext, user: UserRecord): string[] {
  const profile = findProfile(snapshot, ctx, user);
  if (profile === undefined) return ["false", notApplicable, notApplicable, notApplicable];
  const days = passwordPolicyIn(snapshot, ctx)?.MaxPasswordAge ?? 0;
  const next = days > 0 ? timeOf(profile.changedAtMs + days * 86_400_000) : notApplicable;
  // There is no console to sign in to: no password was ever used.
  return ["true", "no_information", timeOf(profile.changedAtMs), next];
}

function keyCells(
  snapshot: Snapshot,
  { account }: AnyContext,
  id: string | undefined,
  uses: EntityUses | undefined,
): string[] {
  const key =
    id === undefined ? undefined : snapshot.record(accessKeyKey(account, id), accessKeyCodec);
  if (id === undefined || key === undefined) {
    return ["false", notApplicable, notApplicable, notApplicable, notApplicable];
  }
  const use = uses?.keys[id];
  const used =
    use === undefined
      ? [notApplicable, notApplicable, notApplicable]
      : [timeOf(use.atMs), use.region, namespaceOf(use.service)];
  return [String(key.status === "Active"), timeOf(key.createdAtMs), ...used];
}

function certificateCells(snapshot: Snapshot, ctx: AnyContext, user: UserRecord): string[] {
  const held = signingCertificatesOf(snapshot, ctx, user);
  return [0, 1].flatMap((at) => {
    const one = held[at];
    if (one === undefined) return ["false", notApplicable];
    return [String(one.status === "Active"), timeOf(one.uploadedAtMs)];
  });
}

/** "2026-01-01T12:00:00+00:00" */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "+00:00");
}
