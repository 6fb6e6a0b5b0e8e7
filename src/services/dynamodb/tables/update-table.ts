import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  DynamoDB,
  StreamSpecification,
  TableDescription,
  UpdateTableInput,
} from "#models/dynamodb.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { changedIndexes } from "../indexes/change-indexes.ts";
import { changedBilling } from "./change-throughput.ts";
import { checkIsReadable, type EncryptionLookup, findEncryption } from "./encryption.ts";
import { withSharedChange } from "../global-tables/shared-settings.ts";
import { concernsReplicas, updateReplicas } from "../global-tables/update-replicas.ts";
import { tableKey } from "../keyspace.ts";
import { openTableToManage, tableNameOf } from "./open-table.ts";
import { withEndedStream, withNewStream } from "../streams/stream-life.ts";
import { type IndexRecord, tableCodec, type TableRecord } from "./table-record.ts";
import { checkIsFree, checkIsSettled, inUse } from "./table-states.ts";
import { describe } from "./tables.ts";
import { trafficOf } from "../throttling/table-traffic.ts";
import { checkUpdate } from "../items/update-request.ts";
import { changingIndexesOf } from "../vector-indexes/vector-index-record.ts";

type UpdateContext = Context<
  "LimitExceededException" | "ResourceInUseException" | "ResourceNotFoundException"
>;

const invalid = "One or more parameter values were invalid: ";
const classChangesAtMost = 2;
const classChangesWindowMs = 30 * 86_400_000;

export const updateTable = {
  /**
   * The new state is stored at once; while a job ends the change, the table or the index is UPDATING, and the answer
   * shows the values of before, as AWS's does. Another job fills a new index or takes a deleted one away.
   */
  async UpdateTable(ctx, input) {
    tableNameOf(ctx, input.TableName);
    checkUpdate(ctx, input);
    if (concernsReplicas(input)) {
      const update = await updateReplicas(ctx, input);
      return ctx.transact((tx) => {
        const { before, after } = update(tx);
        return { TableDescription: describeReplicas(tx, ctx, before, after) };
      });
    }
    const found = findEncryption(ctx, input.SSESpecification);
    const encryption = found instanceof Promise ? await found : found;
    return ctx.transact((tx) => {
      const before = openTableToManage(tx, ctx, input.TableName);
      checkIsFree(ctx, before);
      const stream = input.StreamSpecification;
      if (stream !== undefined) checkStream(ctx, before, stream);
      const changed = changedTable(ctx, before, input, encryption);
      const streamed = stream === undefined ? changed : withStream(tx, ctx, changed, stream);
      const after = withSharedChange(tx, ctx, before, streamed);
      tx.putRecord(tableKey(ctx, after.name), tableCodec, after);
      scheduleWork(tx, ctx, before, after);
      tx.afterwards({
        settled() {
          trafficOf(ctx, after);
        },
      });
      return { TableDescription: describeChange(tx, ctx, input, before, after) };
    });
  },
} satisfies Handlers<DynamoDB>;

/** The table as it will be. Throws what stands against it. */
function changedTable(
  ctx: UpdateContext,
  before: TableRecord,
  input: UpdateTableInput,
  encryption: EncryptionLookup,
): TableRecord {
  if (input.SSESpecification !== undefined) {
    return withEncryption(ctx, before, input, encryption());
  }
  if (input.TableClass !== undefined) return withClass(ctx, before, input.TableClass);
  if (input.DeletionProtectionEnabled !== undefined) {
    return { ...before, deletionProtected: input.DeletionProtectionEnabled };
  }
  const nowMs = ctx.now();
  const changesUnits = input.ProvisionedThroughput !== undefined || input.BillingMode !== undefined;
  if (changesUnits) checkIsSettled(ctx, before);
  const billing = changedBilling(ctx, before, input, nowMs);
  const after = changedIndexes(ctx, { ...before, billing }, before, input, nowMs);
  const begins = changingIndexesOf(after).some((index) => {
    const was = changingIndexesOf(before).find((other) => other.id === index.id);
    const isBeginning = index.status === "CREATING" || index.status === "DELETING";
    return isBeginning && was?.status !== index.status;
  });
  return changesUnits || begins ? { ...after, status: "UPDATING" } : after;
}

/** A stream is enabled or disabled; how it shows changes cannot be changed. */
function checkStream(ctx: UpdateContext, table: TableRecord, asked: StreamSpecification): void {
  if (table.replication?.isStrong === false && !asked.StreamEnabled) {
    throw ctx.error(
      "ValidationException",
      "Disabling Stream is not allowed for a Global Table replica.",
    );
  }
  if (table.status === "UPDATING") throw inUse(ctx, `Table is being updated: ${table.name}`);
  const isEnabled = table.stream?.enabled === true;
  if (asked.StreamEnabled === isEnabled) {
    throw ctx.error(
      "ValidationException",
      isEnabled
        ? `Table already has an enabled stream: TableName: ${table.name}`
        : `Table has no stream to disable: TableName: ${table.name}`,
    );
  }
}

