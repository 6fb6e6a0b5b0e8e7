import type { Outcome, Request, Write } from "./history.ts";
import type { Answer } from "./wire.ts";

/*
 * Registers as items of a table: a register's number is the attribute `n`, and a register that holds nothing has no
 * item. One register is read and written by the single operations, several by transactions.
 */

export const tableInput = {
  TableName: "registers",
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
} as const;

const { TableName } = tableInput;

interface Item {
  readonly n: { readonly N: string };
}

/** The operation and its input for a request on the registers of an object. */
export function inputOf(
  object: string,
  { reads, writes }: Request,
): { readonly operation: string; readonly input: unknown } {
  const keyOf = (register: number) => ({ pk: { S: `${object} ${register}` } });
  if (writes.length === 0) {
    if (reads.length === 1) {
      const input = { TableName, Key: keyOf(reads[0]!), ConsistentRead: true };
      return { operation: "GetItem", input };
    }
    const TransactItems = reads.map((register) => ({ Get: { TableName, Key: keyOf(register) } }));
    return { operation: "TransactGetItems", input: { TransactItems } };
  }
  const actions = writes.map((write) => actionOf(write, keyOf(write.register)));
  if (actions.length > 1) {
    const TransactItems = actions.map(({ name, action }) => ({ [name]: action }));
    return { operation: "TransactWriteItems", input: { TransactItems } };
  }
  const { name, action } = actions[0]!;
  const ReturnValues = name === "Update" ? "UPDATED_NEW" : "ALL_OLD";
  return { operation: `${name}Item`, input: { ...action, ReturnValues } };
}

function actionOf({ kind, number, hasCondition, expected }: Write, key: { pk: { S: string } }) {
  const condition: Record<string, unknown> = {};
  const values: Record<string, unknown> = {};
  if (hasCondition && expected === null) {
    condition["ConditionExpression"] = "attribute_not_exists(pk)";
  } else if (hasCondition) {
    condition["ConditionExpression"] = "n = :expected";
    values[":expected"] = { N: String(expected) };
  }
  if (kind === "add") values[":number"] = { N: String(number) };
  if (Object.keys(values).length > 0) condition["ExpressionAttributeValues"] = values;
  switch (kind) {
    case "put":
      return {
        name: "Put",
        action: { TableName, Item: { ...key, n: { N: String(number) } }, ...condition },
      };
    case "add":
      return {
        name: "Update",
        action: { TableName, Key: key, UpdateExpression: "ADD n :number", ...condition },
      };
    case "delete":
      return { name: "Delete", action: { TableName, Key: key, ...condition } };
    case "check":
      return { name: "ConditionCheck", action: { TableName, Key: key, ...condition } };
  }
}

/**
 * What an answer says; undefined if the request had no effect and says nothing (a transaction that gave way to
 * another). Throws if it is no answer that belongs to the request.
 */
export function outcomeOf(request: Request, { status, json }: Answer): Outcome | undefined {
  const code = typeof json["__type"] === "string" ? json["__type"].split("#").at(-1) : undefined;
  if (status === 200) return successOf(request, json);
  if (code === "ConditionalCheckFailedException") return { applied: false, failed: [true] };
  if (code === "TransactionCanceledException") {
    const reasons = (json["CancellationReasons"] as { Code: string }[]).map(({ Code }) => Code);
    if (reasons.includes("TransactionConflict")) return undefined;
    return { applied: false, failed: reasons.map((reason) => reason !== "None") };
  }
  throw new Error(`no answer to ${JSON.stringify(request)}: ${status} ${JSON.stringify(json)}`);
}

function successOf({ reads, writes }: Request, json: Answer["json"]): Outcome {
  if (writes.length === 0) {
    const items =
      reads.length === 1
        ? [json["Item"] as Item | undefined]
        : (json["Responses"] as { Item?: Item }[]).map(({ Item: item }) => item);
    return { values: items.map(numberOf) };
  }
  if (writes.length > 1) return { applied: true };
  const told = numberOf(json["Attributes"] as Item | undefined);
  return writes[0]!.kind === "add"
    ? { applied: true, hasAfter: true, after: told }
    : { applied: true, hasBefore: true, before: told };
}

function numberOf(item: Item | undefined): number | null {
  return item === undefined ? null : Number(item.n.N);
}
