import { defineService } from "#kernel/service.ts";
import type { DynamoDB } from "#models/dynamodb.ts";
import type { DynamoDBStreams } from "#models/dynamodbstreams.ts";
import { dynamodbAccess, streamsAccess } from "./access.ts";
import { activateTable } from "./tables/activate-table.ts";
import { backups } from "./backups/backups.ts";
import { copyBackup, sweepBackup } from "./backups/copy-backup.ts";
import { expireBackup } from "./backups/system-backup.ts";
import { batchGetItem } from "./items/batch-get-item.ts";
import { batchWriteItem } from "./items/batch-write-item.ts";
import { backfillIndex } from "./indexes/backfill-index.ts";
import { expireTokens } from "./transactions/client-tokens.ts";
import { bulkOperations } from "./bulk-operations/bulk-operations.ts";
import { bulkPutItems } from "./bulk-operations/bulk-put-items.ts";
import { startBulkPutItems } from "./bulk-operations/start-bulk-put-items.ts";
import { costReport } from "./cost/cost-report.ts";
import { measureTables } from "./cost/measure-tables.ts";
import { createTable } from "./tables/create-table.ts";
import { deleteIndex } from "./indexes/delete-index.ts";
import { deleteTable, sweepTable } from "./tables/delete-table.ts";
import { exportTable } from "./exports/export-table-to-point-in-time.ts";
import { describeExports } from "./exports/exports.ts";
import { writeExport } from "./exports/write-export.ts";
import { trimHistory } from "./history/trim-history.ts";
import { globalTables } from "./global-tables/global-tables.ts";
import { contributorInsights, settleInsights } from "./insights/contributor-insights.ts";
import { fillImport } from "./imports/fill-import.ts";
import { importTable } from "./imports/import-table.ts";
import { describeImports } from "./imports/imports.ts";
import { items } from "./items/items.ts";
import { deliverToKinesis } from "./kinesis/deliver-to-kinesis.ts";
import { destinations, settleDestination } from "./kinesis/destinations.ts";
import { limits } from "./limits.ts";
import { batchExecuteStatement } from "./partiql/batch-execute-statement.ts";
import { executeStatement } from "./partiql/execute-statement.ts";
import { executeTransaction } from "./partiql/execute-transaction.ts";
import { query } from "./reads/query.ts";
import { resourcePolicies } from "./resource-policies/resource-policies.ts";
import { continuousBackups } from "./restores/continuous-backups.ts";
import { restoreFromBackup } from "./restores/restore-from-backup.ts";
import { restoreTable } from "./restores/restore-table.ts";
import { restoreToPointInTime } from "./restores/restore-to-point-in-time.ts";
import { replicaScaling } from "./replica-scaling/replica-scaling.ts";
import { scan } from "./reads/scan.ts";
import { keepStream } from "./streams/keep-stream.ts";
import { records } from "./streams/records.ts";
import { observeStreamRequest } from "./streams/observe-request.ts";
import { streams } from "./streams/streams.ts";
import { tables } from "./tables/tables.ts";
import { tags } from "./tables/tags.ts";
import { expireItems } from "./time-to-live/expire-items.ts";
import { dropExpiry, fillExpiry } from "./time-to-live/fill-expiry.ts";
import { noteKeyState } from "./tables/note-key-state.ts";
import { observeRequest } from "./throttling/observe-request.ts";
import { timeToLive } from "./time-to-live/time-to-live.ts";
import { transactGetItems } from "./transactions/transact-get-items.ts";
import { transactWriteItems } from "./transactions/transact-write-items.ts";
import { updateItem } from "./items/update-item.ts";
import { updateTable } from "./tables/update-table.ts";
import { searchVectors } from "./vector-indexes/search-vectors.ts";

export const dynamodb = defineService<DynamoDB>({
  name: "dynamodb",
  access: dynamodbAccess,
  operations: {
    ...tables,
    ...createTable,
    ...updateTable,
    ...tags,
    ...replicaScaling,
    ...limits,
    ...items,
    ...updateItem,
    ...batchGetItem,
    ...batchWriteItem,
    ...transactGetItems,
    ...transactWriteItems,
    ...query,
    ...scan,
    ...searchVectors,
    ...executeStatement,
    ...batchExecuteStatement,
    ...executeTransaction,
    ...timeToLive,
    ...continuousBackups,
    ...backups,
    ...restoreFromBackup,
    ...restoreToPointInTime,
    ...exportTable,
    ...describeExports,
    ...importTable,
    ...describeImports,
    ...startBulkPutItems,
    ...bulkOperations,
    ...resourcePolicies,
    ...contributorInsights,
    ...destinations,
    ...globalTables.operations,
  },
  jobs: {
    activateTable,
    backfillIndex,
    bulkPutItems,
    copyBackup,
    deleteIndex,
    deleteTable,
    dropExpiry,
    expireBackup,
    expireItems,
    expireTokens,
    fillExpiry,
    fillImport,
    keepStream,
    measureTables,
    deliverToKinesis,
    settleDestination,
    settleInsights,
    restoreTable,
    sweepBackup,
    sweepTable,
    trimHistory,
    ...globalTables.jobs,
    writeExport,
  },
  subscriptions: { "kms.KeyStateChanged": noteKeyState },
  regionCalls: globalTables.regionCalls,
  observe: observeRequest,
  reports: { cost: costReport },
});

/** A second API to the same tables: what reads their streams. Their jobs are DynamoDB's. */
export const dynamodbstreams = defineService<DynamoDBStreams>({
  name: "dynamodbstreams",
  stateOf: "dynamodb",
  access: streamsAccess,
  operations: { ...streams, ...records },
  observe: observeStreamRequest,
});