function withStream(
  tx: Transaction,
  ctx: UpdateContext,
  table: TableRecord,
  { StreamViewType: viewType }: StreamSpecification,
): TableRecord {
  const after =
    viewType === undefined
      ? withEndedStream(tx, ctx, table)
      : withNewStream(tx, ctx, table, viewType);
  return { ...after, status: "UPDATING" };
}

function withEncryption(
  ctx: UpdateContext,
  before: TableRecord,
  input: UpdateTableInput,
  encryption: TableRecord["encryption"],
): TableRecord {
  checkIsReadable(ctx, before);
  if (encryption === undefined && before.encryption === undefined) {
    throw ctx.error("ValidationException", `${invalid}Table is already encrypted by default`);
  }
  const askedKey = input.SSESpecification?.KMSMasterKeyId;
  if (askedKey !== undefined && askedKey === before.encryption?.kmsKeyArn) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key`,
    );
  }
  return { ...before, encryption };
}

/** The class may change twice in thirty days. A table that never had another one than STANDARD is free to say so. */
function withClass(
  ctx: UpdateContext,
  before: TableRecord,
  tableClass: NonNullable<UpdateTableInput["TableClass"]>,
): TableRecord {
  if (tableClass === "STANDARD" && before.tableClass === undefined) return before;
  checkIsSettled(ctx, before);
  const nowMs = ctx.now();
  const changes = before.tableClassChangesMs.filter((atMs) => atMs > nowMs - classChangesWindowMs);
  if (changes.length >= classChangesAtMost) {
    throw ctx.error(
      "LimitExceededException",
      `Subscriber limit exceeded: Updates to TableClass are limited to ${classChangesAtMost} times in 30 day(s).`,
    );
  }
  if (tableClass === before.tableClass) return { ...before, status: "UPDATING" };
  const tableClassChangesMs = [...changes, nowMs];
  return { ...before, status: "UPDATING", tableClass, tableClassChangesMs };
}

function scheduleWork(
  tx: Transaction,
  ctx: Context,
  before: TableRecord,
  after: TableRecord,
): void {
  const at = ctx.now();
  const table = { tableName: after.name, tableId: after.id };
  for (const index of changingIndexesOf(after)) {
    const was = changingIndexesOf(before).find((other) => other.id === index.id);
    if (was?.status === index.status) continue;
    const key = `${after.id}/${index.id}`;
    const payload = { ...table, indexId: index.id };
    if (index.status === "CREATING") ctx.schedule(tx, { at, job: "backfillIndex", key, payload });
    if (index.status === "DELETING") ctx.schedule(tx, { at, job: "deleteIndex", key, payload });
  }
  const isUpdating = [after, ...after.globalIndexes].some(({ status }) => status === "UPDATING");
  if (isUpdating) ctx.schedule(tx, { at, job: "activateTable", key: after.id, payload: table });
}

/** The answer still shows the replicas of before. */
function describeReplicas(
  snapshot: Snapshot,
  ctx: Context,
  before: TableRecord,
  after: TableRecord,
): TableDescription {
  const { Replicas = [], GlobalTableWitnesses } = describe(snapshot, ctx, before);
  return { ...describe(snapshot, ctx, after), Replicas, GlobalTableWitnesses };
}

function describeChange(
  snapshot: Snapshot,
  ctx: Context,
  input: UpdateTableInput,
  before: TableRecord,
  after: TableRecord,
): TableDescription {
  const description = describe(snapshot, ctx, {
    ...after,
    tableClass: before.tableClass,
    tableClassChangesMs: before.tableClassChangesMs,
    encryption: before.encryption,
    billing: {
      ...before.billing,
      throughput: beginning(before.billing.throughput, after.billing.throughput),
      onDemandThroughput: after.billing.onDemandThroughput,
    },
    globalIndexes: after.globalIndexes.map((index) => {
      const was = before.globalIndexes.find((other) => other.id === index.id);
      return was === undefined ? index : beginningIndex(was, index);
    }),
  });
  if (input.WarmThroughput !== undefined) {
    return {
      ...description,
      WarmThroughput: { ...description.WarmThroughput, Status: "UPDATING" },
    };
  }
  if (input.SSESpecification === undefined) return description;
  const kmsKeyArn = (before.encryption ?? after.encryption)?.kmsKeyArn;
  return {
    ...description,
    SSEDescription: { Status: "UPDATING", SSEType: "KMS", KMSMasterKeyArn: kmsKeyArn },
  };
}

function beginningIndex(before: IndexRecord, after: IndexRecord): IndexRecord {
  const { throughput } = before;
  return {
    ...before,
    status: after.status,
    backfilling: after.backfilling,
    throughput: throughput && after.throughput && beginning(throughput, after.throughput),
  };
}

/** The units of before, and that they begin to change now. Source: dynalite's tests, recorded from AWS. */
function beginning(
  before: TableRecord["billing"]["throughput"],
  after: TableRecord["billing"]["throughput"],
): TableRecord["billing"]["throughput"] {
  return { ...before, increasedAtMs: after.increasedAtMs, decreasedAtMs: after.decreasedAtMs };
}
