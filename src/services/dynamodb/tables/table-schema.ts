import type { Context } from "#kernel/context.ts";
import type { AttributeDefinition, KeySchemaElement, Projection } from "#models/dynamodb.ts";
import type { IndexRecord, KeyAttribute, TableKey } from "./table-record.ts";

/*
 * The checks of key schemas, attribute definitions and projections that need no data, in AWS's order.
 * Messages are AWS's: as dynalite's tests recorded them, and as they were measured in October 2026 (ack-api-quirks,
 * DDB-TABLE-123 to 129 and 442).
 */

const invalid = "One or more parameter values were invalid: ";
const localIndexesAtMost = 5;
export const globalIndexesAtMost = 20;
const attributesOfKeyPartAtMost = 4;
const projectedAttributesAtMost = 100;

const names = (elements: readonly { readonly AttributeName: string }[]): string =>
  elements.map((element) => element.AttributeName).join(", ");

/** The attribute definitions, or the model's error for what is missing of them and the key schema. */
export function givenSchema(
  ctx: Context,
  input: {
    readonly AttributeDefinitions?: readonly AttributeDefinition[] | undefined;
    readonly KeySchema?: readonly KeySchemaElement[] | undefined;
  },
): {
  readonly definitions: readonly AttributeDefinition[];
  readonly key: readonly KeySchemaElement[];
} {
  const { AttributeDefinitions: definitions, KeySchema: key } = input;
  if (definitions !== undefined && key !== undefined) return { definitions, key };
  // The model lets both be absent, for replicas; a table of its own needs them as ever.
  const missing = [
    ...(definitions === undefined ? ["attributeDefinitions"] : []),
    ...(key === undefined ? ["keySchema"] : []),
  ].map(
    (member) => `Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );
  const count = missing.length === 1 ? "1 validation error" : `${missing.length} validation errors`;
  throw ctx.error("ValidationException", `${count} detected: ${missing.join("; ")}`);
}

/** Refuses an attribute that is defined twice. */
export function checkDefinitions(ctx: Context, definitions: readonly AttributeDefinition[]): void {
  const seen = new Set<string>();
  for (const { AttributeName: name } of definitions) {
    if (seen.has(name)) {
      throw ctx.error("ValidationException", `Attribute Name is duplicated: ${name}`);
    }
    seen.add(name);
  }
}

/** A table's key. */
export function tableKeyOf(
  ctx: Context,
  schema: readonly KeySchemaElement[],
  definitions: readonly AttributeDefinition[],
): TableKey {
  if (schema.length > 2) throw tooLongSchema(ctx, schema, "keySchema");
  checkDefined(ctx, schema, definitions);
  checkOneHashOneRange(ctx, schema);
  return typedKey(schema, definitions);
}

/** A local index's key: the table's partition key and a sort key of its own. */
export function localIndexKeyOf(
  ctx: Context,
  indexName: string,
  schema: readonly KeySchemaElement[],
  definitions: readonly AttributeDefinition[],
  table: TableKey,
  /** Where the schema stands in the request, for a message. */
  member: string,
): TableKey {
  if (schema.length > 2) throw tooLongSchema(ctx, schema, member);
  checkDefined(ctx, schema, definitions);
  checkOneHashOneRange(ctx, schema);
  if (schema.length !== 2) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Index KeySchema does not have a range key for index: ${indexName}`,
    );
  }
  const key = typedKey(schema, definitions);
  const [own, tables] = [key.partition[0]?.name, table.partition[0]?.name];
  if (own !== tables) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Index KeySchema does not have the same leading hash key as table KeySchema for index: ${indexName}. index hash key: ${own}, table hash key: ${tables}`,
    );
  }
  return key;
}

/** A global index's key: one to four partition attributes, then up to four sort attributes. */
export function globalIndexKeyOf(
  ctx: Context,
  schema: readonly KeySchemaElement[],
  definitions: readonly AttributeDefinition[],
): TableKey {
  checkDefined(ctx, schema, definitions);
  const hashes = schema.filter((element) => element.KeyType === "HASH").length;
  if (hashes <= 1 && schema.length <= 2) {
    checkOneHashOneRange(ctx, schema);
    return typedKey(schema, definitions);
  }
  if (new Set(schema.map((element) => element.AttributeName)).size < schema.length) {
    throw ctx.error(
      "ValidationException",
      "The KeySchema contains multiple key attributes with the same name",
    );
  }
  if (schema[0]?.KeyType !== "HASH") throw firstIsNoHash(ctx);
  if (schema.slice(0, hashes).some((element) => element.KeyType !== "HASH")) {
    throw ctx.error(
      "ValidationException",
      `${invalid}All HASH key attributes must precede RANGE key attributes in the KeySchema`,
    );
  }
  for (const [role, count] of [
    ["HASH", hashes],
    ["RANGE", schema.length - hashes],
  ] as const) {
    if (count <= attributesOfKeyPartAtMost) continue;
    throw ctx.error(
      "ValidationException",
      `${invalid}The KeySchema exceeds the maximum allowed number of ${role} key attributes`,
    );
  }
  return typedKey(schema, definitions);
}

/** An index's projection; its attributes are described in the order of their names. */
export function projectionOf(ctx: Context, projection: Projection): IndexRecord["projection"] {
  const { ProjectionType: type, NonKeyAttributes: attributes } = projection;
  if (type === undefined) {
    throw ctx.error("ValidationException", `${invalid}Unknown ProjectionType: null`);
  }
  if (attributes !== undefined && type !== "INCLUDE") {
    throw ctx.error(
      "ValidationException",
      `${invalid}ProjectionType is ${type}, but NonKeyAttributes is specified`,
    );
  }
  if (attributes === undefined && type === "INCLUDE") {
    throw ctx.error(
      "ValidationException",
      `${invalid}ProjectionType is INCLUDE, but NonKeyAttributes is not specified`,
    );
  }
  const repeated = attributes?.find((name, position) => attributes.indexOf(name) !== position);
  if (repeated !== undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Duplicate element in NonKeyAttributes: ${repeated}`,
    );
  }
  return { type, attributes: attributes?.toSorted() };
}

