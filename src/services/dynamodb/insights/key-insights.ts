import type { Key } from "#base/key.ts";
import { decodeTuple } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { ContributorRule, KeyNaming } from "#kernel/contributors.ts";
import { decodeKeyValue } from "../items/key-encoding.ts";
import { longKeyMark } from "../keyspace.ts";
import type { IndexRecord, KeyAttribute, TableRecord } from "../tables/table-record.ts";
import { insightsOf, isCounting, type RuleKind, ruleName, ruleNames } from "./insights-record.ts";

/**
 * Counts which keys of a table or a global index are used and which are throttled, by the bytes that they have in the
 * store: counting parses nothing. What is counted are consumed units, and throttled requests.
 */
export class KeyInsights {
  readonly #prefixLength: number;
  readonly #partitionParts: number;
  readonly #rules: ReadonlyMap<RuleKind, ContributorRule>;

  /** `prefixLength`: of what stands before the keys; `partitionParts`: the attributes of a partition key. */
  constructor(
    prefixLength: number,
    partitionParts: number,
    rules: ReadonlyMap<RuleKind, ContributorRule>,
  ) {
    this.#prefixLength = prefixLength;
    this.#partitionParts = partitionParts;
    this.#rules = rules;
  }

  /** `key`: of an item or entry. */
  accessed(key: Key, units: number): void {
    this.#count(key, units, "PKC", "SKC");
  }

  /** `isItem`: otherwise the key says no more than the partition. */
  throttled(key: Key, isItem: boolean): void {
    this.#count(key, 1, "PKT", isItem ? "SKT" : undefined);
  }

  #count(key: Key, value: number, partition: RuleKind, sort: RuleKind | undefined): void {
    const own = key.slice(this.#prefixLength);
    const end = partitionEnd(own, this.#partitionParts);
    this.#rules.get(partition)?.add(own.slice(0, end), value);
    if (sort !== undefined && own.length > end) this.#rules.get(sort)?.add(own, value);
  }
}

const hashBytes = 4;
const digestBytes = 33;

/** Where the partition's bytes end: four of hash, then a digest or so many parts of a tuple. */
function partitionEnd(key: Key, parts: number): number {
  if (key[hashBytes] === longKeyMark) return hashBytes + digestBytes;
  let end = hashBytes;
  for (let part = 0; part < parts; part += 1) end = partEnd(key, end);
  return end;
}

/** The counters of a table or a global index; undefined where insights are off. */
export function keyInsights(
  ctx: Context,
  table: TableRecord,
  index: IndexRecord | undefined,
  prefix: Key,
): KeyInsights | undefined {
  const insights = insightsOf(table, index);
  if (!isCounting(insights)) return undefined;
  const { key } = index ?? table;
  const rules = new Map<RuleKind, ContributorRule>();
  const names = new Set(ruleNames(table, index, insights));
  for (const kind of ["PKC", "SKC", "PKT", "SKT"] as const) {
    const name = ruleName(table, index, insights, kind);
    if (!names.has(name)) continue;
    const sort = kind.startsWith("S") ? key.sort[0] : undefined;
    const how = naming(key.partition, sort, index !== undefined);
    rules.set(kind, ctx.contributorRule(name, how));
  }
  return new KeyInsights(prefix.length, key.partition.length, rules);
}

function naming(
  partition: readonly KeyAttribute[],
  sort: KeyAttribute | undefined,
  isEntry: boolean,
): KeyNaming {
  return {
    labels: sort === undefined ? ["PartitionKey"] : ["PartitionKey", "SortKey"],
    name(key) {
      const end = partitionEnd(key, partition.length);
      const head = partitionText(key.slice(hashBytes, end), partition);
      return sort === undefined ? [head] : [head, sortText(key.slice(end), sort, isEntry)];
    },
  };
}

function partitionText(bytes: Key, attributes: readonly KeyAttribute[]): string {
  // Long keys stand in the store as their digest alone.
  if (bytes[0] === longKeyMark)
    return `sha256:${Buffer.from(bytes.slice(1), "latin1").toString("hex")}`;
  const values = decodeTuple(bytes) as Buffer[];
  return attributes
    .map((attribute, at) => valueText(values[at]!.toString("latin1"), attribute))
    .join(",");
}

/** A table's sort key stands as it is, an index's as a part of a tuple with the item's key behind it. */
function sortText(bytes: Key, attribute: KeyAttribute, isEntry: boolean): string {
  if (!isEntry) return valueText(bytes, attribute);
  const [value] = decodeTuple(bytes.slice(0, partEnd(bytes, 0))) as Buffer[];
  return valueText(value!.toString("latin1"), attribute);
}

/** Behind the part of a tuple that begins here. */
function partEnd(bytes: Key, from: number): number {
  const end = bytes.indexOf("\u0000\u0001", from);
  return end === -1 ? bytes.length : end + 2;
}

function valueText(bytes: Key, { type }: KeyAttribute): string {
  return decodeKeyValue(bytes, type)[type] ?? "";
}
