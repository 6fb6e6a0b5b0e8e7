import { defineService } from "#kernel/service.ts";
import type { DynamoDB } from "#models/dynamodb.ts";
import { activateTable } from "./activate-table.ts";
import { backfillIndex } from "./backfill-index.ts";
import { createTable } from "./create-table.ts";
import { deleteIndex } from "./delete-index.ts";
import { deleteTable, sweepTable } from "./delete-table.ts";
import { items } from "./items.ts";
import { limits } from "./limits.ts";
import { tables } from "./tables.ts";
import { tags } from "./tags.ts";
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
  },
  jobs: { activateTable, backfillIndex, deleteIndex, deleteTable, sweepTable },
});
