import type { SeededRandom } from "#world/seeded-random.ts";
import {
  createTableInput,
  designOf,
  designs,
  type Image,
  type IndexDesign,
  indexInput,
  nameOf,
  passingIndex,
  type TableDesign,
  type Value,
} from "./designs.ts";
import type { Change, Condition, State, TableStep, Write, WriteStep } from "./model.ts";

export type ReadStep =
  | { readonly operation: "GetItem"; readonly table: string; readonly key: Image }
  | {
      readonly operation: "Query";
      readonly table: string;
      readonly index: IndexDesign | undefined;
      readonly partition: Value;
      readonly isBackward: boolean;
      readonly limit: number | undefined;
      /** Of queries on tables. */
      readonly behind?: Image;
    }
  | { readonly operation: "Scan"; readonly table: string; readonly index: IndexDesign | undefined }
  | {
      readonly operation: "TransactGetItems" | "BatchGetItem";
      readonly table: string;
      readonly keys: readonly Image[];
    };

export type Step = WriteStep | TableStep | ReadStep;

const writeOperations = new Set<Step["operation"]>([
  "PutItem",
  "UpdateItem",
  "DeleteItem",
  "BatchWriteItem",
  "TransactWriteItems",
]);
const tableOperations = new Set<Step["operation"]>([
  "CreateTable",
  "DeleteTable",
  "CreateIndex",
  "DeleteIndex",
]);

export function isWrite(step: Step): step is WriteStep {
  return writeOperations.has(step.operation);
}

export function isTableStep(step: Step): step is TableStep {
  return tableOperations.has(step.operation);
}

/** Draws what a client does next. */
export class StepSource {
  readonly #random: SeededRandom;
  /** Makes versions that no other item has. */
  #versions = 0;
  /** Transactions that may be sent again under their token. */
  readonly #sent: WriteStep[] = [];

