import { AuthorizationNeeded } from "#kernel/authorization/authorize.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, Tag } from "#models/dynamodb.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import { tagsKey } from "../keyspace.ts";
import { findTable, obeyPolicy, type TableContext } from "./open-table.ts";
import type { TableRecord } from "./table-record.ts";

/** A table's tags by key, in the order in which the keys came. */
type Tags = Readonly<Record<string, string>>;

const tagsCodec: Codec<Tags> = {
  encode: (tags) => Buffer.from(JSON.stringify(Object.entries(tags))),
  decode: (bytes) =>
    Object.fromEntries(JSON.parse(bytes.toString("utf8")) as [string, string][]) as Tags,
};

/*
 * Messages are AWS's, as they were measured in October 2026 (ack-api-quirks, DDB-TABLE-107, 108, 372, 442 and 457).
 */

const invalid = "One or more parameter values were invalid: ";
const tagsAtMost = 50;
const keyLengthAtMost = 128;
const valueLengthAtMost = 256;
// Letters, spaces and digits of any script, and these signs.
// Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.html
const allowedText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export const tags = {
  async TagResource(ctx, input) {
    const name = tableNameInResourceArn(ctx, input.ResourceArn);
    if (input.Tags.length === 0) {
      throw ctx.error("ValidationException", "Atleast one Tag needs to be provided as Input.");
    }
    const added = checkTags(ctx, input.Tags);
    await ctx.transact((tx) => {
      const table = taggedTable(tx, ctx, name, input.ResourceArn);
      const after = new Map([...Object.entries(readTags(tx, ctx, table.name)), ...added]);
      checkCount(ctx, after.size);
      putTags(tx, ctx, table.name, after);
    });
    return {};
  },

  async UntagResource(ctx, input) {
    const name = tableNameInResourceArn(ctx, input.ResourceArn);
    if (input.TagKeys.length === 0) {
      throw ctx.error("ValidationException", "Atleast one Tag Key needs to be provided as Input.");
    }
    checkCount(ctx, input.TagKeys.length);
    for (const key of input.TagKeys) checkKey(ctx, key);
    await ctx.transact((tx) => {
      const table = taggedTable(tx, ctx, name, input.ResourceArn);
      const after = new Map(Object.entries(readTags(tx, ctx, table.name)));
      for (const key of input.TagKeys) after.delete(key);
      putTags(tx, ctx, table.name, after);
    });
    return {};
  },

  /** All of them at once: a table has at most fifty, and AWS puts those on one page. */
  async ListTagsOfResource(ctx, input) {
    const name = tableNameInResourceArn(ctx, input.ResourceArn);
    const found = await ctx.read((snapshot) => {
      const table = taggedTable(snapshot, ctx, name, input.ResourceArn);
      return readTags(snapshot, ctx, table.name);
    });
    return { Tags: Object.entries(found).map(([Key, Value]) => ({ Key, Value })) };
  },
} satisfies Handlers<DynamoDB>;

/** Refuses tags that AWS would refuse; the tags as a map. */
export function checkTags(ctx: Context, given: readonly Tag[]): ReadonlyMap<string, string> {
  const checked = new Map<string, string>();
  for (const { Key: key, Value: value } of given) {
    checkKey(ctx, key);
    if (key.startsWith("aws:")) {
      throw ctx.error("ValidationException", `Tag Key cannot be prefixed with aws:, Key: ${key}`);
    }
    if (value === undefined || value.length > valueLengthAtMost || !allowedText.test(value)) {
      throw ctx.error(
        "ValidationException",
        `The Tag Value provided is invalid, Value: ${value ?? null}`,
      );
    }
    if (checked.has(key)) {
      throw ctx.error(
        "ValidationException",
        `Duplicate Tag Keys provided as input: Duplicate Tag Key found ${key}`,
      );
    }
    checked.set(key, value);
  }
  checkCount(ctx, checked.size);
  return checked;
}

function checkKey(ctx: Context, key: string | undefined): asserts key is string {
  if (key && key.length <= keyLengthAtMost && allowedText.test(key)) return;
  throw ctx.error("ValidationException", `The Tag Key provided is invalid, Key: ${key ?? null}`);
}

export function putTags(
  tx: Transaction,
  ctx: Context,
  tableName: string,
  after: ReadonlyMap<string, string>,
): void {
  tx.putRecord(tagsKey(ctx, tableName), tagsCodec, Object.fromEntries(after));
}

function readTags(snapshot: Snapshot, ctx: Context, tableName: string): Tags {
  return snapshot.record(tagsKey(ctx, tableName), tagsCodec) ?? {};
}

function checkCount(ctx: Context, count: number): void {
  if (count > tagsAtMost) {
    throw ctx.error(
      "ValidationException",
      "Number of Tags exceed the current limit for the provided ResourceArn",
    );
  }
}

/** The name in a table's ARN. Only tables have tags, their indexes do not. */
function tableNameInResourceArn(ctx: TableContext, arn: string): string {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  if (!arn.startsWith("arn:")) throw refuse(`${invalid}ARNs must start with 'arn:': ${arn}`);
  const [, , service, region, account, ...rest] = arn.split(":");
  const [kind, name, ...more] = rest.join(":").split("/");
  if (service !== "dynamodb" || kind !== "table" || !name) {
    throw refuse(`${invalid}Provided Arn is not a DynamoDB resource arn: ${arn}`);
  }
  if (more.length > 0) {
    throw refuse(
      `${invalid}Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${arn}`,
    );
  }
  if (region !== ctx.region) {
    throw refuse(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  }
  if (account !== ctx.account && !ctx.isAuthorized) throw new AuthorizationNeeded();
  return name;
}

function taggedTable(
  snapshot: Snapshot,
  ctx: TableContext,
  name: string,
  arn: string,
): TableRecord {
  const table = findTable(snapshot, ctx, name);
  if (table === undefined) {
    // Source: dynalite's tests, recorded from AWS, its spelling included.
    throw ctx.error(
      "ResourceNotFoundException",
      `Requested resource not found: ResourcArn: ${arn} not found`,
    );
  }
  obeyPolicy(ctx, table.resourcePolicy);
  return table;
}
