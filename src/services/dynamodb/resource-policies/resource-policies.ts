import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB } from "#models/dynamodb.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { streamKey, tableKey } from "../keyspace.ts";
import { findTable, obeyPolicy, type TableContext } from "../tables/open-table.ts";
import { streamCodec, type StreamRecord } from "../streams/stream-record.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import {
  attached,
  type AttachedPolicy,
  checkPolicy,
  type PolicyHolder,
} from "./attached-policy.ts";

/*
 * Messages are AWS's, as they were measured in October 2026 (ack-api-quirks, DDB-TABLE-212, 213 and 234); those about
 * revisions are moto's, whose tests were recorded from AWS.
 */

const invalid = "One or more parameter values were invalid: ";

export const resourcePolicies = {
  /** Replaces the policy of a table or a stream. It is obeyed from then on. */
  PutResourcePolicy(ctx, input) {
    const name = holderNameOf(ctx, input.ResourceArn);
    const { Policy: text, ExpectedRevisionId: expected } = input;
    checkPolicy(ctx, name, text, input.ConfirmRemoveSelfResourceAccess === true);
    return ctx.transact((tx) => {
      const holder = openHolder(tx, ctx, name);
      const before = policyOf(holder);
      obeyPolicy(ctx, before);
      checkRevision(ctx, name, before, expected, "update");
      const after = attached(ctx, before, text);
      if (after !== before) putPolicy(tx, ctx, holder, after);
      return { RevisionId: after.revisionId };
    });
  },

  GetResourcePolicy(ctx, input) {
    const name = holderNameOf(ctx, input.ResourceArn);
    return ctx.read((snapshot) => {
      const policy = policyOf(openHolder(snapshot, ctx, name));
      obeyPolicy(ctx, policy);
      if (policy === undefined) throw notFound(ctx, input.ResourceArn);
      return { Policy: policy.text, RevisionId: policy.revisionId };
    });
  },

  /** No failure if there is none. The root of the account may do this whatever the policy says. */
  DeleteResourcePolicy(ctx, input) {
    const name = holderNameOf(ctx, input.ResourceArn);
    return ctx.transact((tx) => {
      const holder = openHolder(tx, ctx, name);
      const before = policyOf(holder);
      if (ctx.caller.kind !== "root") obeyPolicy(ctx, before);
      checkRevision(ctx, name, before, input.ExpectedRevisionId, "deletion");
      if (before === undefined) return {};
      putPolicy(tx, ctx, holder, undefined);
      return { RevisionId: before.revisionId };
    });
  },
} satisfies Handlers<DynamoDB>;

type PolicyContext = Context<"PolicyNotFoundException">;

interface HolderName extends PolicyHolder {
  readonly tableName: string;
  readonly label: string | undefined;
}

const resourcePattern = /^table\/([a-zA-Z0-9_.-]{3,255})(?:\/(.+))?$/;

function holderNameOf(ctx: Context, arn: string): HolderName {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  if (!arn.startsWith("arn:")) throw refuse(`${invalid}ARNs must start with 'arn:': ${arn}`);
  const [, partition, service, region, account, ...rest] = arn.split(":");
  const [, tableName, more] = resourcePattern.exec(rest.join(":")) ?? [];
  const [kind, label] = more?.split("/") ?? [];
  const isKnown = more === undefined || kind === "stream" || kind === "index";
  if (service !== "dynamodb" || tableName === undefined || !isKnown) {
    throw refuse(`${invalid}Provided Arn is not a DynamoDB resource arn: ${arn}`);
  }
  if (kind === "index") {
    throw refuse(
      `${invalid}Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${arn}`,
    );
  }
  if (partition !== "aws" || region !== ctx.region) {
    throw refuse(`${invalid}Invalid resource Arn: ${arn}`);
  }
  if (account !== ctx.account) {
    throw refuse(
      "This action is only supported by accounts that match the resource owner’s account.",
    );
  }
  return { arn, tableName, label, isStream: label !== undefined };
}

type Holder =
  | { readonly kind: "table"; readonly table: TableRecord }
  | { readonly kind: "stream"; readonly stream: StreamRecord };

function openHolder(snapshot: Snapshot, ctx: TableContext, name: HolderName): Holder {
  const { tableName, label } = name;
  if (label !== undefined) {
    const stream = snapshot.record(streamKey(ctx, tableName, label), streamCodec);
    if (stream !== undefined) return { kind: "stream", stream };
    throw ctx.error(
      "ResourceNotFoundException",
      `Requested resource not found: Stream: ${label} not found for Table: ${tableName}`,
    );
  }
  const table = findTable(snapshot, ctx, tableName);
  if (table !== undefined) return { kind: "table", table };
  throw ctx.error(
    "ResourceNotFoundException",
    `Requested resource not found: Table: ${tableName} not found`,
  );
}

function policyOf(holder: Holder): AttachedPolicy | undefined {
  return holder.kind === "table" ? holder.table.resourcePolicy : holder.stream.resourcePolicy;
}

function putPolicy(
  tx: Transaction,
  ctx: Context,
  holder: Holder,
  resourcePolicy: AttachedPolicy | undefined,
): void {
  if (holder.kind === "table") {
    const { table } = holder;
    tx.putRecord(tableKey(ctx, table.name), tableCodec, { ...table, resourcePolicy });
  } else {
    const { stream } = holder;
    const key = streamKey(ctx, stream.tableName, stream.label);
    tx.putRecord(key, streamCodec, { ...stream, resourcePolicy });
  }
}

function checkRevision(
  ctx: PolicyContext,
  { arn, tableName }: HolderName,
  before: AttachedPolicy | undefined,
  expected: string | undefined,
  change: "update" | "deletion",
): void {
  if (expected === undefined || expected === before?.revisionId) return;
  if (expected === "NO_POLICY" && before === undefined && change === "update") return;
  if (before === undefined) throw notFound(ctx, arn);
  throw notFound(
    ctx,
    expected === "NO_POLICY"
      ? `Requested policy ${change} expecting none to be present for table ${tableName}, but a policy exists with revision id ${before.revisionId}.`
      : `Requested ${change} for policy with revision id ${expected}, but the policy associated to target table ${tableName} has revision id ${before.revisionId}.`,
  );
}

function notFound(ctx: PolicyContext, detail: string): Error {
  return ctx.error(
    "PolicyNotFoundException",
    `Resource-based policy not found for the provided ResourceArn: ${detail}`,
  );
}
