import { writeAttributeValue, type AttributeValue } from "./attribute-values.ts";
import { encoded, type CborWriter } from "./cbor-writer.ts";
import { capacity } from "./methods.ts";

interface Capacity {
  readonly CapacityUnits?: number | undefined;
  readonly ReadCapacityUnits?: number | undefined;
  readonly WriteCapacityUnits?: number | undefined;
}

/** As DynamoDB says it. */
export interface ConsumedCapacity extends Capacity {
  readonly TableName?: string | undefined;
  readonly Table?: Capacity | undefined;
  readonly GlobalSecondaryIndexes?: Readonly<Record<string, Capacity>> | undefined;
  readonly LocalSecondaryIndexes?: Readonly<Record<string, Capacity>> | undefined;
}

export function writeConsumedCapacity(writer: CborWriter, consumed: ConsumedCapacity): void {
  writer.byteString(
    encoded((inner) => {
      inner.text(consumed.TableName ?? "").number(consumed.CapacityUnits ?? 0);
      if (consumed.Table === undefined) inner.null();
      else inner.number(consumed.Table.CapacityUnits ?? 0);
      writeIndexes(inner, consumed.GlobalSecondaryIndexes);
      writeIndexes(inner, consumed.LocalSecondaryIndexes);
    }),
  );
}

function writeIndexes(
  writer: CborWriter,
  indexes: Readonly<Record<string, Capacity>> | undefined,
): void {
  if (indexes === undefined) {
    writer.null();
    return;
  }
  const entries = Object.entries(indexes);
  writer.map(entries.length);
  for (const [name, { CapacityUnits: units = 0 }] of entries) writer.text(name).number(units);
}

/** A transaction's has more to say, under numbers instead of names. */
export function writeTransactionCapacity(writer: CborWriter, consumed: ConsumedCapacity): void {
  const members = [
    ...unitsOf(consumed),
    ...(consumed.TableName === undefined
      ? []
      : [[capacity.tableName, consumed.TableName] as const]),
    ...(consumed.Table === undefined ? [] : [[capacity.table, consumed.Table] as const]),
  ];
  const indexes = [
    [capacity.globalSecondaryIndexes, consumed.GlobalSecondaryIndexes],
    [capacity.localSecondaryIndexes, consumed.LocalSecondaryIndexes],
  ] as const;
  const present = indexes.filter(([, found]) => found !== undefined);
  writer.openMap();
  for (const [key, value] of members) {
    writer.integer(key);
    if (typeof value === "string") writer.text(value);
    else if (typeof value === "number") writer.number(value);
    else writeUnits(writer, value);
  }
  for (const [key, found = {}] of present) {
    writer.integer(key).map(Object.keys(found).length);
    for (const [name, units] of Object.entries(found)) {
      writer.text(name);
      writeUnits(writer, units);
    }
  }
  writer.end();
}

function unitsOf(units: Capacity): (readonly [number, number])[] {
  const named = [
    [capacity.capacityUnits, units.CapacityUnits],
    [capacity.readCapacityUnits, units.ReadCapacityUnits],
    [capacity.writeCapacityUnits, units.WriteCapacityUnits],
  ] as const;
  return named.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
}

function writeUnits(writer: CborWriter, units: Capacity): void {
  const members = unitsOf(units);
  writer.map(members.length);
  for (const [key, value] of members) writer.integer(key).number(value);
}

export interface ItemCollectionMetrics {
  readonly ItemCollectionKey?: Readonly<Record<string, AttributeValue>> | undefined;
  readonly SizeEstimateRangeGB?: readonly number[] | undefined;
}

export function writeItemCollectionMetrics(
  writer: CborWriter,
  metrics: ItemCollectionMetrics,
): void {
  const [lower = 0, upper = 0] = metrics.SizeEstimateRangeGB ?? [];
  const [key = {}] = Object.values(metrics.ItemCollectionKey ?? {});
  writer.byteString(
    encoded((inner) => {
      writeAttributeValue(inner, key);
      inner.float(lower).float(upper);
    }),
  );
}
