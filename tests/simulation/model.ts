import { type Image, nameOf, type Value } from "./designs.ts";

/*
 * What DynamoDB is, as little of it as the simulation's steps need: states that never change, one after
 * each write, so that what a crash or an answer shows can be looked for among them.
 */

/** Where jobs make of something what was asked for, at a moment that only they know. */
export type Phase = "creating" | "active" | "deleting";

export interface TableState {
  readonly phase: Phase;
  readonly items: ReadonlyMap<string, Image>;
  /** Of the index that comes and goes. */
  readonly passing: Phase | undefined;
}

export interface State {
  readonly tables: ReadonlyMap<string, TableState>;
  /** Transactions by their client tokens. */
  readonly tokens: ReadonlyMap<string, { readonly request: string; readonly doneAtMs: number }>;
}

export const emptyState: State = { tables: new Map(), tokens: new Map() };

export type Condition =
  | { readonly kind: "exists" }
  | { readonly kind: "absent" }
  | { readonly kind: "version"; readonly version: string };

export type Change =
  | { readonly kind: "put"; readonly item: Image }
  | {
      readonly kind: "update";
      readonly key: Image;
      readonly set: Image;
      readonly remove: readonly string[];
      /** Added to `n`. */
      readonly add: number;
    }
  | { readonly kind: "delete"; readonly key: Image }
  | { readonly kind: "check"; readonly key: Image };

export interface Write {
  readonly table: string;
  readonly change: Change;
  readonly condition?: Condition;
}

export type WriteStep = {
  readonly operation:
    | "PutItem"
    | "UpdateItem"
    | "DeleteItem"
    | "BatchWriteItem"
    | "TransactWriteItems";
  readonly writes: readonly Write[];
  readonly token?: string;
};

export type TableStep = {
  readonly operation: "CreateTable" | "DeleteTable" | "CreateIndex" | "DeleteIndex";
  readonly table: string;
};

/** What a step makes of a state. `refusals`: error codes; one of them must come, or one may. */
export interface Expectation {
  readonly after: State;
  readonly refusals: readonly string[];
  readonly mustRefuse: boolean;
  /** The item before each write and after it, in their order; none if refused or repeated. */
  readonly images: readonly {
    readonly before: Image | undefined;
    readonly after: Image | undefined;
  }[];
  /** Of a transaction that is cancelled: a code for each action. */
  readonly reasons?: readonly string[];
}

const tokenValidMs = 600_000;
const notFound = "ResourceNotFoundException";

function refused(state: State, code: string, reasons?: readonly string[]): Expectation {
  const base = { after: state, refusals: [code], mustRefuse: true, images: [] };
  return reasons === undefined ? base : { ...base, reasons };
}

export function holds(condition: Condition | undefined, item: Image | undefined): boolean {
  if (condition === undefined) return true;
  if (condition.kind === "exists") return item !== undefined;
  if (condition.kind === "absent") return item === undefined;
  const version = item?.["v"];
  return version !== undefined && "N" in version && version.N === condition.version;
}

export function changed(change: Change, before: Image | undefined): Image | undefined {
  switch (change.kind) {
    case "put":
      return change.item;
    case "delete":
      return undefined;
    case "check":
      return before;
    case "update": {
      const after: Record<string, Value> = { ...(before ?? change.key), ...change.set };
      for (const name of change.remove) delete after[name];
      const n = after["n"];
      after["n"] = { N: String((n !== undefined && "N" in n ? Number(n.N) : 0) + change.add) };
      return after;
    }
  }
}

const keyOfChange = (change: Change): string =>
  nameOf(change.kind === "put" ? change.item : change.key);

/** A value that the passing index cannot take as its key. */
function isUnfit(change: Change): boolean {
  const w = change.kind === "put" ? change.item["w"] : undefined;
  return w !== undefined && !("N" in w);
}

