import type { Context, JobContext } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, KinesisDataStreamDestination } from "#models/dynamodb.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import type { TableJob } from "../tables/activate-table.ts";
import { tableKey } from "../keyspace.ts";
import { findTable, openTableToManage, tableNameOf } from "../tables/open-table.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import { queueState } from "./change-queue.ts";
import { problemOf } from "./data-streams.ts";
import { type DestinationRecord, liveDestination, withDestination } from "./destination-record.ts";

/*
 * Messages, and that a stream is looked at only after the request was accepted, are AWS's: recorded, and measured in
 * October 2026 (ack-api-quirks, DDB-TABLE-234, 299 to 302, 318 and 442).
 */

type DestinationContext = Context<"ResourceNotFoundException">;

const invalidState = "Table is not in a valid state to enable Kinesis Streaming Destination: ";

export const destinations = {
  /** ENABLING first; a job looks whether the stream is there. */
  EnableKinesisStreamingDestination(ctx, input) {
    tableNameOf(ctx, input.TableName);
    const { StreamArn: streamArn, EnableKinesisStreamingConfiguration: given = {} } = input;
    return ctx.transact((tx) => {
      const table = openReady(tx, ctx, input.TableName);
      if (liveDestination(table) !== undefined) {
        throw ctx.error(
          "ValidationException",
          `${invalidState}EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation.`,
        );
      }
      const precision = given.ApproximateCreationDateTimePrecision;
      const status = "ENABLING";
      change(tx, ctx, table, { streamArn, status, statusDescription: undefined, precision });
      return {
        TableName: table.name,
        StreamArn: streamArn,
        DestinationStatus: status,
        EnableKinesisStreamingConfiguration: given,
      };
    });
  },

  /** DISABLING until what was changed before has been delivered. */
  DisableKinesisStreamingDestination(ctx, input) {
    tableNameOf(ctx, input.TableName);
    if (input.EnableKinesisStreamingConfiguration !== undefined) {
      throw ctx.error(
        "ValidationException",
        "Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters",
      );
    }
    return ctx.transact((tx) => {
      const table = openReady(tx, ctx, input.TableName);
      const before = destinationOf(table, input.StreamArn);
      if (before?.status !== "ACTIVE" && before?.status !== "DISABLING") {
        throw ctx.error(
          "ValidationException",
          `${invalidState}KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.`,
        );
      }
      if (before.status === "ACTIVE") change(tx, ctx, table, { ...before, status: "DISABLING" });
      return {
        TableName: table.name,
        StreamArn: input.StreamArn,
        DestinationStatus: "DISABLING",
      };
    });
  },

  UpdateKinesisStreamingDestination(ctx, input) {
    tableNameOf(ctx, input.TableName);
    const { StreamArn: streamArn, UpdateKinesisStreamingConfiguration: given } = input;
    const precision = given?.ApproximateCreationDateTimePrecision;
    if (precision === undefined) {
      throw ctx.error(
        "ValidationException",
        "Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration cannot be null or contain only null values",
      );
    }
    return ctx.transact((tx) => {
      const table = openReady(tx, ctx, input.TableName);
      const before = destinationOf(table, streamArn);
      checkUpdatable(ctx, table, before, streamArn);
      if ((before.precision ?? "MILLISECOND") === precision) {
        throw ctx.error(
          "ValidationException",
          `Invalid Request: Precision is already set to the desired value of ${precision} for tableId: ${table.id}, kdsArn: ${streamArn}`,
        );
      }
      change(tx, ctx, table, { ...before, status: "UPDATING", precision });
      return {
        TableName: table.name,
        StreamArn: streamArn,
        DestinationStatus: "UPDATING",
        UpdateKinesisStreamingConfiguration: given,
      };
    });
  },

  /** With those that failed or were disabled. */
  DescribeKinesisStreamingDestination(ctx, input) {
    tableNameOf(ctx, input.TableName);
    return ctx.read((snapshot) => {
      const table = openTableToManage(snapshot, ctx, input.TableName);
      return {
        TableName: table.name,
        KinesisDataStreamDestinations: (table.destinations ?? []).map(
          (one): KinesisDataStreamDestination => ({
            StreamArn: one.streamArn,
            DestinationStatus: one.status,
            DestinationStatusDescription: one.statusDescription,
            ApproximateCreationDateTimePrecision: one.precision,
          }),
        ),
      };
    });
  },
} satisfies Handlers<DynamoDB>;

/** A table that is being created is not there for these. */
function openReady(
  snapshot: Snapshot,
  ctx: DestinationContext,
  tableNameOrArn: string,
): TableRecord {
  const table = openTableToManage(snapshot, ctx, tableNameOrArn);
  if (table.status !== "CREATING") return table;
  throw ctx.error(
    "ResourceNotFoundException",
    `Requested resource not found: Table: ${table.name} not found`,
  );
}

function destinationOf(table: TableRecord, streamArn: string): DestinationRecord | undefined {
  return table.destinations?.find((one) => one.streamArn === streamArn);
}

function checkUpdatable(
  ctx: Context,
  { name }: TableRecord,
  before: DestinationRecord | undefined,
  streamArn: string,
): asserts before is DestinationRecord {
  if (before === undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalidState}No streaming destination with streamArn: ${streamArn} found for table with tableName: ${name}`,
    );
  }
  if (before.status !== "ACTIVE") {
    throw ctx.error(
      "ValidationException",
      `${invalidState}Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. TableName: ${name}, kdsArn: ${streamArn}`,
    );
  }
}

function change(tx: Transaction, ctx: Context, table: TableRecord, after: DestinationRecord): void {
  tx.putRecord(tableKey(ctx, table.name), tableCodec, withDestination(table, after));
  ctx.schedule(tx, {
    at: ctx.now(),
    job: "settleDestination",
    key: `${table.id}/${after.streamArn}`,
    payload: { tableName: table.name, tableId: table.id, streamArn: after.streamArn },
  });
}

export interface DestinationJob extends TableJob {
  readonly streamArn: string;
}

/** Ends a change of a destination. */
export async function settleDestination(ctx: JobContext, job: DestinationJob): Promise<void> {
  const problem = await problemOf(ctx, job.streamArn);
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const table = findTable(tx, ctx, job.tableName);
    if (table?.id !== job.tableId) return;
    const before = destinationOf(table, job.streamArn);
    const after = before && settled(before, problem, queueState(tx, ctx, table).isDelivering);
    if (after === undefined) return;
    tx.putRecord(tableKey(ctx, table.name), tableCodec, withDestination(table, after));
  });
}

/** `isDelivering`: then the job that delivers ends the destination. */
function settled(
  before: DestinationRecord,
  problem: string | undefined,
  isDelivering: boolean,
): DestinationRecord | undefined {
  switch (before.status) {
    case "ENABLING":
      return problem === undefined
        ? { ...before, status: "ACTIVE" }
        : { ...before, status: "ENABLE_FAILED", statusDescription: problem };
    case "UPDATING":
      return { ...before, status: "ACTIVE" };
    case "DISABLING":
      return isDelivering ? undefined : { ...before, status: "DISABLED" };
    default:
      return undefined;
  }
}
