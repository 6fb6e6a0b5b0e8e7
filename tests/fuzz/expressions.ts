import type { JsonObject } from "./json.ts";

/** What the placeholders in the expressions below stand for. */
const values: JsonObject = {
  ":n": { N: "3" },
  ":s": { S: "g1" },
  ":p": { S: "p1" },
  ":lx": { S: "l" },
  ":l": { L: [{ S: "more" }] },
  ":set": { SS: ["two", "three"] },
  ":b": { B: "AQID" },
  ":t": { S: "N" },
  ":low": { N: "-5" },
};

const names: JsonObject = { "#n": "note", "#m": "map", "#c": "count" };

export const conditions = [
  "attribute_exists(pk) AND NOT #c > :n",
  "attribute_not_exists(#m.b.c) OR (#n <> :s AND size(#n) >= :n)",
  "contains(words, :s) OR begins_with(g, :s)",
  "h BETWEEN :low AND :n OR attribute_type(#c, :t)",
  "#c IN (:n, :low, :s) OR things[2].deep[0] = :s",
];

export const updates = [
  "SET #c = if_not_exists(#c, :low) + :n, #m.b.d = :s REMOVE things[0], #n",
  "SET things = list_append(things, :l), g = :s, h = :n",
  "ADD #c :n, words :set DELETE bytes :bs",
  "REMOVE g, h, b, l",
  "SET things[1] = :b, b = :b, l = :s",
  "SET #m.a = #m.a - :n DELETE words :set",
];

export const projections = ["pk, sk, #n", "#m.b.c, things[2].deep[0], things[1]", "#c"];

/** Only what the expressions name, as AWS wants it. */
export function bound(...expressions: readonly (string | undefined)[]): JsonObject {
  const text = expressions.join(" ");
  const used = (all: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(all).filter(([name]) => new RegExp(`${name}(?!\\w)`).test(text)),
    );
  const usedNames = used(names);
  const usedValues = used({ ...values, ":bs": { BS: ["AA=="] } });
  return {
    ...(Object.keys(usedNames).length > 0 ? { ExpressionAttributeNames: usedNames } : {}),
    ...(Object.keys(usedValues).length > 0 ? { ExpressionAttributeValues: usedValues } : {}),
  };
}
