import assert from "node:assert/strict";
import test from "node:test";
import { orderBinaries, orderNumbers, orderStrings } from "./set-members.ts";
import { ValidationProblem } from "../validation-problem.ts";

test("members stand by UTF-8 bytes, by value or by bytes", () => {
  const check = (order: (members: string[]) => void, sent: string[], ordered: string[]) => {
    const members = [...sent];
    order(members);
    assert.deepEqual(members, ordered);
  };
  check(orderStrings, ["b", "", "a"], ["", "a", "b"]);
  check(orderStrings, ["😀", "\uffff", "Z", "a"], ["Z", "a", "\uffff", "😀"]);
  check(orderNumbers, ["10", "-2", "9.5", "0"], ["-2", "0", "9.5", "10"]);
  // Bytes FF, 00, 00 00 and none.
  check(orderBinaries, ["/w==", "AA==", "AAA=", ""], ["", "AA==", "AAA=", "/w=="]);
  const many = Array.from({ length: 30 }, (_, index) => String(index));
  check(orderNumbers, many.toReversed(), many);
});

test("duplicates are named in the words of the older and of the newer operations", () => {
  const check = (order: () => void, older: string, newer: string) =>
    assert.throws(order, (problem) => {
      assert(problem instanceof ValidationProblem);
      assert.equal(problem.message, older);
      assert.equal(problem.newerMessage, newer);
      return true;
    });
  const invalid = "One or more parameter values were invalid: ";
  check(
    () => orderStrings(["b", "a", "b"]),
    `${invalid}Input collection [b, a, b] contains duplicates.`,
    `${invalid}Input collection ["a", "b", "b"] contains duplicates.`,
  );
  check(
    () => orderBinaries(["/w==", "AA==", "AA=="]),
    `${invalid}Input collection [/w==, AA==, AA==]of type BS contains duplicates.`,
    `${invalid}Input collection ["AA==","/w==","AA=="]of type BS contains duplicates.`,
  );
  check(
    () => orderNumbers(["2", "1", "2"]),
    "Input collection contains duplicates",
    `${invalid}Input collection contains duplicates.`,
  );
});
