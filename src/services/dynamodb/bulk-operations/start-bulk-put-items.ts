import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, StartBulkPutItemsInput } from "#models/dynamodb.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { newId } from "../backups/backup-record.ts";
import { beginWithToken, findBegun } from "../exports/begun-jobs.ts";
import { isChangingReplicas } from "../global-tables/replication.ts";
import { bulkTargetKey, bulkTokenKey } from "../keyspace.ts";
import { openTable, tableNameOf } from "../tables/open-table.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { inUse } from "../tables/table-states.ts";
import { hashOf } from "../transactions/client-tokens.ts";
import { changingIndexesOf } from "../vector-indexes/vector-index-record.ts";
import {
  bulkOperationDescription,
  type BulkOperationRecord,
  noBulkProgress,
  readBulkOperation,
  writeBulkOperation,
} from "./bulk-operation-record.ts";

/*
 * Which tables take bulk puts: developer guide, BulkPutItems.Considerations. The words in which others are refused are
 * ours: AWS's are not known.
 */

type StartContext = Context<
  | "IdempotentParameterMismatchException"
  | "LimitExceededException"
  | "ResourceInUseException"
  | "ResourceNotFoundException"
>;

export const startBulkPutItems = {
  /** IN_PROGRESS in the answer; a job reads from S3 and writes. What S3 says to that is told by DescribeBulkOperation. */
  StartBulkPutItems(ctx, input) {
    tableNameOf(ctx, input.TableName);
    checkForm(ctx, input);
    const id = newId(ctx);
    const ClientToken = input.ClientToken ?? ctx.random.uuid();
    const requestHash = hashOf({ ...input, ClientToken: undefined });
    return ctx.transact((tx) => {
      const tokenKey = bulkTokenKey(ctx, ClientToken);
      const begun = findBegun(tx, ctx, tokenKey);
      const earlier = begun && readBulkOperation(tx, ctx, begun.id);
      if (earlier !== undefined) {
        if (begun?.requestHash !== requestHash) throw otherParameters(ctx);
        return { BulkOperationDescription: bulkOperationDescription(earlier) };
      }
      const table = openTarget(tx, ctx, input.TableName);
      const record = newBulkOperation(ctx, id, table, { ...input, ClientToken });
      writeBulkOperation(tx, ctx, record);
      beginWithToken(tx, tokenKey, { id, requestHash, atMs: ctx.now() });
      tx.put(bulkTargetKey(ctx, table, id), Buffer.alloc(0));
      scheduleBulkPut(tx, ctx, id, ctx.now());
      return { BulkOperationDescription: bulkOperationDescription(record) };
    });
  },
} satisfies Handlers<DynamoDB>;

export function scheduleBulkPut(
  tx: Transaction,
  ctx: Context,
  operationId: string,
  at: number,
): void {
  ctx.schedule(tx, { at, job: "bulkPutItems", key: operationId, payload: { operationId } });
}

/** The API reference requires the bucket, which the model does not. */
function checkForm(ctx: Context, { OutputS3Configuration: output }: StartBulkPutItemsInput): void {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  if (output.S3Bucket === undefined) {
    throw refuse(
      "1 validation error detected: Value null at 'outputS3Configuration.s3Bucket' failed to satisfy constraint: Member must not be null",
    );
  }
  if (output.OutputType.length === 0) {
    throw refuse("Invalid Request: OutputType must have at least one value");
  }
  if (output.S3SseKmsKeyId !== undefined && output.S3SseAlgorithm !== "KMS") {
    throw refuse("Invalid Request: KMS Key Id is not supported for this encryption type");
  }
}

const otherParameters = (ctx: StartContext): Error =>
  ctx.error(
    "IdempotentParameterMismatchException",
    "The provided client token is already in use for a request with other parameters",
  );

function openTarget(snapshot: Snapshot, ctx: StartContext, tableName: string): TableRecord {
  const table = openTable(snapshot, ctx, tableName);
  if (table.replication !== undefined) {
    if (isChangingReplicas(table)) {
      throw inUse(ctx, `Replicas are being changed. Table: ${table.name}`);
    }
    throw ctx.error(
      "ValidationException",
      `Bulk put items is not supported for global tables: ${table.name}`,
    );
  }
  const created = changingIndexesOf(table).find((index) => index.status === "CREATING");
  if (created !== undefined) {
    throw inUse(ctx, `Index is being created. Table: ${table.name} Index: ${created.name}`);
  }
  return table;
}

function newBulkOperation(
  ctx: Context,
  id: string,
  table: TableRecord,
  input: StartBulkPutItemsInput,
): BulkOperationRecord {
  const { InputS3Configuration: source, OutputS3Configuration: output } = input;
  return {
    id,
    arn: `${table.arn}/bulk-operation/${id}`,
    status: "IN_PROGRESS",
    tableName: table.name,
    tableId: table.id,
    input: {
      ...input,
      InputS3Configuration: {
        ...source,
        S3BucketOwner: source.S3BucketOwner ?? ctx.account,
        InputCompressionType: source.InputCompressionType ?? "NONE",
      },
      OutputS3Configuration: { ...output, S3BucketOwner: output.S3BucketOwner ?? ctx.account },
      PerformanceTier: input.PerformanceTier ?? "STANDARD",
    },
    startedAtMs: ctx.now(),
    endedAtMs: undefined,
    progress: noBulkProgress,
    failure: undefined,
  };
}
