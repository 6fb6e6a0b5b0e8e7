import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { OutputTypeEnum } from "#models/dynamodb.ts";
import type { Transaction } from "#store/store.ts";
import type { ConsumedUnits } from "../consumed-capacity.ts";
import type { Condition } from "../expressions/condition.ts";
import {
  checkExpressionParameters,
  writeParameters,
} from "../expressions/expression-parameters.ts";
import {
  checkKeyPaths,
  conditionOf,
  type ConditionParameters,
} from "../expressions/request-expressions.ts";
import type { RecordMembers } from "../imports/read-records.ts";
import { indexEntryKey, projectedImage } from "../indexes/index-entries.ts";
import { checkIndexKeys, keyOfItem } from "../items/item-key.ts";
import { checkItem, checkItemBytes } from "../items/item-size.ts";
import { type Item, ItemImage } from "../items/stored-item.ts";
import { TableWriter } from "../items/write-item.ts";
import { conditionFailedMessage } from "../request-checks.ts";
import type { TableLayout } from "../tables/table-layout.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { ValidationProblem } from "../validation-problem.ts";
import type { BulkProgress, BulkUsage } from "./bulk-operation-record.ts";

/** A record of an object, checked as far as that is possible without the table. */
export type InputRecord = { readonly recordNumber: number } & (
  | { readonly item: Item; readonly image: ItemImage; readonly condition: Condition | undefined }
  | { readonly problem: string; readonly item?: Item | undefined }
);

/** What the report says of an item that was not written. */
export interface Unwritten {
  readonly outputType: OutputTypeEnum;
  readonly recordNumber: number;
  readonly reason: string;
  readonly item: Item | undefined;
  readonly existingItem?: Item | undefined;
}

/** A record as PutItem would take it; the developer guide does not say by which names AWS knows a record's condition. */
const memberTypes: Readonly<Record<string, "string" | "object">> = {
  Item: "object",
  ConditionExpression: "string",
  ExpressionAttributeNames: "object",
  ExpressionAttributeValues: "object",
};

export function inputRecord(members: RecordMembers, recordNumber: number): InputRecord {
  const { Item: item } = members;
  try {
    checkMembers(members);
    checkExpressionParameters(members, writeParameters);
    const sizeBytes = checkItem(item);
    const condition = conditionOf(members as ConditionParameters);
    checkItemBytes(sizeBytes);
    return { recordNumber, item, image: ItemImage.ofItem(item, sizeBytes), condition };
  } catch (problem) {
    return { recordNumber, problem: messageOf(problem), item };
  }
}

/** A member that nobody knows is refused: it may have been meant as a condition. */
function checkMembers(members: RecordMembers): void {
  for (const [name, value] of Object.entries(members)) {
    const type = Object.hasOwn(memberTypes, name) ? memberTypes[name] : undefined;
    if (type === undefined) throw new ValidationProblem(`A record has no member ${name}`);
    if (value === null || typeof value !== type || Array.isArray(value)) {
      throw new ValidationProblem(`The member ${name} of a record is not of the type ${type}`);
    }
  }
  for (const name of Object.values(members["ExpressionAttributeNames"] ?? {})) {
    if (typeof name === "string") continue;
    throw new ValidationProblem("ExpressionAttributeNames of a record are not all strings");
  }
}

function messageOf(problem: unknown): string {
  if (!(problem instanceof ServiceError)) throw problem;
  return problem.message;
}

export interface PutRecords {
  /** How many of the records were done: large items end a step early. */
  readonly taken: number;
  readonly progress: BulkProgress;
  readonly units: number;
  readonly unwritten: readonly Unwritten[];
}

/**
 * Puts records in their order, each as PutItem does, until as many bytes were read and written as one transaction should
 * hold. No capacity is asked for or taken: bulk puts are priced by the byte, in tiers of their own.
 */
