import { AuthorizationNeeded } from "#kernel/authorization/authorize.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { tableKey } from "../keyspace.ts";
import { checkIsReadable } from "./encryption.ts";
import type { AttachedPolicy } from "../resource-policies/attached-policy.ts";
import { vectorIndexesOf } from "../vector-indexes/vector-index-record.ts";
import { type IndexRecord, tableCodec, type TableRecord } from "./table-record.ts";

/** The context of an operation that can say that a table is not there. */
export type TableContext = Context<"ResourceNotFoundException">;

const arnPattern = /^arn:[a-z-]+:dynamodb:([a-z0-9-]+):(\d{12}):table\/([a-zA-Z0-9_.-]{3,255})$/;

/**
 * The table's name from a `TableName` member, which may hold its name or its ARN; the form of names is checked by
 * the model. Handlers call it before they look at anything else, as AWS does.
 */
export function tableNameOf(ctx: Context, nameOrArn: string): string {
  if (!nameOrArn.startsWith("arn:")) return nameOrArn;
  const [, region, account, name] = arnPattern.exec(nameOrArn) ?? [];
  if (name === undefined) {
    // Source: DynamoDB Local 3.3.1, missing space included.
    throw ctx.error(
      "ValidationException",
      "Valid ARN format is 'arn:<awsPartition>:<vendor>:<region>:<subscriber>:resourceType/resourceName', where Resource name must have length less than or equal to 255, Resource name must have length greater than or equal to 3, Resource name must satisfyregular expression pattern: [a-zA-Z0-9_.-]+",
    );
  }
  if (region !== ctx.region) {
    throw ctx.error(
      "ValidationException",
      `1 validation error detected: Invalid AWS region in '${nameOrArn}'`,
    );
  }
  // What belongs to another account is for that account's policies to decide.
  if (account !== ctx.account && !ctx.isAuthorized) throw new AuthorizationNeeded();
  return name;
}

/** Has the policy of what was opened decided on, unless that is done. Services of the account work for its owner. */
export function obeyPolicy(ctx: Context, policy: AttachedPolicy | undefined): void {
  if (policy === undefined || ctx.isAuthorized) return;
  const { kind, account } = ctx.caller;
  if (kind !== "service" || account !== ctx.account) throw new AuthorizationNeeded();
}

/** The context of the account that the table belongs to: batches and transactions reach into several. */
export function ownerContext<Code extends string>(
  ctx: Context<Code>,
  tableNameOrArn: string,
): Context<Code> {
  if (!tableNameOrArn.startsWith("arn:")) return ctx;
  const account = arnPattern.exec(tableNameOrArn)?.[2];
  return account === undefined || account === ctx.account ? ctx : ctx.inAccount(account);
}

/** The table of this name (not ARN) in whatever state, or undefined. */
export function findTable(
  snapshot: Snapshot,
  ctx: Context,
  tableName: string,
): TableRecord | undefined {
  return snapshot.record(tableKey(ctx, tableName), tableCodec);
}

/**
 * The table for an operation on items, by name or ARN. A table that is being created or deleted does not exist for
 * them. Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html ("You can
 * perform read and write operations only on an ACTIVE table"); one that is UPDATING serves on.
 */
export function openTable(
  snapshot: Snapshot,
  ctx: TableContext,
  tableNameOrArn: string,
): TableRecord {
  const name = tableNameOf(ctx, tableNameOrArn);
  const table = findTable(snapshot, ctx, name);
  obeyPolicy(ctx, table?.resourcePolicy);
  if (table === undefined || table.status === "CREATING" || table.status === "DELETING") {
    throw ctx.error("ResourceNotFoundException", "Requested resource not found");
  }
  checkIsReadable(ctx, table);
  return table;
}

/** The table for a transaction, which groups with strong consistency do not have. */
export function openTransacted(
  snapshot: Snapshot,
  ctx: TableContext,
  tableNameOrArn: string,
): TableRecord {
  const table = openTable(snapshot, ctx, tableNameOrArn);
  if (table.replication?.isStrong !== true) return table;
  // AWS's documentation says that it is an error, and not which.
  throw ctx.error(
    "ValidationException",
    "Transaction operations are not supported for global tables with MultiRegionConsistency set to STRONG",
  );
}

/** The table for an operation on tables, by name or ARN, in whatever state. */
export function openTableToManage(
  snapshot: Snapshot,
  ctx: TableContext,
  tableNameOrArn: string,
): TableRecord {
  const name = tableNameOf(ctx, tableNameOrArn);
  const table = findTable(snapshot, ctx, name);
  if (table === undefined) {
    throw ctx.error(
      "ResourceNotFoundException",
      `Requested resource not found: Table: ${name} not found`,
    );
  }
  obeyPolicy(ctx, table.resourcePolicy);
  return table;
}

/** The index that Query and Scan read, and of which kind it is. */
export function openIndex(
  ctx: Context,
  table: TableRecord,
  indexName: string,
): { readonly index: IndexRecord; readonly isGlobal: boolean } {
  const local = table.localIndexes.find((index) => index.name === indexName);
  if (local !== undefined) return { index: local, isGlobal: false };
  const global = table.globalIndexes.find((index) => index.name === indexName);
  if (vectorIndexesOf(table).some((index) => index.name === indexName)) {
    // With a point for Query and without one for Scan: measured in August 2026 by paritysuite/dynamodb-conformance.
    const refused = "operation not supported on this index type";
    throw ctx.error(
      "ValidationException",
      ctx.operation === "Query" ? `Query ${refused}.` : `Scan ${refused}`,
    );
  }
  if (global === undefined || global.status === "DELETING") {
    throw ctx.error(
      "ValidationException",
      `The table does not have the specified index: ${indexName}`,
    );
  }
  if (global.status === "CREATING") {
    throw ctx.error(
      "ValidationException",
      `Cannot read from backfilling global secondary index: ${indexName}`,
    );
  }
  return { index: global, isGlobal: true };
}
