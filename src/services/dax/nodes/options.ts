import { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { conditionText, projectionPaths, updateText } from "#engines/dax-protocol/expressions.ts";
import type { DocumentPath, Placeholders } from "#engines/dax-protocol/expressions.ts";
import { Malformed } from "#engines/dax-protocol/malformed.ts";
import {
  option,
  returnConsumedCapacity,
  returnItemCollectionMetrics,
  returnValues,
  select,
} from "#engines/dax-protocol/methods.ts";

/** What a request may have beside its table and key. Expressions are those of the client's trees. */
export interface Options {
  consistentRead?: boolean;
  capacity?: (typeof returnConsumedCapacity)[number];
  metrics?: (typeof returnItemCollectionMetrics)[number];
  returnValues?: NonNullable<(typeof returnValues)[number]>;
  projection?: readonly DocumentPath[];
  condition?: Buffer;
  filter?: Buffer;
  update?: Buffer;
  exclusiveStartKey?: Buffer;
  indexName?: string;
  limit?: number;
  scanIndexForward?: boolean;
  select?: NonNullable<(typeof select)[number]>;
  segment?: number;
  totalSegments?: number;
  clientRequestToken?: string;
}

/** Most reads have none. */
const none: Options = Object.freeze({});

export function readOptions(reader: CborReader): Options {
  if (reader.tryNull()) return none;
  const options: Options = {};
  for (const _ of reader.pairs()) readOption(reader, options);
  return options;
}

function readOption(reader: CborReader, options: Options): void {
  switch (reader.integer()) {
    case option.consistentRead:
      options.consistentRead = reader.flag();
      return;
    case option.returnConsumedCapacity:
      options.capacity = named(returnConsumedCapacity, reader.integer());
      return;
    case option.returnItemCollectionMetrics:
      options.metrics = named(returnItemCollectionMetrics, reader.integer());
      return;
    case option.returnValues:
      options.returnValues = named(returnValues, reader.integer());
      return;
    case option.projection: {
      const tree = expression(reader);
      if (tree !== undefined) options.projection = projectionPaths(tree);
      return;
    }
    case option.condition: {
      const tree = expression(reader);
      if (tree !== undefined) options.condition = tree;
      return;
    }
    case option.filter: {
      const tree = expression(reader);
      if (tree !== undefined) options.filter = tree;
      return;
    }
    case option.update: {
      const tree = expression(reader);
      if (tree !== undefined) options.update = tree;
      return;
    }
    case option.exclusiveStartKey:
      options.exclusiveStartKey = reader.byteString();
      return;
    case option.indexName:
      options.indexName = reader.byteString().toString("utf8");
      return;
    case option.limit:
      options.limit = reader.integer();
      return;
    case option.scanIndexForward:
      options.scanIndexForward = reader.flag();
      return;
    case option.select:
      options.select = named(select, reader.integer());
      return;
    case option.segment:
      options.segment = reader.integer();
      return;
    case option.totalSegments:
      options.totalSegments = reader.integer();
      return;
    case option.clientRequestToken:
      options.clientRequestToken = reader.text();
      return;
    default:
      // Names and values of expressions come along as well; the trees hold them already.
      reader.skip();
  }
}

function named<T>(names: readonly (T | undefined)[], number: number): T {
  const name = names[number];
  if (name === undefined) throw new Malformed("a number without a name");
  return name;
}

/** The Python client sends a condition twice, as its text and as a tree; a text begins with no array. */
function expression(reader: CborReader): Buffer | undefined {
  const bytes = reader.byteString();
  return bytes[0] === 0x82 || bytes[0] === 0x83 ? bytes : undefined;
}

export const optionalCondition = (
  tree: Buffer | undefined,
  placeholders: Placeholders,
): string | undefined => tree && conditionText(tree, placeholders);

export const optionalUpdate = (
  tree: Buffer | undefined,
  placeholders: Placeholders,
): string | undefined => tree && updateText(tree, placeholders);
