import { endOfPrefix, keyAfter } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, TableDescription } from "#models/dynamodb.ts";
import type { Snapshot } from "#store/store.ts";
import { leaving } from "../global-tables/remove-replica.ts";
import { checkMayLeave } from "../global-tables/update-replicas.ts";
import { tableKey, tablesPrefix } from "../keyspace.ts";
import { openTableToManage } from "./open-table.ts";
import { withEndedStream } from "../streams/stream-life.ts";
import { tableDescription } from "./table-description.ts";
import { checkIsDeletable } from "./table-states.ts";
import { tableLayout } from "./table-layout.ts";
import { tableCodec, type TableRecord } from "./table-record.ts";
import { readTableSize } from "./table-size.ts";

const tablesPerPage = 100;

export const tables = {
  DescribeTable(ctx, input) {
    return ctx.read((snapshot) => {
      const table = openTableToManage(snapshot, ctx, input.TableName);
      return { Table: describe(snapshot, ctx, table) };
    });
  },

  /** In the order of names; the page's last name is where the next one begins. */
  ListTables(ctx, input) {
    return ctx.read((snapshot) => {
      const prefix = tablesPrefix(ctx);
      const after = input.ExclusiveStartTableName;
      const pageSize = input.Limit ?? tablesPerPage;
      const names: string[] = [];
      const range = snapshot.range({
        start: after === undefined ? prefix : keyAfter(tableKey(ctx, after)),
        end: endOfPrefix(prefix),
        limit: pageSize + 1,
      });
      for (const { value } of range) names.push(tableCodec.decode(value).name);
      const hasMore = names.length > pageSize;
      const page = hasMore ? names.slice(0, pageSize) : names;
      return { TableNames: page, LastEvaluatedTableName: hasMore ? page.at(-1) : undefined };
    });
  },

  /** The table is DELETING in the answer; jobs take away its name, then its items. */
  DeleteTable(ctx, input) {
    return ctx.transact((tx) => {
      const table = openTableToManage(tx, ctx, input.TableName);
      if (table.deletionProtected) {
        throw ctx.error(
          "ValidationException",
          "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
        );
      }
      if (table.replication !== undefined) checkMayLeave(ctx, table);
      checkIsDeletable(ctx, table);
      if (table.replication !== undefined) {
        const left = leaving(tx, ctx, table);
        tx.putRecord(tableKey(ctx, table.name), tableCodec, left);
        return { TableDescription: describeDeleted(tx, ctx, left) };
      }
      const after: TableRecord = { ...withEndedStream(tx, ctx, table), status: "DELETING" };
      tx.putRecord(tableKey(ctx, table.name), tableCodec, after);
      ctx.schedule(tx, {
        at: ctx.now(),
        job: "deleteTable",
        key: table.id,
        payload: { tableName: table.name, tableId: table.id },
      });
      return { TableDescription: describeDeleted(tx, ctx, after) };
    });
  },
} satisfies Handlers<DynamoDB>;

/** The table with its size as of this moment. */
export function describe(snapshot: Snapshot, ctx: Context, table: TableRecord): TableDescription {
  const size = readTableSize(snapshot, tableLayout(ctx, table));
  return tableDescription(table, size, ctx.now());
}

/** Of a table that goes, AWS tells little. Source: Scylla's tests, which were run against AWS. */
function describeDeleted(snapshot: Snapshot, ctx: Context, table: TableRecord): TableDescription {
  const {
    AttributeDefinitions: _definitions,
    KeySchema: _key,
    CreationDateTime: _created,
    LocalSecondaryIndexes: _locals,
    GlobalSecondaryIndexes: _globals,
    VectorIndexes: _vectors,
    WarmThroughput: _warm,
    ...rest
  } = describe(snapshot, ctx, table);
  return rest;
}
