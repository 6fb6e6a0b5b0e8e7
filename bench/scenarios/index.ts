import { batchWrite25 } from "./batch-write-25.ts";
import { getItem } from "./get-item.ts";
import { putItem } from "./put-item.ts";
import { query10 } from "./query-10.ts";
import type { Scenario } from "./scenario.ts";
import { transactWrite2 } from "./transact-write-2.ts";
import { updateItem } from "./update-item.ts";

export const scenarios: readonly Scenario[] = [
  getItem,
  putItem,
  query10,
  updateItem,
  batchWrite25,
  transactWrite2,
];
