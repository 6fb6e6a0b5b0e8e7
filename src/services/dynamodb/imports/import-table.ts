import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, ImportTableInput } from "#models/dynamodb.ts";
import type { Snapshot } from "#store/store.ts";
import { newId } from "../backups/backup-record.ts";
import { hashOf } from "../transactions/client-tokens.ts";
import { checkTableCount, newTable } from "../tables/create-table.ts";
import { findEncryption } from "../tables/encryption.ts";
import { beginWithToken, findBegun } from "../exports/begun-jobs.ts";
import { importTokenKey, tableKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import {
  importDescription,
  type ImportRecord,
  noProgress,
  readImport,
  writeImport,
} from "./import-record.ts";

/*
 * What is refused, and in which words: ack-api-quirks, DDB-IMPORT-009, 017 and 019. With AWS the table is not there for
 * the first half minute, and its name is not taken; here it is, CREATING, at once.
 */

type ImportContext = Context<
  "ImportConflictException" | "LimitExceededException" | "ResourceInUseException"
>;

export const importTable = {
  /** IN_PROGRESS in the answer; a job fills the table, which is CREATING until then. */
  async ImportTable(ctx, input) {
    const parameters = input.TableCreationParameters;
    checkForm(ctx, input);
    const encryption = await findEncryption(ctx, parameters.SSESpecification);
    const table = newTable(ctx, parameters.TableName, parameters, encryption);
    const id = newId(ctx);
    const clientToken = input.ClientToken ?? ctx.random.uuid();
    const requestHash = hashOf({ ...input, ClientToken: undefined });
    return ctx.transact((tx) => {
      const tokenKey = importTokenKey(ctx, clientToken);
      const earlier = earlierImport(tx, ctx, clientToken, parameters.TableName);
      if (earlier !== undefined) return { ImportTableDescription: importDescription(earlier) };
      if (findTable(tx, ctx, table.name) !== undefined) {
        throw ctx.error("ResourceInUseException", `Table already exists: ${table.name}`);
      }
      checkTableCount(tx, ctx);
      const record = newImport(ctx, { id, table, clientToken, input });
      tx.putRecord(tableKey(ctx, table.name), tableCodec, table);
      writeImport(tx, ctx, record);
      beginWithToken(tx, tokenKey, { id, requestHash, atMs: ctx.now() });
      ctx.schedule(tx, {
        at: ctx.now(),
        job: "fillImport",
        key: id,
        payload: { importId: id },
      });
      return { ImportTableDescription: importDescription(record) };
    });
  },
} satisfies Handlers<DynamoDB>;

function checkForm(ctx: Context, input: ImportTableInput): void {
  const { InputFormat: format, InputFormatOptions: options } = input;
  if (format !== "CSV" && options?.Csv !== undefined) {
    throw ctx.error(
      "ValidationException",
      `Invalid Request: Unsupported InputFormatOptions for the given input format: ${format}.`,
    );
  }
}

/** AWS compares the table's name and nothing else: ack-api-quirks, DDB-IMPORT-017. */
function earlierImport(
  snapshot: Snapshot,
  ctx: ImportContext,
  token: string,
  tableName: string,
): ImportRecord | undefined {
  const begun = findBegun(snapshot, ctx, importTokenKey(ctx, token));
  const earlier = begun && readImport(snapshot, ctx, begun.id);
  if (earlier === undefined) return undefined;
  if (earlier.tableName !== tableName) {
    throw ctx.error(
      "ImportConflictException",
      "Import conflict: Duplicate request detected with conflicting parameters",
    );
  }
  // Once it is there, the table's name is taken.
  return earlier.status === "COMPLETED" && findTable(snapshot, ctx, tableName) !== undefined
    ? undefined
    : earlier;
}

interface Asked {
  readonly id: string;
  readonly table: TableRecord;
  readonly clientToken: string;
  readonly input: ImportTableInput;
}

function newImport(ctx: Context, { id, table, clientToken, input }: Asked): ImportRecord {
  return {
    id,
    arn: `${table.arn}/import/${id}`,
    status: "IN_PROGRESS",
    tableName: table.name,
    tableArn: table.arn,
    tableId: table.id,
    clientToken,
    bucketOwner: input.S3BucketSource.S3BucketOwner ?? ctx.account,
    compression: input.InputCompressionType ?? "NONE",
    input: { ...input, ClientToken: undefined },
    startedAtMs: ctx.now(),
    endedAtMs: undefined,
    progress: noProgress,
    failure: undefined,
  };
}
