import { typeOf } from "../items/attribute-values.ts";
import type { AttributeValue } from "../items/attribute-values.ts";
import { checkValue } from "../items/item-size.ts";
import { PathUse } from "../expressions/paths.ts";
import { Update } from "../expressions/update.ts";
import type { UpdateAction } from "../expressions/update.ts";
import { invalidParameter, ValidationProblem } from "../validation-problem.ts";

export type LegacyUpdate = {
  Action?: "PUT" | "ADD" | "DELETE" | undefined;
  Value?: AttributeValue | undefined;
};

/** The update that AttributeUpdates, from before expressions, asks for. */
export function legacyUpdate(updates: Record<string, LegacyUpdate>): Update {
  const use = new PathUse();
  const actions: UpdateAction[] = [];
  for (const [name, update] of Object.entries(updates)) {
    use.add([name]);
    actions.push(actionOf(name, update));
  }
  return new Update(actions, use, "Type mismatch for attribute to update");
}

function actionOf(name: string, { Action: action, Value: value }: LegacyUpdate): UpdateAction {
  const path = [name];
  if (value === undefined) {
    if (action === "DELETE") return { kind: "remove", path };
    throw invalid("Only DELETE action is allowed when no attribute value is specified");
  }
  checkValue(value);
  const type = typeOf(value);
  const isSet = type === "SS" || type === "NS" || type === "BS";
  if (action === "DELETE") {
    if (!isSet) throw invalid(`DELETE action with value is not supported for the type ${type}`);
    return { kind: "delete", path, value };
  }
  if (action === "ADD") {
    if (!isSet && type !== "N" && type !== "L") {
      throw invalid(`ADD action is not supported for the type ${type}`);
    }
    return { kind: "add", path, value };
  }
  return { kind: "set", path, value: { kind: "value", value } };
}

function invalid(message: string): ValidationProblem {
  return new ValidationProblem(invalidParameter + message);
}
