import { endOfPrefix } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { BulkOperationSummary, DynamoDB } from "#models/dynamodb.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { jobArn, jobPageToken, openJobPage } from "../exports/job-arn.ts";
import { bulkOperationKey, bulkOperationsPrefix } from "../keyspace.ts";
import {
  bulkOperationDescription,
  type BulkOperationRecord,
  decodeBulkOperation,
  isUnderWay,
  readBulkOperation,
  writeBulkOperation,
} from "./bulk-operation-record.ts";
import { scheduleBulkPut } from "./start-bulk-put-items.ts";

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListBulkOperations.html */
const operationsPerPage = 10;

export const bulkOperations = {
  DescribeBulkOperation(ctx, input) {
    return ctx.read((snapshot) => {
      const found = openBulkOperation(snapshot, ctx, input.BulkOperationArn);
      return { BulkOperationDescription: bulkOperationDescription(found) };
    });
  },

  /** The newest first. */
  ListBulkOperations(ctx, input) {
    const pageSize = input.MaxResults ?? operationsPerPage;
    return ctx.read((snapshot) => {
      const prefix = bulkOperationsPrefix(ctx);
      const before = openJobPage(ctx, input.NextToken, "bulk operation");
      const range = {
        start: prefix,
        end: before === undefined ? endOfPrefix(prefix) : bulkOperationKey(ctx, before),
        reverse: true,
        limit: pageSize + 1,
      };
      const found = Array.from(snapshot.range(range), ({ value }) => decodeBulkOperation(value));
      const page = found.slice(0, pageSize);
      return {
        BulkOperationsSummaryList: page.map(summary),
        NextToken:
          found.length > pageSize ? jobPageToken("bulk operation", page.at(-1)!.id) : undefined,
      };
    });
  },

  /** CANCELLING in the answer; the job sees it before its next step. What was written stays. */
  CancelBulkOperation(ctx, input) {
    return ctx.transact((tx) => {
      const found = openBulkOperation(tx, ctx, input.BulkOperationArn);
      if (!isUnderWay(found)) {
        // The API reference does not tell what AWS says then.
        throw ctx.error(
          "ValidationException",
          `Bulk operation is not in progress: ${found.arn} is ${found.status}`,
        );
      }
      writeBulkOperation(tx, ctx, { ...found, status: "CANCELLING" });
      // It may be waiting for its next moment to write.
      scheduleBulkPut(tx, ctx, found.id, ctx.now());
      return { BulkOperationArn: found.arn, BulkOperationStatus: "CANCELLING" as const };
    });
  },
} satisfies Handlers<DynamoDB>;

function openBulkOperation(
  snapshot: Snapshot,
  ctx: Context<"ResourceNotFoundException">,
  arn: string,
): BulkOperationRecord {
  const { region, id } = jobArn(ctx, arn, "bulk-operation");
  const found = region === ctx.region ? readBulkOperation(snapshot, ctx, id) : undefined;
  if (found?.arn !== arn) {
    throw ctx.error("ResourceNotFoundException", `Bulk operation not found: ${arn}`);
  }
  return found;
}

const summary = (record: BulkOperationRecord): BulkOperationSummary => ({
  BulkOperationArn: record.arn,
  BulkOperationStatus: record.status,
  StartTime: record.startedAtMs,
  EndTime: record.endedAtMs,
});
