import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { activated } from "../tables/activate-table.ts";
import { settleStream } from "../streams/stream-life.ts";
import type { TableRecord } from "../tables/table-record.ts";
import {
  findMember,
  type GroupTable,
  isChangingReplicas,
  putMember,
  withReplica,
} from "./replication.ts";

/** Stores the table; it is ACTIVE again if no replica comes or goes any more. */
export function putSettled(tx: Transaction, ctx: Context, table: TableRecord): void {
  const isSettled = table.status === "UPDATING" && !isChangingReplicas(table);
  putMember(tx, ctx, isSettled ? activated(table) : table);
  if (isSettled) settleStream(tx, ctx, table);
}

/** The region is in the group no more; with the last other one the table is no replica any more. */
export function dropMember(tx: Transaction, ctx: Context, group: GroupTable, region: string): void {
  const table = findMember(tx, ctx, group);
  if (table === undefined) return;
  const { replicas, witnesses: allWitnesses } = table.replication!;
  const left = [...replicas, ...allWitnesses].find((member) => member.region === region);
  if (left === undefined) return;
  forgetLater(tx, ctx, "forgetMember", table, left.memberId);
  const without = withReplica(table, region, () => undefined);
  const replication = without.replication!;
  const witnesses = allWitnesses.filter((witness) => witness.region !== region);
  const isAlone = replication.replicas.length === 0 && witnesses.length === 0;
  putSettled(tx, ctx, {
    ...without,
    replication: isAlone ? undefined : { ...replication, witnesses },
  });
  if (isAlone) forgetLater(tx, ctx, "forgetGroup", table, group.groupId);
}

function forgetLater(
  tx: Transaction,
  ctx: Context,
  job: "forgetGroup" | "forgetMember",
  { id: tableId }: TableRecord,
  id: string,
): void {
  const payload = job === "forgetGroup" ? { tableId, groupId: id } : { tableId, memberId: id };
  ctx.schedule(tx, { at: ctx.now(), job, key: `${tableId}/${id}`, payload });
}
