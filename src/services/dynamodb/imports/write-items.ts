import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Transaction } from "#store/store.ts";
import { checkIndexKeys, keyOfItem } from "../items/item-key.ts";
import { checkItem, checkItemBytes } from "../items/item-size.ts";
import { type Item, ItemImage } from "../items/stored-item.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { tableLayout } from "../tables/table-layout.ts";
import { TableWriter } from "../items/write-item.ts";

/** An item as PutItem would take it, or why it would not. */
export type CheckedItem =
  | { readonly item: Item; readonly image: ItemImage }
  | { readonly problem: string };

export function checkedItem(ctx: Context, table: TableRecord, item: Item): CheckedItem {
  const layout = tableLayout(ctx, table);
  try {
    const sizeBytes = checkItem(item);
    checkItemBytes(sizeBytes);
    keyOfItem(layout, item);
    checkIndexKeys(layout, item);
    return { item, image: ItemImage.ofItem(item, sizeBytes) };
  } catch (problem) {
    if (!(problem instanceof ServiceError)) throw problem;
    return { problem: problem.message };
  }
}

/** Puts items that were checked; a later one of the same key replaces an earlier one. */
export function putItems(
  tx: Transaction,
  ctx: Context,
  table: TableRecord,
  items: readonly { readonly item: Item; readonly image: ItemImage }[],
): TableWriter {
  const writer = new TableWriter(tx, ctx, table);
  for (const { item, image } of items) {
    const key = keyOfItem(writer.layout, item);
    writer.write(key, writer.find(key), image);
  }
  writer.finish();
  return writer;
}