/** The checks that look at all indexes of a table together. */
export function checkIndexes(
  ctx: Context,
  locals: readonly IndexRecord[],
  globals: readonly IndexRecord[],
): void {
  if (locals.length > localIndexesAtMost) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Number of LocalSecondaryIndexes exceeds per-table limit of ${localIndexesAtMost}`,
    );
  }
  if (globals.length > globalIndexesAtMost) {
    throw ctx.error(
      "ValidationException",
      `${invalid}GlobalSecondaryIndex count exceeds the per-table limit of ${globalIndexesAtMost}`,
    );
  }
  // An attribute that two indexes project counts twice.
  // Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Projection.html
  const projected = [...locals, ...globals].flatMap((index) => index.projection.attributes ?? []);
  if (projected.length > projectedAttributesAtMost) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Number of projected attributes exceeds the per-table limit of ${projectedAttributesAtMost}`,
    );
  }
}

/**
 * Refuses definitions of attributes that no key needs: DynamoDB wants to know keys only. Where keys lack definitions
 * as well, it speaks of those instead.
 */
export function checkAllUsed(
  ctx: Context,
  definitions: readonly AttributeDefinition[],
  schemas: readonly (readonly Pick<KeySchemaElement, "AttributeName">[])[],
): void {
  const used = new Set(schemas.flatMap((schema) => schema.map((element) => element.AttributeName)));
  if (used.size >= definitions.length) return;
  if (schemas.length === 1) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions`,
    );
  }
  throw ctx.error(
    "ValidationException",
    `${invalid}Some AttributeDefinitions are not used. AttributeDefinitions: [${names(definitions)}], keys used: [${[...used].join(", ")}]`,
  );
}

/** Attributes are described in the order of their names. */
export function byName(left: KeyAttribute, right: KeyAttribute): number {
  return left.name < right.name ? -1 : Number(left.name > right.name);
}

export const keyAttributes = (key: TableKey): readonly KeyAttribute[] => [
  ...key.partition,
  ...key.sort,
];

function checkDefined(
  ctx: Context,
  schema: readonly KeySchemaElement[],
  definitions: readonly AttributeDefinition[],
): void {
  if (schema.length > definitions.length) {
    throw ctx.error(
      "ValidationException",
      "Invalid KeySchema: Some index key attribute have no definition",
    );
  }
  const isDefined = ({ AttributeName: name }: KeySchemaElement): boolean =>
    definitions.some((definition) => definition.AttributeName === name);
  if (schema.every(isDefined)) return;
  throw ctx.error(
    "ValidationException",
    `${invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [${names(schema)}], AttributeDefinitions: [${names(definitions)}]`,
  );
}

function checkOneHashOneRange(ctx: Context, schema: readonly KeySchemaElement[]): void {
  const [first, second] = schema;
  if (first?.AttributeName === second?.AttributeName) {
    throw ctx.error(
      "ValidationException",
      "Both the Hash Key and the Range Key element in the KeySchema have the same name",
    );
  }
  if (first?.KeyType !== "HASH") throw firstIsNoHash(ctx);
  if (second !== undefined && second.KeyType !== "RANGE") {
    throw ctx.error(
      "ValidationException",
      "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
    );
  }
}

function firstIsNoHash(ctx: Context): Error {
  return ctx.error(
    "ValidationException",
    "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
  );
}

function tooLongSchema(ctx: Context, schema: readonly KeySchemaElement[], member: string): Error {
  const elements = schema.map(
    (element) =>
      `KeySchemaElement(attributeName=${element.AttributeName}, keyType=${element.KeyType})`,
  );
  return ctx.error(
    "ValidationException",
    `1 validation error detected: Value '[${elements.join(", ")}]' at '${member}' failed to satisfy constraint: Member must have length less than or equal to 2`,
  );
}

function typedKey(
  schema: readonly KeySchemaElement[],
  definitions: readonly AttributeDefinition[],
): TableKey {
  const typed = (wanted: KeySchemaElement["KeyType"]): KeyAttribute[] =>
    schema
      .filter((element) => element.KeyType === wanted)
      .map(({ AttributeName: name }) => {
        const definition = definitions.find((found) => found.AttributeName === name);
        return { name, type: definition?.AttributeType ?? "S" };
      });
  return { partition: typed("HASH"), sort: typed("RANGE") };
}