export function applyWrites(state: State, step: WriteStep, nowMs: number): Expectation {
  const request = JSON.stringify(step.writes);
  const known = step.token === undefined ? undefined : state.tokens.get(step.token);
  if (known !== undefined && nowMs < known.doneAtMs + tokenValidMs) {
    if (known.request !== request) return refused(state, "IdempotentParameterMismatchException");
    return { after: state, refusals: [], mustRefuse: false, images: [] };
  }
  const tables = new Map(state.tables);
  const refusals = new Set<string>();
  for (const { table } of step.writes) {
    const found = tables.get(table);
    if (found === undefined) return refused(state, notFound);
    if (found.phase === "deleting") return refused(state, notFound);
    if (found.phase === "creating") {
      // If the request is served, the table must have become ACTIVE.
      refusals.add(notFound);
      tables.set(table, { ...found, phase: "active" });
    }
  }
  const images: { before: Image | undefined; after: Image | undefined }[] = [];
  const reasons: string[] = [];
  for (const { table, change, condition } of step.writes) {
    const found = tables.get(table)!;
    const name = keyOfChange(change);
    const before = found.items.get(name);
    if (isUnfit(change)) {
      if (found.passing === "creating" || found.passing === "active") {
        // A table that is being created has no such index yet.
        return refused(state, "ValidationException");
      }
      if (found.passing === "deleting") refusals.add("ValidationException");
    }
    const isMet = holds(condition, before);
    reasons.push(isMet ? "None" : "ConditionalCheckFailed");
    const after = changed(change, before);
    images.push({ before, after });
    if (!isMet) continue;
    const items = new Map(found.items);
    if (after === undefined) items.delete(name);
    else items.set(name, after);
    tables.set(table, { ...found, items });
  }
  if (reasons.some((reason) => reason !== "None")) {
    // It may still be too early for the table.
    const early = refusals.has(notFound) ? [notFound] : [];
    const isTransaction = step.operation === "TransactWriteItems";
    const code = isTransaction ? "TransactionCanceledException" : "ConditionalCheckFailedException";
    return {
      ...refused(state, code, isTransaction ? reasons : undefined),
      refusals: [code, ...early],
    };
  }
  const tokens = new Map(state.tokens);
  if (step.token !== undefined) tokens.set(step.token, { request, doneAtMs: nowMs });
  return { after: { tables, tokens }, refusals: [...refusals], mustRefuse: false, images };
}

/** `code`: with which it was in fact refused: with tables and indexes only jobs know how far they are. */
export function applyTableStep(state: State, step: TableStep): Expectation {
  const table = state.tables.get(step.table);
  const allowed = refusalsOf(step, table);
  const tables = new Map(state.tables);
  switch (step.operation) {
    case "CreateTable":
      tables.set(step.table, { phase: "creating", items: new Map(), passing: undefined });
      break;
    case "DeleteTable":
      if (table !== undefined) tables.set(step.table, { ...table, phase: "deleting" });
      break;
    case "CreateIndex":
      if (table !== undefined) {
        tables.set(step.table, { ...table, phase: "active", passing: "creating" });
      }
      break;
    case "DeleteIndex":
      if (table !== undefined) {
        tables.set(step.table, { ...table, phase: "active", passing: "deleting" });
      }
      break;
  }
  return { after: { ...state, tables }, images: [], ...allowed };
}

function refusalsOf(
  { operation }: TableStep,
  table: TableState | undefined,
): { readonly refusals: readonly string[]; readonly mustRefuse: boolean } {
  const inUse = "ResourceInUseException";
  if (operation === "CreateTable") {
    if (table === undefined) return { refusals: [], mustRefuse: false };
    return { refusals: [inUse], mustRefuse: table.phase !== "deleting" };
  }
  if (table === undefined) return { refusals: [notFound], mustRefuse: true };
  if (table.phase === "deleting") return { refusals: [inUse, notFound], mustRefuse: true };
  const early = table.phase === "creating" ? [inUse] : [];
  const { passing } = table;
  const isMoving = passing === "creating" || passing === "deleting";
  if (operation === "DeleteTable") {
    return { refusals: isMoving ? [inUse] : early, mustRefuse: false };
  }
  const limit = "LimitExceededException";
  if (operation === "CreateIndex") {
    if (passing === undefined) return { refusals: early, mustRefuse: false };
    if (passing === "deleting")
      return { refusals: [limit, inUse, "ValidationException"], mustRefuse: false };
    return { refusals: [inUse, limit, "ValidationException"], mustRefuse: true };
  }
  if (passing === undefined) return { refusals: [notFound, ...early], mustRefuse: true };
  if (passing === "deleting") return { refusals: [inUse, notFound, limit], mustRefuse: true };
  return { refusals: passing === "creating" ? [inUse] : [], mustRefuse: false };
}

/** The state when all jobs have ended. */
export function settled(state: State): State {
  const tables = new Map<string, TableState>();
  for (const [name, table] of state.tables) {
    if (table.phase === "deleting") continue;
    const isThere = table.passing === "creating" || table.passing === "active";
    tables.set(name, { ...table, phase: "active", passing: isThere ? "active" : undefined });
  }
  return { ...state, tables };
}

export function hasPassingIndex(table: TableState): boolean {
  return table.passing === "creating" || table.passing === "active";
}
