import { hashOfValue } from "../events/value-index.ts";
import type { Command, Expression } from "./query.ts";

/** A field that must have one of these values: what an index can rule out. */
export interface WantedValues {
  readonly field: string;
  readonly hashes: readonly number[];
}

/** What every event must have that comes through the first filters of a query. */
export function wantedValues(commands: readonly Command[]): WantedValues[] {
  const wanted: WantedValues[] = [];
  const made = new Set<string>();
  for (const command of commands) {
    if (command.kind === "filter") collect(command.condition, made, wanted);
    else if (command.kind === "parse") for (const name of command.names) made.add(name);
    else if (command.kind === "fields" || command.kind === "display") {
      for (const { name, expression } of command.fields) {
        if (expression.kind !== "field" || expression.name !== name) made.add(name);
      }
    } else break;
  }
  return wanted;
}

function collect(condition: Expression, made: ReadonlySet<string>, wanted: WantedValues[]): void {
  if (condition.kind === "binary" && condition.operator === "and") {
    collect(condition.left, made, wanted);
    collect(condition.right, made, wanted);
    return;
  }
  let field: Expression | undefined;
  let values: readonly Expression[] = [];
  if (condition.kind === "binary" && condition.operator === "=") {
    field = condition.left;
    values = [condition.right];
  } else if (condition.kind === "in" && !condition.isNegated) {
    field = condition.value;
    values = condition.list;
  }
  if (field?.kind !== "field" || field.name.startsWith("@") || made.has(field.name)) return;
  const hashes: number[] = [];
  for (const each of values) {
    const { value } = each.kind === "literal" ? each : {};
    if (typeof value !== "string" && typeof value !== "number") return;
    hashes.push(hashOfValue(String(value)));
  }
  wanted.push({ field: field.name, hashes });
}

/** Whether events with this index may have all that is wanted. */
export function canMatch(
  index: ReadonlyMap<string, Uint32Array> | undefined,
  wanted: readonly WantedValues[],
): boolean {
  if (index === undefined) return true;
  return wanted.every(({ field, hashes }) => {
    const known = index.get(field);
    return known === undefined || hashes.some((hash) => known.includes(hash));
  });
}
