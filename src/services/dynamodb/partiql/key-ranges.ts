import { endOfPrefix } from "#base/key.ts";
import { compareValues } from "../items/attribute-values.ts";
import type { AttributeValue } from "../items/attribute-values.ts";
import type { Condition, Predicate } from "../expressions/condition.ts";
import type { KeyAttribute, KeyRange } from "../expressions/key-condition.ts";
import { checkKeyValue, encodeKeyValue } from "../items/key-encoding.ts";
import { type StoreRange, storeRange } from "../reads/query-range.ts";
import type { ReadSource } from "../reads/read-source.ts";
import { invalidParameter, ValidationProblem } from "../validation-problem.ts";
import { comparedWith } from "./compared.ts";
import { wrongKeyType } from "./key-terms.ts";
import { intersection, union } from "./store-ranges.ts";

/** Where the items that a WHERE clause asks for can stand. */
export interface KeyRanges {
  /** The values of the partition key that it asks for, in ascending order; undefined: it does not say. */
  readonly partitions: readonly AttributeValue[] | undefined;
  /** For each partition its ranges: disjoint, ascending. Where it does not say, the whole. */
  readonly ranges: readonly (readonly StoreRange[])[];
  /** Whether all that stands there is asked for, so that nothing has to be filtered. */
  readonly isExact: boolean;
}

/** Throws if it compares a key attribute with what no key can be. */
export function keyRangesOf(source: ReadSource, where: Condition | undefined): KeyRanges {
  const { prefix } = source;
  const whole = [[{ start: prefix, end: endOfPrefix(prefix) }]];
  if (where === undefined) return { partitions: undefined, ranges: whole, isExact: true };
  const { predicate } = where;
  const [partition, sort] = [source.key[0]!, source.key[1]];
  const found = partitionsOf(predicate, partition);
  checkKeyOperands(predicate, source.key, found !== undefined);
  if (found === undefined) return { partitions: undefined, ranges: whole, isExact: false };
  const partitions = found.toSorted((left, right) => compareValues(left, right) ?? 0);
  if (predicate.kind === "or") refuseOverlaps(source, predicate.terms, sort);
  const ranges: (readonly StoreRange[])[] = [];
  let isExact = true;
  for (const value of partitions) {
    const inPartition = new PartitionRanges(source, partition, sort, value);
    const within = inPartition.of(predicate);
    ranges.push(within.ranges);
    if (!within.isExact) isExact = false;
  }
  return { partitions, ranges, isExact };
}

/** The values of the partition key outside of which the predicate cannot hold; undefined if there is no such set. */
function partitionsOf(
  predicate: Predicate,
  partition: KeyAttribute,
): readonly AttributeValue[] | undefined {
  switch (predicate.kind) {
    case "compare":
    case "in": {
      const compared = comparedWith(predicate, partition.name);
      return compared?.operator === "=" ? unique(compared.values) : undefined;
    }
    case "and": {
      let found: readonly AttributeValue[] | undefined;
      for (const term of predicate.terms) {
        const values = partitionsOf(term, partition);
        if (values === undefined) continue;
        found = found === undefined ? values : found.filter((value) => isAmong(value, values));
      }
      return found;
    }
    case "or": {
      const all: AttributeValue[] = [];
      for (const term of predicate.terms) {
        const values = partitionsOf(term, partition);
        if (values === undefined) return undefined;
        all.push(...values);
      }
      return unique(all);
    }
    default:
      return undefined;
  }
}

function isAmong(value: AttributeValue, values: readonly AttributeValue[]): boolean {
  return values.some((other) => compareValues(value, other) === 0);
}

function unique(values: readonly AttributeValue[]): AttributeValue[] {
  const kept: AttributeValue[] = [];
  for (const value of values) if (!isAmong(value, kept)) kept.push(value);
  return kept;
}

/** AWS words it one way where it asks for keys, and another where it filters. */
function checkKeyOperands(
  predicate: Predicate,
  key: readonly KeyAttribute[],
  isKeyed: boolean,
): void {
  if (predicate.kind === "and" || predicate.kind === "or") {
    for (const term of predicate.terms) checkKeyOperands(term, key, isKeyed);
    return;
  }
  if (predicate.kind === "not") {
    checkKeyOperands(predicate.term, key, isKeyed);
    return;
  }
  for (const { name, type, role } of key) {
    for (const value of comparedWith(predicate, name)?.values ?? []) {
      if (value[type] === undefined) {
        if (isKeyed) throw wrongKeyType(name);
        throw new ValidationProblem(
          `${invalidParameter}Condition parameter type does not match schema type`,
        );
      }
      if (isKeyed) checkKeyValue(name, value, type, role);
    }
  }
}

