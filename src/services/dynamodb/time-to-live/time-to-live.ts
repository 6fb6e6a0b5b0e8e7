import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, TimeToLiveSpecification } from "#models/dynamodb.ts";
import type { Transaction } from "#store/store.ts";
import { isChangingReplicas } from "../global-tables/replication.ts";
import { withSharedChange } from "../global-tables/shared-settings.ts";
import { isBeingAdded } from "../global-tables/update-replicas.ts";
import { expiryDueKey, tableKey } from "../keyspace.ts";
import { openTableToManage, tableNameOf } from "../tables/open-table.ts";
import { tableCodec, type TableRecord, type TimeToLive } from "../tables/table-record.ts";
import { inUse } from "../tables/table-states.ts";

/*
 * Messages and what goes before what are AWS's, as they were measured in October 2026 (ack-api-quirks, DDB-TABLE-115,
 * 118, 143 to 147).
 */

/** AWS's documentation says an hour; AWS was seen to refuse after 1,812 s and to accept after 1,872 s. */
const pauseBetweenChangesMs = 31 * 60_000;

type TimeToLiveContext = Context<"ResourceInUseException" | "ResourceNotFoundException">;

export const timeToLive = {
  /** ENABLING or DISABLING first; a job ends the change. */
  UpdateTimeToLive(ctx, input) {
    tableNameOf(ctx, input.TableName);
    const specification = input.TimeToLiveSpecification;
    return ctx.transact((tx) => {
      const table = openTableToManage(tx, ctx, input.TableName);
      if (table.status === "CREATING") throw inUse(ctx, `Table ${table.name} is being created`);
      checkChange(ctx, table.timeToLive, specification);
      if (table.replication !== undefined) checkReplica(ctx, table);
      const after = changedTimeToLive(table.timeToLive, specification, ctx.now());
      const timed = withSharedChange(tx, ctx, table, { ...table, timeToLive: after });
      tx.putRecord(tableKey(ctx, table.name), tableCodec, timed);
      scheduleTimeToLive(tx, ctx, table, after);
      return { TimeToLiveSpecification: specification };
    });
  },

  DescribeTimeToLive(ctx, input) {
    tableNameOf(ctx, input.TableName);
    return ctx.read((snapshot) => {
      const table = openTableToManage(snapshot, ctx, input.TableName);
      const { status } = table;
      if (status === "CREATING" || status === "DELETING") {
        throw ctx.error(
          "ValidationException",
          `Cannot describe time to live while table is in ${status} state: Current table state is ${status}`,
        );
      }
      const found = table.timeToLive;
      if (found === undefined || found.status === "DISABLED") {
        return { TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" } };
      }
      return {
        TimeToLiveDescription: {
          TimeToLiveStatus: found.status,
          AttributeName: found.attribute,
        },
      };
    });
  },
} satisfies Handlers<DynamoDB>;

function checkReplica(ctx: TimeToLiveContext, table: TableRecord): void {
  if (isChangingReplicas(table)) throw isBeingAdded(ctx, table);
  if (!table.replication!.isStrong) return;
  throw ctx.error(
    "ValidationException",
    "Time to Live is not supported for global tables with MultiRegionConsistency set to STRONG",
  );
}

/** What is wrong with the change itself goes before the pause between changes. */
function checkChange(
  ctx: TimeToLiveContext,
  before: TimeToLive | undefined,
  { Enabled: asked, AttributeName: attribute }: TimeToLiveSpecification,
): void {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  const isEnabled = before?.status === "ENABLED" || before?.status === "ENABLING";
  if (!isEnabled && !asked) throw refuse("TimeToLive is already disabled");
  if (isEnabled && before.attribute !== attribute) {
    throw refuse(
      `TimeToLive is active on a different AttributeName: current AttributeName is ${before.attribute}`,
    );
  }
  if (isEnabled && asked) throw refuse("TimeToLive is already enabled");
  if (before !== undefined && ctx.now() < before.changedAtMs + pauseBetweenChangesMs) {
    throw refuse("Time to live has been modified multiple times within a fixed interval");
  }
}

export function changedTimeToLive(
  before: TimeToLive | undefined,
  { Enabled: asked, AttributeName: attribute }: TimeToLiveSpecification,
  changedAtMs: number,
): TimeToLive {
  const generation = before?.generation ?? 0;
  return asked
    ? { attribute, status: "ENABLING", generation: generation + 1, changedAtMs }
    : { attribute, status: "DISABLING", generation, changedAtMs };
}

export function scheduleTimeToLive(
  tx: Transaction,
  ctx: Context,
  { id, name }: TableRecord,
  { status, generation }: TimeToLive,
): void {
  const isEnabling = status === "ENABLING";
  if (!isEnabling) {
    ctx.unschedule(tx, "expireItems", id);
    tx.delete(expiryDueKey(ctx, { id }));
  }
  ctx.schedule(tx, {
    at: ctx.now(),
    job: isEnabling ? "fillExpiry" : "dropExpiry",
    key: `${id}/${generation}`,
    payload: { tableName: name, tableId: id, generation },
  });
}
