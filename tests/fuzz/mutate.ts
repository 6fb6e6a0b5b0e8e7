import type { SeededRandom } from "#world/seeded-random.ts";
import type { Json, JsonObject } from "./json.ts";
import { pick } from "./pick.ts";
import { operationNames, validCall } from "./valid-calls.ts";

/** A place in a value: `holder[name]`, for lists with the index as a text. */
interface Place {
  readonly holder: JsonObject | Json[];
  readonly name: string;
}

/** Text that stands for itself in the JSON that is sent, where no value of ours could say it. */
export const rawMark = "\u0001raw:";

/** Changes the input in some places; each change is one that a client, a user or an attacker could make. */
export function mutate(random: SeededRandom, input: JsonObject): Json {
  const root: JsonObject = { input: structuredClone(input) };
  do {
    const places = placesIn(root);
    if (places.length === 0) break;
    pick(random, changes)(random, pick(random, places));
  } while (random.chance(0.45));
  return root["input"] ?? null;
}

function placesIn(value: Json, found: Place[] = []): Place[] {
  if (typeof value !== "object" || value === null) return found;
  for (const [name, inner] of Object.entries(value)) {
    found.push({ holder: value, name });
    if (found.length < 2000) placesIn(inner, found);
  }
  return found;
}

type Change = (random: SeededRandom, place: Place) => void;

const read = ({ holder, name }: Place): Json =>
  Array.isArray(holder) ? holder[Number(name)]! : holder[name]!;

function write({ holder, name }: Place, value: Json): void {
  if (Array.isArray(holder)) holder[Number(name)] = value;
  else set(holder, name, value);
}

/** As JSON.parse does it: "__proto__" is a name like any other. */
function set(holder: JsonObject, name: string, value: Json): void {
  const how = { value, enumerable: true, configurable: true, writable: true };
  Object.defineProperty(holder, name, how);
}

function remove({ holder, name }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(name), 1);
  else delete holder[name];
}

const changes: readonly Change[] = [
  (_random, place) => remove(place),
  (random, place) => write(place, oddValue(random)),
  (random, place) => write(place, oddValue(random)),
  (random, place) => write(place, borrowed(random)),
  (random, place) => write(place, pick(random, wraps)(read(place))),
  rename,
  rename,
  repeat,
  (random, { holder }) => {
    if (Array.isArray(holder)) holder.push(borrowed(random));
    else set(holder, pick(random, knownNames), borrowed(random));
  },
  changeText,
  changeText,
  changeText,
];

/** Gives a member another name, often that of another type or member: {"S": ...} becomes {"N": ...}. */
function rename(random: SeededRandom, place: Place): void {
  if (Array.isArray(place.holder)) return;
  const value = read(place);
  const name = random.chance(0.8)
    ? pick(random, knownNames)
    : pick(random, [place.name.toLowerCase(), `${place.name} `, place.name.repeat(40)]);
  if (random.chance(0.8)) remove(place);
  set(place.holder, name, value);
}

/** Lists at and over their limits. */
function repeat(random: SeededRandom, place: Place): void {
  const value = read(place);
  if (!Array.isArray(value) || value.length === 0) return;
  const count = pick(random, [2, 10, 26, 101, 300]);
  // Not of what has grown already: a few of these would fill the memory.
  if (JSON.stringify(value).length > 3000) return;
  write(
    place,
    Array.from({ length: count }, (_, at) => structuredClone(value[at % value.length]!)),
  );
}

function changeText(random: SeededRandom, place: Place): void {
  const value = read(place);
  if (typeof value !== "string") return write(place, borrowed(random));
  const at = random.below(value.length + 1);
  const end = Math.min(value.length, at + 1 + random.below(4));
  const insert = pick(random, fragments);
  write(
    place,
    pick(random, [
      () => value.slice(0, at) + insert + value.slice(at),
      () => value.slice(0, at) + insert + value.slice(end),
      () => value.slice(0, at) + value.slice(end),
      () => value.slice(0, at),
      () => value.repeat(2),
    ])(),
  );
}

/** Some value out of another valid request. */
function borrowed(random: SeededRandom): Json {
  const { input } = validCall(random);
  const places = placesIn({ input });
  return structuredClone(read(pick(random, places)));
}

