import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, Tag } from "#models/dynamodb.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import { tagsKey } from "./keyspace.ts";
import { findTable, type TableContext } from "./open-table.ts";
import type { TableRecord } from "./table-record.ts";

/** A table's tags by key, in the order in which the keys came. */
type Tags = Readonly<Record<string, string>>;

const tagsCodec: Codec<Tags> = {
  encode: (tags) => Buffer.from(JSON.stringify(Object.entries(tags))),
  decode: (bytes) =>
    Object.fromEntries(JSON.parse(bytes.toString("utf8")) as [string, string][]) as Tags,
};

const invalid = "One or more parameter values were invalid: ";
const tagsAtMost = 50;
const tagsPerPage = 10;
// Letters, spaces and digits of any script, and these signs.
// Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.html
const allowedText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export const tags = {
  async TagResource(ctx, input) {
    const name = tableNameInResourceArn(ctx, input.ResourceArn);
    if (input.Tags.length === 0) {
      throw ctx.error("ValidationException", `${invalid}At least one tag must be provided`);
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
      throw ctx.error("ValidationException", `${invalid}At least one tag key must be provided`);
    }
    await ctx.transact((tx) => {
      const table = taggedTable(tx, ctx, name, input.ResourceArn);
      const after = new Map(Object.entries(readTags(tx, ctx, table.name)));
      for (const key of input.TagKeys) after.delete(key);
      putTags(tx, ctx, table.name, after);
    });
    return {};
  },

  /** Ten tags a page, as AWS does. The token is the last key of the page before. */
  async ListTagsOfResource(ctx, input) {
    const name = tableNameInResourceArn(ctx, input.ResourceArn);
    const found = await ctx.read((snapshot) => {
      const table = taggedTable(snapshot, ctx, name, input.ResourceArn);
      return Object.entries(readTags(snapshot, ctx, table.name));
    });
    const after = input.NextToken === undefined ? -1 : startOf(ctx, found, input.NextToken);
    const page = found.slice(after + 1, after + 1 + tagsPerPage);
    const last = page.at(-1);
    const hasMore = after + 1 + tagsPerPage < found.length;
    return {
      Tags: page.map(([Key, Value]) => ({ Key, Value })),
      NextToken: hasMore && last !== undefined ? tokenOf(last[0]) : undefined,
    };
  },
} satisfies Handlers<DynamoDB>;

/** Refuses tags that AWS would refuse; the tags as a map. */
export function checkTags(ctx: Context, given: readonly Tag[]): ReadonlyMap<string, string> {
  const checked = new Map<string, string>();
  for (const { Key: key, Value: value } of given) {
    if (key.toLowerCase().startsWith("aws:")) {
      throw ctx.error(
        "ValidationException",
        `${invalid}Tag keys starting with 'aws:' are reserved`,
      );
    }
    if (!allowedText.test(key) || !allowedText.test(value)) {
      throw ctx.error(
        "ValidationException",
        `${invalid}Tag keys and values may contain only letters, white space, numbers and _ . : / = + - @`,
      );
    }
    if (checked.has(key)) {
      throw ctx.error("ValidationException", `${invalid}Duplicate tag key: ${key}`);
    }
    checked.set(key, value);
  }
  checkCount(ctx, checked.size);
  return checked;
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
    throw ctx.error("ValidationException", `${invalid}Too many tags: the limit is ${tagsAtMost}`);
  }
}

/**
 * The name in a table's ARN. Only tables have tags, their indexes do not.
 * Sources of the messages: dynalite's tests, and Scylla's, which were run against AWS.
 */
function tableNameInResourceArn(ctx: TableContext, arn: string): string {
  if (!arn.startsWith("arn:")) {
    throw ctx.error("ValidationException", `Invalid TableArn: ARNs must start with 'arn:': ${arn}`);
  }
  const [, , service, region, account, ...rest] = arn.split(":");
  const [kind, name, ...more] = rest.join(":").split("/");
  if (service !== "dynamodb" || kind !== "table" || !name || more.length > 0 || !region) {
    throw ctx.error(
      "ValidationException",
      `Invalid TableArn: Invalid ResourceArn provided as input ${arn}`,
    );
  }
  if (account !== ctx.account) {
    throw ctx.error(
      "AccessDeniedException",
      `User: ${ctx.caller.arn} is not authorized to perform this operation on resource: ${arn}`,
    );
  }
  if (region !== ctx.region) throw noResource(ctx, arn);
  return name;
}

function taggedTable(
  snapshot: Snapshot,
  ctx: TableContext,
  name: string,
  arn: string,
): TableRecord {
  const table = findTable(snapshot, ctx, name);
  if (table === undefined) throw noResource(ctx, arn);
  return table;
}

function noResource(ctx: TableContext, arn: string): Error {
  return ctx.error(
    "ResourceNotFoundException",
    `Requested resource not found: ResourcArn: ${arn} not found`,
  );
}

const tokenOf = (key: string): string => Buffer.from(key, "utf8").toString("base64url");

function startOf(ctx: Context, found: readonly [string, string][], token: string): number {
  const key = Buffer.from(token, "base64url").toString("utf8");
  const at = found.findIndex(([candidate]) => candidate === key);
  if (at === -1) throw ctx.error("ValidationException", "Invalid NextToken");
  return at;
}
