import type { JobContext } from "#kernel/context.ts";
import { activated } from "../tables/activate-table.ts";
import {
  getObject,
  listObjects,
  storageFailure,
  type StorageFailure,
} from "../exports/object-storage.ts";
import { tableKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import type { Item, ItemImage } from "../items/stored-item.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import {
  type ImportProgress,
  type ImportRecord,
  readImport,
  writeImport,
} from "./import-record.ts";
import { type ItemForm, type ReadItem, readItems } from "./read-items.ts";
import { readLines } from "./read-lines.ts";
import { checkedItem, putItems } from "./write-items.ts";

/** Bounds of one transaction: it holds up everybody else's for as long as it runs. */
const itemsPerStep = 100;
const bytesPerStep = 250_000;

const invalidItems = {
  code: "ItemValidationError",
  message:
    "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details.",
};

/**
 * Fills a table from the objects under a prefix. How far it has come is stored with each step, so a run that was cut off
 * reads the object it was at again and passes over what it had done.
 *
 * One bad item, or an object that is gone, makes the import FAILED, and the table serves with the good ones; what S3
 * refuses at the beginning leaves no table (ack-api-quirks, DDB-IMPORT-012 and 013).
 */
export async function fillImport(
  ctx: JobContext,
  { importId }: { readonly importId: string },
): Promise<void> {
  const found = await ctx.read((snapshot) => {
    const record = readImport(snapshot, ctx, importId);
    return record && { record, table: findTable(snapshot, ctx, record.tableName) };
  });
  if (found?.table === undefined || found.table.id !== found.record.tableId) return;
  const { record, table } = found;
  const { bucket, prefix, owner } = sourceOf(record);
  let objects: Awaited<ReturnType<typeof listObjects>>;
  try {
    objects = await listObjects(ctx, { bucket, owner }, prefix);
  } catch (error) {
    const refused = { ...record, failure: storageFailure(error) };
    // What an earlier run has imported is there to stay.
    await (record.progress.objectKey === undefined
      ? giveUp(ctx, refused)
      : end(ctx, table, refused));
    return;
  }
  let { progress } = record;
  const startKey = progress.objectKey;
  let failure: StorageFailure | undefined;
  for (const { key, sizeBytes } of objects) {
    if (startKey !== undefined && key < startKey) continue;
    const passedOver = key === startKey ? progress.itemsOfObject : 0;
    const place = { key, passedOver };
    const read = new ObjectImport(ctx, record, table, progress, place);
    try {
      const body = await getObject(ctx, { bucket, owner }, key);
      await read.run(readItems(readLines(body, record.compression), formOf(record), table));
    } catch (error) {
      failure = storageFailure(error);
    }
    ({ progress } = read);
    if (failure !== undefined) break;
    progress = { ...progress, processedBytes: progress.processedBytes + sizeBytes };
  }
  await end(ctx, table, { ...record, progress, failure });
}

const sourceOf = ({
  input,
  bucketOwner,
}: ImportRecord): {
  readonly bucket: string;
  readonly prefix: string | undefined;
  readonly owner: string;
} => ({
  bucket: input.S3BucketSource.S3Bucket,
  prefix: input.S3BucketSource.S3KeyPrefix,
  owner: bucketOwner,
});

function formOf({ input }: ImportRecord): ItemForm {
  const csv = input.InputFormatOptions?.Csv;
  return {
    format: input.InputFormat,
    csv: { delimiter: csv?.Delimiter ?? ",", header: csv?.HeaderList },
  };
}

/** One object's way into the table. */
class ObjectImport {
  progress: ImportProgress;
  readonly #ctx: JobContext;
  readonly #record: ImportRecord;
  readonly #table: TableRecord;
  readonly #passedOver: number;
  #items: { readonly item: Item; readonly image: ItemImage }[] = [];
  #bytes = 0;

  constructor(
    ctx: JobContext,
    record: ImportRecord,
    table: TableRecord,
    progress: ImportProgress,
    { key, passedOver }: { readonly key: string; readonly passedOver: number },
  ) {
    this.#ctx = ctx;
    this.#record = record;
    this.#table = table;
    this.#passedOver = passedOver;
    this.progress = { ...progress, objectKey: key, itemsOfObject: passedOver };
  }

  async run(items: AsyncIterable<ReadItem>): Promise<void> {
    let count = 0;
    try {
      for await (const read of items) {
        count += 1;
        if (count <= this.#passedOver) continue;
        this.#take(read);
        if (this.#items.length >= itemsPerStep || this.#bytes >= bytesPerStep) await this.#store();
      }
    } finally {
      // What was read counts, however the object ended.
      await this.#store();
    }
  }

  #take(read: ReadItem): void {
    const { progress } = this;
    const checked = "item" in read ? checkedItem(this.#ctx, this.#table, read.item) : read;
    const isGood = "image" in checked;
    if (isGood) {
      this.#items.push(checked);
      this.#bytes += checked.image.sizeBytes;
    }
    this.progress = {
      ...progress,
      itemsOfObject: progress.itemsOfObject + 1,
      processedItems: progress.processedItems + 1,
      importedItems: progress.importedItems + (isGood ? 1 : 0),
      errors: progress.errors + (isGood ? 0 : 1),
    };
  }

  async #store(): Promise<void> {
    const items = this.#items;
    const { progress } = this;
    await this.#ctx.transact((tx) => {
      const table = findTable(tx, this.#ctx, this.#table.name);
      if (table?.id !== this.#table.id) throw new Error("the table of an import is gone");
      putItems(tx, this.#ctx, table, items);
      writeImport(tx, this.#ctx, { ...this.#record, progress });
    });
    this.#items = [];
    this.#bytes = 0;
  }
}

async function end(ctx: JobContext, table: TableRecord, record: ImportRecord): Promise<void> {
  const failure = record.failure ?? (record.progress.errors === 0 ? undefined : invalidItems);
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const now = findTable(tx, ctx, table.name);
    if (now?.id === table.id) tx.putRecord(tableKey(ctx, table.name), tableCodec, activated(now));
    writeImport(tx, ctx, {
      ...record,
      status: failure === undefined ? "COMPLETED" : "FAILED",
      endedAtMs: ctx.now(),
      failure,
    });
  });
}

/** Nothing was imported, and there is to be no table. */
async function giveUp(ctx: JobContext, record: ImportRecord): Promise<void> {
  await ctx.transact((tx) => {
    ctx.complete(tx);
    tx.delete(tableKey(ctx, record.tableName));
    const payload = { tableId: record.tableId };
    ctx.schedule(tx, { at: ctx.now(), job: "sweepTable", key: record.tableId, payload });
    writeImport(tx, ctx, { ...record, status: "FAILED", endedAtMs: ctx.now() });
  });
}