const wraps: readonly ((value: Json) => Json)[] = [
  (value) => [value],
  (value) => ({ L: [value] }),
  (value) => ({ M: { a: value } }),
  (value) => ({ S: value }),
  (value) => JSON.stringify(value),
  (value) => ({ "": value }),
  (value) => {
    let nested = value;
    for (let level = 0; level < 33; level += 1) nested = { L: [nested] };
    return nested;
  },
];

// prettier-ignore
const fragments = [
  " ", "(", ")", ",", ".", "[", "]", "[0]", "[99999999999]", ":n", ":s", "#n", "#", ":", "=", "<>", "<", ">=", "+", "-",
  " AND ", " OR ", " NOT ", " IN (", " BETWEEN ", "SET ", "REMOVE ", "ADD ", "DELETE ", "size(", "begins_with(",
  "if_not_exists(", "list_append(", "attribute_type(", "pk", "sk", "name", "\0", "\n", "é", "\u{1F600}", "\uD800", "%",
  "'", '"', "\\", "1", "e", "E999", "(((((((((((((((((((", "NOT NOT NOT NOT ", "a.b.c.d.e.f.g", "=", "==", "/", "*",
];

// prettier-ignore
const knownNames = [
  "S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL", "pk", "sk", "g", "h", "b", "l", "count", "id", "main",
  "TableName", "Key", "Item", "Keys", "Get", "Put", "Update", "Delete", "ConditionCheck", "IndexName", "Limit",
  "ExpressionAttributeNames", "ExpressionAttributeValues", "ConditionExpression", "UpdateExpression", "Expected",
  "FilterExpression", "KeyConditionExpression", "ProjectionExpression", "AttributesToGet", "KeyConditions",
  "ScanFilter", "QueryFilter", "AttributeUpdates", "ConditionalOperator", "Exists", "Value", "Select", "Segment",
  "AttributeValueList", "ComparisonOperator", "ReturnValues", "ReturnConsumedCapacity", "ExclusiveStartKey",
  "StreamSpecification", "SSESpecification", "LocalSecondaryIndexes", "GlobalSecondaryIndexes", "OnDemandThroughput",
  "ReplicaUpdates", "WarmThroughput", "ResourcePolicy", "VectorIndexes", "GlobalTableWitnessUpdates",
  "__proto__", "constructor", "toString", "hasOwnProperty", "__type", "", "\0", "é", "#n", ":n", ":s",
];

// prettier-ignore
const oddValues: readonly Json[] = [
  null, true, false, 0, -1, 1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e300, "", " ", "0", "-0", "NaN", "Infinity", "1e126",
  "1e125", "9".repeat(38), "9".repeat(39), `0.${"0".repeat(129)}1`, "1e-130", "1e-131", "1e99999999999", "--1", "0x10",
  "+1", "1_000", ".5", "5.", "AAE", "====", "/-_=", "true", "ALL", "ALL_NEW", "COUNT", "EQ", "NE", "IN", "x".repeat(256),
  "x".repeat(2049), "\0", "\uD800", "\uDFFF\uD800", "é".repeat(1025), "__proto__", "pk", "sk", {}, [], [[]], [null], [{}],
  { S: null }, { N: 1 }, { S: "a", N: "1" }, { NULL: false }, { SS: [] }, { NS: ["1", "1.0"] }, { BS: ["AA==", "AA=="] },
  { L: [] }, { M: {} }, { M: { "": { S: "" } } }, { B: "" }, { S: "" }, { BOOL: "true" }, { N: "" }, { M: [] }, { L: {} },
  ...["1e999", "-1e999", "1E400", "01", "1.", "NaN", "undefined", "'a'", '"\\ud800"', '"\\u0000"', '"\\x"', "tru", "{,}", "[1,]"]
    .map((text) => rawMark + text),
  ...['{"a":1,"a":2}', '{"S":"a","S":"b"}', "/**/1", "[".repeat(200), "{\"M\":".repeat(100), `${"[".repeat(3000)}${"]".repeat(3000)}`]
    .map((text) => rawMark + text),
  `${rawMark}${'{"L":['.repeat(500)}{"S":"deep"}${"]}".repeat(500)}`,
  `${rawMark}${'{"M":{"a":'.repeat(40)}{"S":"deep"}${"}}".repeat(40)}`,
];

function oddValue(random: SeededRandom): Json {
  if (random.chance(0.01)) return { S: "x".repeat(410_000) };
  if (random.chance(0.02)) return { S: "x".repeat(random.below(100_000)) };
  if (random.chance(0.02)) return pick(random, operationNames);
  return structuredClone(pick(random, oddValues));
}