  /** Until there are so many items that filling an index takes several steps, which a crash can part. */
  #isFilling: boolean;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#isFilling = random.chance(0.4);
  }

  next(state: State): Step {
    const random = this.#random;
    const wide = state.tables.get("wide");
    if (this.#isFilling && wide !== undefined && random.chance(0.7)) {
      if (wide.items.size < 180) return this.#batch(designOf("wide"), 25, 0);
      this.#isFilling = false;
      return { operation: "CreateIndex", table: "wide" };
    }
    const design = designs[random.below(designs.length)]!;
    const table = state.tables.get(design.name);
    if (table === undefined && random.chance(0.8)) {
      return { operation: "CreateTable", table: design.name };
    }
    const luck = random.below(100);
    if (luck < 4) return this.#tableStep(design);
    if (luck < 20) return this.#put(design, state);
    if (luck < 34) return this.#update(design, state);
    if (luck < 42) return this.#delete(design, state);
    if (luck < 54) return this.#batch(design);
    if (luck < 70) return this.#transact(state);
    return this.#read(design);
  }

  #tableStep({ name }: TableDesign): TableStep {
    const luck = this.#random.below(6);
    const operation =
      luck < 1
        ? "DeleteTable"
        : luck < 2
          ? "CreateTable"
          : luck < 4
            ? "CreateIndex"
            : "DeleteIndex";
    return { operation, table: name };
  }

  #put(design: TableDesign, state: State): WriteStep {
    const item = this.#item(this.#key(design));
    // Not every item fits the index that comes and goes.
    if (this.#random.chance(0.1)) item["w"] = { S: "a word" };
    return single("PutItem", this.#conditioned(design, state, { kind: "put", item }));
  }

  #update(design: TableDesign, state: State): WriteStep {
    return single("UpdateItem", this.#conditioned(design, state, this.#updateOf(design)));
  }

  #delete(design: TableDesign, state: State): WriteStep {
    const change = { kind: "delete", key: this.#key(design) } as const;
    return single("DeleteItem", this.#conditioned(design, state, change));
  }

  #batch(
    design: TableDesign,
    count = 1 + this.#random.below(design.name === "wide" ? 25 : 6),
    deletions = 0.2,
  ): WriteStep {
    const writes = this.#keys(design, count).map((key): Write => ({
      table: design.name,
      change: this.#random.chance(deletions)
        ? { kind: "delete", key }
        : { kind: "put", item: this.#item(key) },
    }));
    return { operation: "BatchWriteItem", writes };
  }

  #transact(state: State): WriteStep {
    const random = this.#random;
    if (this.#sent.length > 0 && random.chance(0.15)) {
      return this.#sent[random.below(this.#sent.length)]!;
    }
    const seen = new Set<string>();
    const writes: Write[] = [];
    for (let count = 2 + random.below(3); count > 0; count -= 1) {
      const design = designs[random.below(designs.length)]!;
      const key = this.#key(design);
      const name = design.name + nameOf(key);
      if (seen.has(name)) continue;
      seen.add(name);
      writes.push(this.#conditioned(design, state, this.#changeOf(design, key)));
    }
    this.#versions += 1;
    const step: WriteStep = {
      operation: "TransactWriteItems",
      writes,
      ...(random.chance(0.5) ? { token: `token ${this.#versions}` } : {}),
    };
    if (step.token !== undefined) this.#sent.push(step);
    if (this.#sent.length > 6) this.#sent.shift();
    return step;
  }

  #changeOf(design: TableDesign, key: Image): Change {
    const luck = this.#random.below(10);
    if (luck < 4) return { kind: "put", item: this.#item(key) };
    if (luck < 7) return { ...this.#updateOf(design), key };
    return { kind: luck < 9 ? "delete" : "check", key };
  }

  #updateOf(design: TableDesign): Extract<Change, { kind: "update" }> {
    const random = this.#random;
    const { g, l, w, v } = this.#item({});
    const set: Record<string, Value> = { v: v! };
    const remove: string[] = [];
    for (const [name, value] of Object.entries({ g, l, w })) {
      if (value !== undefined && random.chance(0.5)) set[name] = value;
      else if (random.chance(0.2)) remove.push(name);
    }
    return { kind: "update", key: this.#key(design), set, remove, add: 1 + random.below(3) };
  }

  #conditioned(design: TableDesign, state: State, change: Change): Write {
    const random = this.#random;
    const write = { table: design.name, change };
    const isCheck = change.kind === "check";
    if (!isCheck && random.chance(0.6)) return write;
    const name = nameOf(change.kind === "put" ? change.item : change.key);
    const version = state.tables.get(design.name)?.items.get(name)?.["v"];
    // Most conditions hold, unless somebody was faster.
    const isHonest = random.chance(0.8);
    const isThere = (version !== undefined) === isHonest;
    const condition: Condition =
      version !== undefined && "N" in version && random.chance(0.5)
        ? { kind: "version", version: isHonest ? version.N : "-1" }
        : { kind: isThere ? "exists" : "absent" };
    return { ...write, condition };
  }

  #read(design: TableDesign): ReadStep {
    const random = this.#random;
    const luck = random.below(10);
    const table = design.name;
    if (luck < 3) return { operation: "GetItem", table, key: this.#key(design) };
    if (luck < 5) {
      const operation = random.chance(0.5) ? "TransactGetItems" : "BatchGetItem";
      return { operation, table, keys: this.#keys(design, 1 + random.below(4)) };
    }
    const indexes = [undefined, ...design.indexes, passingIndex];
    const index = indexes[random.below(indexes.length)];
    if (luck < 6) return { operation: "Scan", table, index };
    const partition = index?.isGlobal === true ? this.#item({})[index.key[0]![0]] : undefined;
    return {
      operation: "Query",
      table,
      index: partition === undefined && index?.isGlobal === true ? undefined : index,
      partition: partition ?? this.#key(design)["pk"]!,
      isBackward: random.chance(0.5),
      limit: random.chance(0.5) ? 1 + random.below(4) : undefined,
    };
  }

  #key(design: TableDesign): Image {
    const pk = { S: `p${this.#random.below(design.partitions)}` };
    return design.sortKeys === 0
      ? { pk }
      : { pk, sk: { N: String(this.#random.below(design.sortKeys)) } };
  }

  #keys(design: TableDesign, count: number): Image[] {
    const keys = Array.from({ length: count }, () => this.#key(design));
    return [...new Map(keys.map((key) => [nameOf(key), key])).values()];
  }

  #item(key: Image): Record<string, Value> {
    const random = this.#random;
    this.#versions += 1;
    const item: Record<string, Value> = { ...key, v: { N: String(this.#versions) } };
    if (random.chance(0.7)) item["g"] = { S: `g${random.below(4)}` };
    if (random.chance(0.7)) item["l"] = { S: `l${random.below(3)}` };
    if (random.chance(0.7)) item["w"] = { N: String(random.below(4)) };
    if (random.chance(0.5)) item["n"] = { N: String(random.below(5)) };
    if (random.chance(0.3)) item["note"] = { S: "n".repeat(random.below(200)) };
    return item;
  }
}

function single(operation: "PutItem" | "UpdateItem" | "DeleteItem", write: Write): WriteStep {
  return { operation, writes: [write] };
}

/** The operation's name and input, as a client sends them. */
export function requestOf(step: Step): { readonly operation: string; readonly input: unknown } {
  if (isWrite(step)) return { operation: step.operation, input: writeInput(step) };
  if (isTableStep(step)) return tableRequest(step);
  return { operation: step.operation, input: readInput(step) };
}

function writeInput({ operation, writes, token }: WriteStep): unknown {
  if (operation === "BatchWriteItem") {
    const requests = writes.map(({ change }) =>
      change.kind === "put"
        ? { PutRequest: { Item: change.item } }
        : { DeleteRequest: { Key: "key" in change ? change.key : {} } },
    );
    return { RequestItems: { [writes[0]!.table]: requests } };
  }
  if (operation === "TransactWriteItems") {
    const TransactItems = writes.map((write) => ({
      [actionNames[write.change.kind]]: actionOf(write),
    }));
    return { TransactItems, ClientRequestToken: token };
  }
  return {
    ...actionOf(writes[0]!),
    ReturnValues: operation === "UpdateItem" ? "ALL_NEW" : "ALL_OLD",
  };
}

const actionNames = { put: "Put", update: "Update", delete: "Delete", check: "ConditionCheck" };

function actionOf({ table: TableName, change, condition }: Write): Record<string, unknown> {
  const values: Record<string, Value> = {};
  const names: Record<string, string> = {};
  const action: Record<string, unknown> = { TableName };
  if (change.kind === "put") action["Item"] = change.item;
  else action["Key"] = change.key;
  if (change.kind === "update") {
    const sets = Object.entries(change.set).map(([name, value]) => {
      values[`:${name}`] = value;
      names[`#${name}`] = name;
      return `#${name} = :${name}`;
    });
    const removes = change.remove.map((name) => {
      names[`#${name}`] = name;
      return `#${name}`;
    });
    values[":add"] = { N: String(change.add) };
    action["UpdateExpression"] =
      `SET ${sets.join(", ")}${removes.length > 0 ? ` REMOVE ${removes.join(", ")}` : ""} ADD n :add`;
  }
  if (condition !== undefined) action["ConditionExpression"] = conditionText(condition, values);
  if (Object.keys(values).length > 0) action["ExpressionAttributeValues"] = values;
  if (Object.keys(names).length > 0) action["ExpressionAttributeNames"] = names;
  return action;
}

function conditionText(condition: Condition, values: Record<string, Value>): string {
  if (condition.kind === "exists") return "attribute_exists(pk)";
  if (condition.kind === "absent") return "attribute_not_exists(pk)";
  values[":expected"] = { N: condition.version };
  return "v = :expected";
}

function tableRequest({ operation, table: TableName }: TableStep): {
  readonly operation: string;
  readonly input: unknown;
} {
  switch (operation) {
    case "CreateTable":
      return { operation, input: createTableInput(designOf(TableName)) };
    case "DeleteTable":
      return { operation, input: { TableName } };
    case "CreateIndex":
      return {
        operation: "UpdateTable",
        input: {
          TableName,
          AttributeDefinitions: [{ AttributeName: "w", AttributeType: "N" }],
          GlobalSecondaryIndexUpdates: [{ Create: indexInput(passingIndex) }],
        },
      };
    case "DeleteIndex":
      return {
        operation: "UpdateTable",
        input: {
          TableName,
          GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: passingIndex.name } }],
        },
      };
  }
}

function readInput(step: ReadStep): unknown {
  const TableName = step.table;
  switch (step.operation) {
    case "GetItem":
      return { TableName, Key: step.key, ConsistentRead: true };
    case "TransactGetItems":
      return { TransactItems: step.keys.map((Key) => ({ Get: { TableName, Key } })) };
    case "BatchGetItem":
      return { RequestItems: { [TableName]: { Keys: step.keys, ConsistentRead: true } } };
    case "Scan":
      return { TableName, IndexName: step.index?.name };
    case "Query":
      return {
        TableName,
        IndexName: step.index?.name,
        KeyConditionExpression: "#partition = :partition",
        ExpressionAttributeNames: { "#partition": step.index?.key[0]![0] ?? "pk" },
        ExpressionAttributeValues: { ":partition": step.partition },
        ScanIndexForward: !step.isBackward,
        Limit: step.limit,
        ExclusiveStartKey: step.behind,
      };
  }
}
