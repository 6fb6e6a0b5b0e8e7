import type { AttributeValue, SearchVectorsInput } from "#models/dynamodb.ts";
import { typeOf } from "../items/attribute-values.ts";
import {
  checkExpressionParameters,
  searchParameters,
} from "../expressions/expression-parameters.ts";
import { bindCondition } from "../expressions/bind-condition.ts";
import { Bindings } from "../expressions/bindings.ts";
import type { Predicate } from "../expressions/condition.ts";
import { parseProjection, type Projection } from "../expressions/projection.ts";
import type { Path } from "../expressions/paths.ts";
import { invalidExpression } from "../expressions/syntax-cache.ts";
import { emptyKeyValue, encodeKeyValue } from "../items/key-encoding.ts";
import { ValidationProblem } from "../validation-problem.ts";
import type { VectorIndexLayout } from "./vector-index-layout.ts";
import { readVector } from "./vector-values.ts";

/*
 * What SearchVectors asks. Messages are AWS's: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearchTroubleshooting.html,
 * and as dynoxide and extenddb measured them in August 2026.
 */

const kind = "SearchConditionExpression";
const resultsAtMost = 100;

interface SearchTerm {
  readonly path: Path;
  readonly value: AttributeValue;
}

export interface ParsedSearch {
  readonly terms: readonly SearchTerm[];
  readonly projection: Projection | undefined;
}

/** Everything that needs no table. */
export function parseSearch(input: SearchVectorsInput): ParsedSearch {
  if (input.TopK > resultsAtMost) {
    throw new ValidationProblem(
      `Provided TopK value '${input.TopK}' is out of valid range. The value must be between 1 and ${resultsAtMost} inclusive`,
    );
  }
  checkExpressionParameters(input, searchParameters);
  const { SearchConditionExpression: conditionText, ProjectionExpression: projectionText } = input;
  const bindings = new Bindings(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
  const terms: SearchTerm[] = [];
  if (conditionText !== undefined) {
    collectTerms(bindCondition(conditionText, bindings, kind).predicate, terms);
  }
  const projection =
    projectionText === undefined ? undefined : parseProjection(projectionText, bindings);
  bindings.assertAllUsed();
  return { terms, projection };
}

/** A condition says what some attributes are equal to, and nothing else. */
function collectTerms(predicate: Predicate, terms: SearchTerm[]): void {
  if (predicate.kind === "and") {
    for (const term of predicate.terms) collectTerms(term, terms);
    return;
  }
  if (predicate.kind === "compare" && predicate.operator === "=") {
    const { left, right } = predicate;
    if (left.kind === "path" && right.kind === "value") {
      terms.push({ path: left.path, value: right.value });
      return;
    }
    if (left.kind === "value" && right.kind === "path") {
      terms.push({ path: right.path, value: left.value });
      return;
    }
  }
  throw invalidExpression(kind, `Invalid comparator used in ${kind}`);
}

/** What is searched for in one index. */
export interface Wanted {
  readonly vector: Float32Array;
  /** The value of the search schema's HASH attribute, if that has one. */
  readonly partition: AttributeValue | undefined;
  /** Of each filter of the index, in its order: the bytes of its value, or undefined for any. */
  readonly filters: readonly (Buffer | undefined)[];
}

export function wantedOf(
  layout: VectorIndexLayout,
  input: SearchVectorsInput,
  { terms }: ParsedSearch,
): Wanted {
  const { dimensions } = layout.index;
  const read = readVector({ L: input.SearchVector }, dimensions);
  if (!("vector" in read)) {
    throw new ValidationProblem(
      read.wrong === "size"
        ? `Input search vector dimension ${read.actual} does not match vector index dimension ${dimensions}`
        : "Search vector contains invalid values. All values in the search vector must be a 32-bit floating-point number attribute",
    );
  }
  const values = searchValues(layout, terms);
  return {
    vector: read.vector,
    partition: layout.partition && values.get(layout.partition.name),
    filters: layout.filters.map(({ name, type }) => {
      const value = values.get(name);
      return value && Buffer.from(encodeKeyValue(value, type), "latin1");
    }),
  };
}

/** By the attribute's name. */
function searchValues(
  { index, partition }: VectorIndexLayout,
  terms: readonly SearchTerm[],
): Map<string, AttributeValue> {
  const schema = new Map(index.searchSchema.map((attribute) => [attribute.name, attribute]));
  const stranger = terms.find(({ path }) => !schema.has(path[0] as string));
  if (stranger !== undefined) {
    throw new ValidationProblem(
      `${kind} must not contain any attributes that is not in SearchSchema. Invalid attribute: ${stranger.path[0]}`,
    );
  }
  if (terms.some(({ path }) => path.length > 1)) {
    throw invalidExpression(kind, `${kind} cannot have conditions on nested attributes`);
  }
  const values = new Map<string, AttributeValue>();
  for (const { path, value } of terms) {
    const name = path[0] as string;
    if (values.has(name)) {
      throw invalidExpression(kind, `${kind} must only contain one condition per attribute`);
    }
    values.set(name, value);
  }
  if (partition !== undefined && !values.has(partition.name)) {
    throw new ValidationProblem(
      terms.length === 0
        ? `${kind} must be provided when SearchSchema has a HASH key`
        : `${kind} must have all HASH attributes in configured SearchSchema`,
    );
  }
  for (const [name, value] of values) {
    const { type, role } = schema.get(name)!;
    if (value[type] === undefined) {
      throw new ValidationProblem(
        `Type of '${name}' attribute in ${kind} (${typeOf(value)}) does not match type in search schema (${type})`,
      );
    }
    if (role === "HASH" && value[type] === "") {
      throw new ValidationProblem(`${emptyKeyValue(type)} Key: ${name}`);
    }
  }
  return values;
}