interface Within {
  readonly ranges: readonly StoreRange[];
  readonly isExact: boolean;
}

/** The ranges of one partition that a predicate asks for. */
class PartitionRanges {
  readonly #source: ReadSource;
  readonly #partition: KeyAttribute;
  readonly #sort: KeyAttribute | undefined;
  readonly #value: AttributeValue;
  readonly #whole: StoreRange;

  constructor(
    source: ReadSource,
    partition: KeyAttribute,
    sort: KeyAttribute | undefined,
    value: AttributeValue,
  ) {
    this.#source = source;
    this.#partition = partition;
    this.#sort = sort;
    this.#value = value;
    this.#whole = this.#range({ sort: [], range: undefined });
  }

  of(predicate: Predicate): Within {
    switch (predicate.kind) {
      case "and": {
        const all = predicate.terms.map((term) => this.of(term));
        return {
          ranges: all.reduce((left, { ranges }) => intersection(left, ranges), [
            this.#whole,
          ] as readonly StoreRange[]),
          isExact: all.every(({ isExact }) => isExact),
        };
      }
      case "or": {
        const all = predicate.terms.map((term) => this.of(term));
        return {
          ranges: union(all.flatMap(({ ranges }) => ranges)),
          isExact: all.every(({ isExact }) => isExact),
        };
      }
      case "not":
        return { ranges: [this.#whole], isExact: false };
      default:
        return this.#simple(predicate);
    }
  }

  #simple(predicate: Predicate): Within {
    const partition = comparedWith(predicate, this.#partition.name);
    if (partition?.operator === "=") {
      const isHere = isAmong(this.#value, partition.values);
      return { ranges: isHere ? [this.#whole] : [], isExact: true };
    }
    const sort = this.#sort === undefined ? undefined : comparedWith(predicate, this.#sort.name);
    switch (sort?.operator) {
      case "=":
        return {
          ranges: union(
            sort.values.map((value) => this.#range({ sort: [value], range: undefined })),
          ),
          isExact: true,
        };
      case "<":
      case "<=":
      case ">":
      case ">=":
      case "BETWEEN":
      case "begins_with": {
        const range = { operator: sort.operator, values: [...sort.values] };
        return { ranges: union([this.#range({ sort: [], range })]), isExact: true };
      }
      default:
        return { ranges: [this.#whole], isExact: false };
    }
  }

  #range(wanted: Omit<KeyRange, "partition">): StoreRange {
    return storeRange(this.#source, { partition: [this.#value], ...wanted });
  }
}

/**
 * AWS refuses a SELECT whose branches overlap on the sort key, unless a branch negates its sort key's condition.
 * Recorded in October 2026 by paritysuite/dynamodb-conformance (whereOverlap, partiqlGrammar); DynamoDB Local
 * reads on.
 */
function refuseOverlaps(
  source: ReadSource,
  branches: readonly Predicate[],
  sort: KeyAttribute | undefined,
): void {
  if (sort === undefined) return;
  const seen = new Map<string, { ranges: readonly StoreRange[]; hasSort: boolean }[]>();
  for (const branch of branches) {
    if (negates(branch, sort.name)) continue;
    const hasSort = mentions(branch, sort.name);
    for (const value of partitionsOf(branch, source.key[0]!) ?? []) {
      const identity = encodeKeyValue(value, source.key[0]!.type);
      const { ranges } = new PartitionRanges(source, source.key[0]!, sort, value).of(branch);
      const others = seen.get(identity) ?? [];
      for (const other of others) {
        if (!hasSort && !other.hasSort) continue;
        if (intersection(other.ranges, ranges).length === 0) continue;
        throw new ValidationProblem(
          "Overlapping conditions with range keys are not supported in where clause",
        );
      }
      others.push({ ranges, hasSort });
      seen.set(identity, others);
    }
  }
}

function negates(predicate: Predicate, name: string): boolean {
  switch (predicate.kind) {
    case "and":
    case "or":
      return predicate.terms.some((term) => negates(term, name));
    case "not":
      return mentions(predicate.term, name);
    default:
      return comparedWith(predicate, name)?.operator === "<>";
  }
}

function mentions(predicate: Predicate, name: string): boolean {
  switch (predicate.kind) {
    case "and":
    case "or":
      return predicate.terms.some((term) => mentions(term, name));
    case "not":
      return mentions(predicate.term, name);
    default:
      return comparedWith(predicate, name) !== undefined;
  }
}
