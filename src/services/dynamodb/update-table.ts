import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  DynamoDB,
  GlobalSecondaryIndexUpdate,
  TableDescription,
  UpdateTableInput,
} from "#models/dynamodb.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { changedBilling, changedIndexThroughput } from "./change-throughput.ts";
import { checkStream, encryptionOf, newGlobalIndex } from "./create-table.ts";
import { tableKey } from "./keyspace.ts";
import { openTableToManage, tableNameOf } from "./open-table.ts";
import { checkIsFree, describe, indexInUse } from "./tables.ts";
import {
  type IndexRecord,
  type KeyAttribute,
  tableCodec,
  type TableKey,
  type TableRecord,
} from "./table-record.ts";
import { checkDefinitions, checkIndexes, keyAttributes } from "./table-schema.ts";
import { checkBounds } from "./throughput.ts";

type UpdateContext = Context<
  "LimitExceededException" | "ResourceInUseException" | "ResourceNotFoundException"
>;

const invalid = "One or more parameter values were invalid: ";

export const updateTable = {
  /**
   * The new state is stored at once, under the status UPDATING; the answer shows the values of before, as AWS's does.
   * Jobs make the table ACTIVE again, fill a new index and take a deleted one away.
   */
  UpdateTable(ctx, input) {
    tableNameOf(ctx, input.TableName);
    checkRequest(ctx, input);
    return ctx.transact((tx) => {
      const before = openTableToManage(tx, ctx, input.TableName);
      checkIsFree(ctx, before);
      const after = changedTable(ctx, before, input);
      tx.putRecord(tableKey(ctx, after.name), tableCodec, after);
      scheduleWork(tx, ctx, before, after);
      return { TableDescription: describeChange(tx, ctx, before, after) };
    });
  },
} satisfies Handlers<DynamoDB>;

/** The checks that need no data. */
function checkRequest(ctx: Context, input: UpdateTableInput): void {
  const missing = (
    [
      "ReplicaUpdates",
      "MultiRegionConsistency",
      "GlobalTableWitnessUpdates",
      "GlobalTableSettingsReplicationMode",
      "DisassociationProtectionEnabled",
      "VectorIndexUpdates",
    ] as const
  ).find((member) => input[member] !== undefined);
  if (missing !== undefined) {
    throw ctx.error("NotImplemented", `UpdateTable with ${missing} is not implemented yet`);
  }
  checkStream(ctx, input.StreamSpecification);
  if (!asksForSomething(input)) {
    throw ctx.error(
      "ValidationException",
      "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
    );
  }
  if (input.ProvisionedThroughput !== undefined) checkBounds(ctx, input.ProvisionedThroughput);
  checkDefinitions(ctx, input.AttributeDefinitions ?? []);
  checkIndexUpdates(ctx, input.GlobalSecondaryIndexUpdates ?? []);
}