export function putRecords(
  tx: Transaction,
  ctx: Context,
  table: TableRecord,
  progress: BulkProgress,
  {
    records,
    bytesAtMost,
  }: { readonly records: readonly InputRecord[]; readonly bytesAtMost: number },
): PutRecords {
  const writer = new TableWriter(tx, ctx, table);
  const usage = new UsageCount(writer.layout, progress.usage);
  const unwritten: Unwritten[] = [];
  let bytes = 0;
  let taken = 0;
  for (const record of records) {
    if (bytes >= bytesAtMost) break;
    taken += 1;
    const { recordNumber, item } = record;
    const checked = "image" in record ? checkedByTable(writer.layout, record) : record;
    if ("problem" in checked) {
      unwritten.push({ outputType: "ERROR", recordNumber, reason: checked.problem, item });
      continue;
    }
    const { key, image, condition } = checked;
    const before = writer.find(key);
    bytes += image.sizeBytes + (before?.sizeBytes ?? 0);
    if (condition === undefined || condition.holds(before?.item)) {
      writer.write(key, before, image);
      usage.add(image);
      continue;
    }
    writer.charge(key, before, undefined);
    unwritten.push({
      outputType: "CONDITION_CHECK_FAILURE",
      recordNumber,
      reason: conditionFailedMessage,
      item,
      existingItem: before?.item,
    });
  }
  writer.finish();
  const failed = unwritten.filter(({ outputType }) => outputType === "ERROR").length;
  return {
    taken,
    units: unitsOf(writer.units),
    unwritten,
    progress: {
      ...progress,
      recordsOfObject: progress.recordsOfObject + taken,
      processedItems: progress.processedItems + taken,
      failedItems: progress.failedItems + failed,
      unmetConditions: progress.unmetConditions + unwritten.length - failed,
      usage: usage.total(writer.units.vectorIndexes),
    },
  };
}

interface CheckedPut {
  readonly key: string;
  readonly image: ItemImage;
  readonly condition: Condition | undefined;
}

function checkedByTable(
  layout: TableLayout,
  { image, condition }: Omit<CheckedPut, "key">,
): CheckedPut | { readonly problem: string } {
  try {
    const key = keyOfItem(layout, image.item);
    checkIndexKeys(layout, image.item);
    checkKeyPaths(layout, condition);
    return { key, image, condition };
  } catch (problem) {
    return { problem: messageOf(problem) };
  }
}

/** Adds up what was written: items, and the entries that they have in indexes. */
class UsageCount {
  readonly #layout: TableLayout;
  readonly #before: BulkUsage;
  readonly #globalIndexes: Record<string, number>;
  readonly #localIndexes: Record<string, number>;
  #table: number;

  constructor(layout: TableLayout, before: BulkUsage) {
    this.#layout = layout;
    this.#before = before;
    this.#table = before.table;
    this.#globalIndexes = { ...before.globalIndexes };
    this.#localIndexes = { ...before.localIndexes };
  }

  add(image: ItemImage): void {
    this.#table += image.sizeBytes;
    for (const index of this.#layout.indexes) {
      if (indexEntryKey(this.#layout, index, image.item) === undefined) continue;
      const bytes = index.isGlobal ? this.#globalIndexes : this.#localIndexes;
      const { name } = index.index;
      bytes[name] = (bytes[name] ?? 0) + projectedImage(index, image).sizeBytes;
    }
  }

  total(vectorBytes: ReadonlyMap<string, number>): BulkUsage {
    const vectorIndexes = { ...this.#before.vectorIndexes };
    for (const [name, bytes] of vectorBytes) {
      vectorIndexes[name] = (vectorIndexes[name] ?? 0) + bytes;
    }
    return {
      table: this.#table,
      globalIndexes: this.#globalIndexes,
      localIndexes: this.#localIndexes,
      vectorIndexes,
    };
  }
}

function unitsOf({ table, globalIndexes, localIndexes }: ConsumedUnits): number {
  const indexes = [...globalIndexes.values(), ...localIndexes.values()];
  return indexes.reduce((sum, units) => sum + units, table);
}
