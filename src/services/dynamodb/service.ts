import { defineService } from "#kernel/service.ts";
import type { DynamoDB } from "#models/dynamodb.ts";
import { activateTable } from "./activate-table.ts";
import { batchGetItem } from "./batch-get-item.ts";
import { batchWriteItem } from "./batch-write-item.ts";
import { backfillIndex } from "./backfill-index.ts";
import { expireTokens } from "./client-tokens.ts";
import { createTable } from "./create-table.ts";
import { deleteIndex } from "./delete-index.ts";
import { deleteTable, sweepTable } from "./delete-table.ts";
import { items } from "./items.ts";
import { limits } from "./limits.ts";
import { query } from "./query.ts";
import { scan } from "./scan.ts";
import { tables } from "./tables.ts";
import { tags } from "./tags.ts";
import { transactGetItems } from "./transact-get-items.ts";
import { transactWriteItems } from "./transact-write-items.ts";
import { updateItem } from "./update-item.ts";
import { updateTable } from "./update-table.ts";

export const dynamodb = defineService<DynamoDB>({
  name: "dynamodb",
  operations: {
    ...tables,
    ...createTable,
    ...updateTable,
    ...tags,
    ...limits,
    ...items,
    ...updateItem,
    ...batchGetItem,
    ...batchWriteItem,
    ...transactGetItems,
    ...transactWriteItems,
    ...query,
    ...scan,
  },
  jobs: { activateTable, backfillIndex, deleteIndex, deleteTable, expireTokens, sweepTable },
});