function asksForSomething(input: UpdateTableInput): boolean {
  const { TableName: _name, AttributeDefinitions: _definitions, ...rest } = input;
  return Object.values(rest).some(
    (value) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
}

function checkIndexUpdates(ctx: Context, updates: readonly GlobalSecondaryIndexUpdate[]): void {
  const seen = new Set<string>();
  for (const { Create, Update, Delete } of updates) {
    const given = [Create, Update, Delete].filter((action) => action !== undefined);
    const name = given[0]?.IndexName;
    if (name === undefined) {
      throw ctx.error(
        "ValidationException",
        `${invalid}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null`,
      );
    }
    if (given.length > 1) {
      throw ctx.error(
        "ValidationException",
        `${invalid}Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete may be specified`,
      );
    }
    if (seen.has(name)) {
      throw ctx.error(
        "ValidationException",
        `${invalid}Only one global secondary index update per index is allowed simultaneously. Index: ${name}`,
      );
    }
    seen.add(name);
  }
}

/** The table as it will be. Throws what stands against it. */
function changedTable(
  ctx: UpdateContext,
  before: TableRecord,
  input: UpdateTableInput,
): TableRecord {
  const updates = input.GlobalSecondaryIndexUpdates ?? [];
  checkOneIndexAtATime(ctx, before, updates);
  if (input.StreamSpecification !== undefined) {
    throw ctx.error("ValidationException", "Table has no stream to disable");
  }
  const nowMs = ctx.now();
  const billing = changedBilling(ctx, before, input, nowMs);
  let after: TableRecord = {
    ...before,
    billing,
    globalIndexes: before.globalIndexes.map((index) =>
      changedIndexThroughput(ctx, before, billing, index, updates, nowMs),
    ),
  };
  for (const { Create, Update, Delete } of updates) {
    if (Create !== undefined) after = withNewIndex(ctx, after, Create, input.AttributeDefinitions);
    if (Delete !== undefined) after = withIndexDeleting(ctx, after, Delete.IndexName);
    if (Update !== undefined) findIndex(ctx, before, Update.IndexName);
  }
  if (input.TableClass !== undefined && input.TableClass !== (before.tableClass ?? "STANDARD")) {
    after = { ...after, tableClass: input.TableClass, tableClassChangedAtMs: nowMs };
  }
  if (input.SSESpecification !== undefined) {
    after = withEncryption(ctx, after, input.SSESpecification);
  }
  const deletionProtected = input.DeletionProtectionEnabled ?? before.deletionProtected;
  const changesMore = Object.keys(input).some(
    (member) =>
      input[member as keyof UpdateTableInput] !== undefined &&
      !["TableName", "DeletionProtectionEnabled", "AttributeDefinitions"].includes(member),
  );
  return { ...after, deletionProtected, status: changesMore ? "UPDATING" : before.status };
}

function checkOneIndexAtATime(
  ctx: UpdateContext,
  table: TableRecord,
  updates: readonly GlobalSecondaryIndexUpdate[],
): void {
  const begun = updates.filter(
    ({ Create, Delete }) => Create !== undefined || Delete !== undefined,
  );
  if (begun.length === 0) return;
  const deleted = begun[0]?.Delete?.IndexName;
  // An index may be deleted while it is being filled.
  const isBusy = table.globalIndexes.some(
    (index) =>
      index.status === "DELETING" || (index.status === "CREATING" && index.name !== deleted),
  );
  if (begun.length > 1 || isBusy) {
    throw ctx.error(
      "LimitExceededException",
      "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
    );
  }
}

function withNewIndex(
  ctx: UpdateContext,
  table: TableRecord,
  given: NonNullable<GlobalSecondaryIndexUpdate["Create"]>,
  definitions: UpdateTableInput["AttributeDefinitions"],
): TableRecord {
  const isTaken = [...table.globalIndexes, ...table.localIndexes].some(
    (index) => index.name === given.IndexName,
  );
  if (isTaken) {
    throw ctx.error("ValidationException", "Attempting to create an index which already exists");
  }
  const { arn: tableArn, nextIndexId: id } = table;
  const begun = newGlobalIndex(ctx, { tableArn, id, mode: table.billing.mode }, given, definitions);
  // True from the first: what is written between now and the backfill's first step must know of it.
  const index: IndexRecord = { ...begun, backfilling: true };
  checkNotRedefined(ctx, table, index.key);
  const globalIndexes = [...table.globalIndexes, index];
  checkIndexes(ctx, table.localIndexes, globalIndexes);
  const known = new Set(table.attributeDefinitions.map(({ name }) => name));
  // Definitions that no key needs are passed over here, while CreateTable refuses them.
  const added = keyAttributes(index.key).filter(({ name }) => !known.has(name));
  return {
    ...table,
    globalIndexes,
    nextIndexId: id + 1,
    attributeDefinitions: [...table.attributeDefinitions, ...added],
  };
}

/** Source of the message: Scylla's tests, which were run against AWS. */
function checkNotRedefined(ctx: Context, table: TableRecord, key: TableKey): void {
  const clashes = (known: KeyAttribute): boolean =>
    keyAttributes(key).some(({ name, type }) => name === known.name && type !== known.type);
  const holders = [table, ...table.globalIndexes, ...table.localIndexes];
  const holder = holders.find((found) => keyAttributes(found.key).some(clashes));
  if (holder === undefined) return;
  throw ctx.error(
    "ValidationException",
    `${invalid}Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. Existing schema: ${schemaText(holder.key)} New schema: ${schemaText(key)}`,
  );
}

function schemaText(key: TableKey): string {
  const part = (attributes: readonly KeyAttribute[], role: string): string[] =>
    attributes.map(({ name, type }) => `SchemaElement: key{${name}:${type}:${role}}`);
  return `Schema:[${[...part(key.partition, "HASH"), ...part(key.sort, "RANGE")].join(", ")}]`;
}

function withIndexDeleting(ctx: UpdateContext, table: TableRecord, name: string): TableRecord {
  const deleted = findIndex(ctx, table, name);
  if (deleted.status === "UPDATING") throw indexInUse(ctx, table, name, "updated");
  return {
    ...table,
    globalIndexes: table.globalIndexes.map((index) =>
      index === deleted ? { ...index, status: "DELETING", backfilling: false } : index,
    ),
  };
}

function findIndex(ctx: UpdateContext, table: TableRecord, name: string): IndexRecord {
  const found = table.globalIndexes.find((index) => index.name === name);
  if (found === undefined) {
    throw ctx.error("ResourceNotFoundException", "Requested resource not found");
  }
  return found;
}

function withEncryption(
  ctx: Context,
  table: TableRecord,
  given: NonNullable<UpdateTableInput["SSESpecification"]>,
): TableRecord {
  const encryption = encryptionOf(ctx, given);
  if (encryption?.kmsKeyArn === table.encryption?.kmsKeyArn) {
    throw ctx.error(
      "ValidationException",
      encryption === undefined
        ? `${invalid}Table is already encrypted by default`
        : `${invalid}Table is already encrypted by given KMSMasterKeyId`,
    );
  }
  return { ...table, encryption };
}

function scheduleWork(
  tx: Transaction,
  ctx: Context,
  before: TableRecord,
  after: TableRecord,
): void {
  const table = { tableName: after.name, tableId: after.id };
  let activates = after.status === "UPDATING";
  for (const index of after.globalIndexes) {
    const was = before.globalIndexes.find((other) => other.id === index.id);
    if (was?.status === index.status) continue;
    const key = `${after.id}/${index.id}`;
    const payload = { ...table, indexId: index.id };
    if (index.status === "CREATING") {
      ctx.schedule(tx, { at: ctx.now(), job: "backfillIndex", key, payload });
    }
    if (index.status === "DELETING") {
      ctx.schedule(tx, { at: ctx.now(), job: "deleteIndex", key, payload });
      activates = false; // The job does that, once the index is gone.
    }
  }
  if (!activates) return;
  ctx.schedule(tx, { at: ctx.now(), job: "activateTable", key: after.id, payload: table });
}

function describeChange(
  snapshot: Snapshot,
  ctx: Context,
  before: TableRecord,
  after: TableRecord,
): TableDescription {
  const description = describe(snapshot, ctx, {
    ...after,
    tableClass: before.tableClass,
    tableClassChangedAtMs: before.tableClassChangedAtMs,
    billing: { ...before.billing, throughput: shown(before.billing, after.billing) },
    globalIndexes: after.globalIndexes.map((index) => {
      const was = before.globalIndexes.find((other) => other.id === index.id);
      if (was?.throughput === undefined) return index;
      return { ...was, status: index.status, throughput: shown(was, index) };
    }),
  });
  if (before.encryption?.kmsKeyArn === after.encryption?.kmsKeyArn) return description;
  const kmsKeyArn = (after.encryption ?? before.encryption)?.kmsKeyArn;
  return {
    ...description,
    SSEDescription: { Status: "UPDATING", SSEType: "KMS", KMSMasterKeyArn: kmsKeyArn },
  };
}

/** The units of before, and that they begin to change now. Source: dynalite's tests, recorded from AWS. */
function shown<Holder extends { readonly throughput: IndexRecord["throughput"] }>(
  before: Holder,
  after: Holder,
): NonNullable<Holder["throughput"]> {
  return {
    ...before.throughput,
    increasedAtMs: after.throughput?.increasedAtMs,
    decreasedAtMs: after.throughput?.decreasedAtMs,
  } as NonNullable<Holder["throughput"]>;
}
