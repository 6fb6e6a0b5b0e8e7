import assert from "node:assert/strict";
import test from "node:test";
import { CsvReader } from "./read-csv.ts";

function check(text: string, expected: readonly (readonly string[])[], delimiter = ","): void {
  const reader = new CsvReader(delimiter);
  const records = text.split("\n").flatMap((line) => {
    const values = reader.read(line);
    return values === undefined ? [] : [[...values]];
  });
  assert.deepEqual(records, expected);
  assert.equal(reader.isOpen, false);
}

test("values of a record stand between delimiters, or between quotes", () => {
  check("a,b,c", [["a", "b", "c"]]);
  check("a,,c,", [["a", "", "c", ""]]);
  check("", [[""]]);
  check("a;b,c", [["a", "b,c"]], ";");
  check('"a,b",c', [["a,b", "c"]]);
  check('"say ""no""",c', [['say "no"', "c"]]);
  check('"",""', [["", ""]]);
  check('a"b,c', [['a"b', "c"]]);
});

test("a quoted value goes on in the next line", () => {
  check('"a\nb",c\nd,e', [
    ["a\nb", "c"],
    ["d", "e"],
  ]);
  check('x,"a\n\n""b"\nd,e', [
    ["x", 'a\n\n"b'],
    ["d", "e"],
  ]);
});
