import type { Need } from "#kernel/authorization/access.ts";
import type { ContextValue, RequestContext } from "#kernel/authorization/request-context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type {
  AttributeMap,
  BatchGetItemInput,
  BatchWriteItemInput,
  KeysAndAttributes,
  QueryInput,
  UpdateItemInput,
  WriteRequest,
} from "#models/dynamodb.ts";
import { attributeOf } from "../items/attribute-values.ts";
import { Bindings } from "../expressions/bindings.ts";
import { keyTermsOf, type KeyTerm, parseKeyCondition } from "../expressions/key-condition.ts";
import { parseFilter } from "../expressions/bind-condition.ts";
import { parseProjection } from "../expressions/projection.ts";
import { legacyKeyTerms } from "../legacy/legacy-conditions.ts";
import type { Statement } from "../partiql/statement.ts";
import { updateOf } from "../expressions/request-expressions.ts";
import type { TableRecord } from "../tables/table-record.ts";

/*
 * What conditions can ask of a request to DynamoDB. Source: Developer Guide, "Using IAM policy conditions for
 * fine-grained access control" (specifying-conditions), and "Condition keys for Amazon DynamoDB" of the Service
 * Authorization Reference.
 *
 * LeadingKeys are the values of the partition keys that a request names, Attributes the top-level attributes that it
 * names: of keys, items, projections, conditions and updates. What the request does not name has no key.
 */

type Input = Readonly<Record<string, unknown>>;

/** `indexName`: of the index that is read. Worked out when it is asked for: few policies do. */
export function conditionKeys(
  table: TableRecord,
  indexName: string | undefined,
  need: Need,
): RequestContext {
  return {
    get(key) {
      if (!key.startsWith("dynamodb:")) return undefined;
      try {
        return valueOf(key.slice("dynamodb:".length), table, indexName, need);
      } catch (problem) {
        // What is wrong with an expression, the operation says itself.
        if (problem instanceof ServiceError) return undefined;
        throw problem;
      }
    },
  };
}

function valueOf(
  key: string,
  table: TableRecord,
  indexName: string | undefined,
  { operation, action, input }: Need,
): ContextValue | undefined {
  const isRead = /:(BatchGetItem|GetItem|Query|Scan)$/.test(action);
  switch (key) {
    case "leadingkeys":
      return leadingKeys(table, indexName, input);
    case "attributes":
      return attributeNames(input);
    case "select":
      return isRead ? selectOf(input, indexName) : undefined;
    case "returnvalues":
      return /:(Put|Update|Delete)Item$/.test(action)
        ? textOf(input["ReturnValues"] ?? "NONE")
        : undefined;
    case "returnconsumedcapacity":
      return textOf(input["ReturnConsumedCapacity"] ?? "NONE");
    case "enclosingoperation":
      return action === `dynamodb:${operation}` ? undefined : operation;
    case "fulltablescan":
      return isWholeTable(table, input);
    default:
      return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function selectOf(input: Input, indexName: string | undefined): string {
  const asked = textOf(input["Select"]);
  if (asked !== undefined) return asked;
  const request = (input["value"] ?? input) as Input;
  const isSpecific =
    request["ProjectionExpression"] !== undefined || request["AttributesToGet"] !== undefined;
  if (isSpecific) return "SPECIFIC_ATTRIBUTES";
  return indexName === undefined ? "ALL_ATTRIBUTES" : "ALL_PROJECTED_ATTRIBUTES";
}

/** Of a PartiQL SELECT: whether no value of the partition key bounds it. */
function isWholeTable({ key }: TableRecord, input: Input): string | undefined {
  const statement = input["statement"] as Statement | undefined;
  if (statement?.kind !== "select") return undefined;
  const heads = statement.where?.use.heads ?? new Set<string>();
  return String(!heads.has(key.partition[0]!.name));
}

/** The items or keys that a request names. */
function itemsOf(input: Input): AttributeMap[] {
  const { Key: key, Item: item, value } = input;
  if (key !== undefined) return [key as AttributeMap];
  if (item !== undefined) return [item as AttributeMap];
  if (Array.isArray(value)) {
    const requests = value as BatchWriteItemInput["RequestItems"][string];
    return requests.flatMap(({ PutRequest, DeleteRequest }: WriteRequest) => {
      const one = PutRequest?.Item ?? DeleteRequest?.Key;
      return one === undefined ? [] : [one];
    });
  }
  const keys = (value as BatchGetItemInput["RequestItems"][string] | undefined)?.Keys;
  if (keys !== undefined) return keys;
  const statement = input["statement"] as Statement | undefined;
  return statement?.kind === "insert" ? [statement.item] : [];
}

function leadingKeys(
  table: TableRecord,
  indexName: string | undefined,
  input: Input,
): readonly string[] | undefined {
  const index = [...table.globalIndexes, ...table.localIndexes].find(
    ({ name }) => name === indexName,
  );
  const partition = (index ?? table).key.partition[0]!.name;
  const found = queryTerms(input)
    .filter((term) => term.name === partition)
    .flatMap((term) => term.values);
  for (const item of itemsOf(input)) {
    const value = attributeOf(item as never, partition);
    if (value !== undefined) found.push(value);
  }
  const texts = found.map((value) => value.S ?? value.N ?? value.B ?? "");
  return texts.length === 0 ? undefined : [...new Set(texts)];
}

function queryTerms(input: Input): readonly KeyTerm[] {
  const { KeyConditionExpression: text, KeyConditions: legacy } = input as Partial<QueryInput>;
  if (text !== undefined) return keyTermsOf(parseKeyCondition(text, bindingsOf(input)));
  return legacy === undefined ? [] : legacyKeyTerms(legacy);
}

function bindingsOf(input: Input): Bindings {
  const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } =
    input as Partial<QueryInput>;
  return new Bindings(names, values);
}

/** The top-level attributes that a request names. */
function attributeNames(input: Input): readonly string[] | undefined {
  const names = new Set<string>();
  for (const item of itemsOf(input)) for (const name in item) names.add(name);
  for (const term of queryTerms(input)) names.add(term.name);
  const request = (Array.isArray(input["value"]) ? {} : (input["value"] ?? input)) as Partial<
    QueryInput & UpdateItemInput & KeysAndAttributes
  >;
  const {
    ProjectionExpression: projection,
    AttributesToGet: attributes,
    FilterExpression: filter,
    ConditionExpression: condition,
    UpdateExpression: update,
  } = request;
  const add = (heads: Iterable<string> | undefined): void => {
    for (const name of heads ?? []) names.add(name);
  };
  if (projection !== undefined) {
    add(parseProjection(projection, bindingsOf(request)).use.heads);
  }
  add(attributes);
  if (filter !== undefined) add(parseFilter(filter, bindingsOf(request)).use.heads);
  if (condition !== undefined || update !== undefined) {
    const found = updateOf(request);
    add(found.update?.use.heads);
    add(found.condition?.use.heads);
  }
  for (const member of ["Expected", "AttributeUpdates", "QueryFilter", "ScanFilter"]) {
    add(Object.keys((request as Input)[member] ?? {}));
  }
  const statement = input["statement"] as Statement | undefined;
  if (statement?.kind === "select" || statement?.kind === "change") add(statement.where?.use.heads);
  return names.size === 0 ? undefined : [...names];
}
