import type { AttributeValue } from "../items/attribute-values.ts";
import { checkValue, utf8Bytes } from "../items/item-size.ts";
import type { Path } from "./paths.ts";
import type { NewValue, UpdateAction } from "./update.ts";

/*
 * Besides the finished item, UpdateItem (not a transaction, and not AttributeUpdates) limits what its expression writes:
 * the operands, with a fixed cost for each action, operator and step of a path, whatever the item holds. Documented
 * nowhere; measured to the byte at AWS in October 2026 by paritysuite/dynamodb-conformance (limits/itemSizeBySurface).
 */

const updateCost = 3;
const assigningCost = 19;
const removingCost = 1;
const pathCost = 1;
const operandStepCost = 14;
const targetStepCost = 4;
const operatorCost = { "+": 34, "-": 37, list_append: 37, if_not_exists: 39 };

export function chargeBytes(actions: readonly UpdateAction[]): number {
  let bytes = updateCost;
  for (const action of actions) {
    bytes += targetBytes(action.path);
    switch (action.kind) {
      case "set":
        bytes += assigningCost + operandBytes(action.value);
        break;
      case "add":
        bytes += assigningCost + valueBytes(action.value);
        break;
      case "remove":
      case "delete":
        bytes += removingCost;
        break;
    }
  }
  return bytes;
}

function operandBytes(operand: NewValue): number {
  switch (operand.kind) {
    case "value":
      return valueBytes(operand.value);
    case "path":
      return pathBytes(operand.path);
    case "if_not_exists":
      return operatorCost.if_not_exists + pathBytes(operand.path) + operandBytes(operand.otherwise);
    case "list_append":
      return operatorCost.list_append + operandBytes(operand.left) + operandBytes(operand.right);
    case "sum":
      return (
        operatorCost[operand.operator] + operandBytes(operand.left) + operandBytes(operand.right)
      );
  }
}

const valueBytes = (value: AttributeValue): number => checkValue(value);

function targetBytes(path: Path): number {
  let bytes = -targetStepCost;
  for (const element of path) bytes += targetStepCost + elementBytes(element);
  return bytes;
}

function pathBytes(path: Path): number {
  let bytes = pathCost;
  for (const element of path) bytes += operandStepCost + elementBytes(element);
  return bytes;
}

const elementBytes = (element: string | number): number =>
  typeof element === "string" ? utf8Bytes(element) : String(element).length;
