import type {
  Capacity,
  ConsumedCapacity,
  ReturnConsumedCapacity,
  SecondaryIndexesCapacityMap,
} from "#models/dynamodb.ts";

const bytesPerReadUnit = 4096;
const bytesPerWriteUnit = 1024;

/** What reading so many bytes costs; a read that finds nothing costs as much as the smallest item. */
export function readUnits(sizeBytes: number, isConsistent: boolean): number {
  const units = Math.max(1, Math.ceil(sizeBytes / bytesPerReadUnit));
  return isConsistent ? units : units / 2;
}

/** What writing an item of this size costs; a write that changes nothing costs as much as the smallest item. */
export function writeUnits(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / bytesPerWriteUnit));
}

/** A transaction reads or writes each item twice: once to prepare it and once to commit. */
export const transactionFactor = 2;

/** Capacity units by what was read or written. */
export interface ConsumedUnits {
  table: number;
  readonly globalIndexes: Map<string, number>;
  readonly localIndexes: Map<string, number>;
  /** Bytes, not units: vector indexes are counted apart. */
  readonly vectorIndexes: Map<string, number>;
}

export function noUnits(): ConsumedUnits {
  return { table: 0, globalIndexes: new Map(), localIndexes: new Map(), vectorIndexes: new Map() };
}

/** `all`: by table. */
export function addUnits(
  all: Map<string, ConsumedUnits>,
  tableName: string,
  more: ConsumedUnits,
): void {
  let total = all.get(tableName);
  if (total === undefined) all.set(tableName, (total = noUnits()));
  total.table += more.table;
  addByName(total.globalIndexes, more.globalIndexes);
  addByName(total.localIndexes, more.localIndexes);
  addByName(total.vectorIndexes, more.vectorIndexes);
}

function addByName(total: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, count] of more) total.set(name, (total.get(name) ?? 0) + count);
}

/** Which further member an answer shows: transactions alone tell units of reading and of writing apart. */
export type UnitKind = "ReadCapacityUnits" | "WriteCapacityUnits";

/**
 * The `ConsumedCapacity` member of an answer, or undefined where none was asked for. `tableName`: as the caller named
 * the table, which may be by its ARN.
 */
export function consumedCapacity(
  mode: ReturnConsumedCapacity | undefined,
  tableName: string,
  units: ConsumedUnits,
  kind?: UnitKind,
): ConsumedCapacity | undefined {
  if (mode !== "TOTAL" && mode !== "INDEXES") return undefined;
  let total = units.table;
  for (const index of units.globalIndexes.values()) total += index;
  for (const index of units.localIndexes.values()) total += index;
  const answer: ConsumedCapacity = { TableName: tableName, ...capacity(total, kind) };
  if (mode === "TOTAL") return answer;
  answer.Table = capacity(units.table, kind);
  if (units.localIndexes.size > 0) answer.LocalSecondaryIndexes = byName(units.localIndexes, kind);
  if (units.globalIndexes.size > 0) {
    answer.GlobalSecondaryIndexes = byName(units.globalIndexes, kind);
  }
  if (units.vectorIndexes.size > 0) {
    answer.VectorIndexes = Object.fromEntries(
      [...units.vectorIndexes].map(([name, bytes]) => [name, { VectorWriteRequestBytes: bytes }]),
    );
  }
  return answer;
}

/** For what touches a table alone. */
export function tableCapacity(
  mode: ReturnConsumedCapacity | undefined,
  tableName: string,
  units: number,
): ConsumedCapacity | undefined {
  if (mode === "TOTAL") return { TableName: tableName, CapacityUnits: units };
  if (mode !== "INDEXES") return undefined;
  return { TableName: tableName, CapacityUnits: units, Table: { CapacityUnits: units } };
}

function byName(
  units: ReadonlyMap<string, number>,
  kind: UnitKind | undefined,
): SecondaryIndexesCapacityMap {
  const answer: SecondaryIndexesCapacityMap = {};
  for (const [name, count] of units) answer[name] = capacity(count, kind);
  return answer;
}

function capacity(units: number, kind: UnitKind | undefined): Capacity {
  return kind === undefined ? { CapacityUnits: units } : { CapacityUnits: units, [kind]: units };
}
