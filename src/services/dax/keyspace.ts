import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";

/*
 * Every key that DAX stores. All begin with (service, account, region); then:
 *
 *   cluster          name                      → ClusterRecord
 *   parameter-group  name                      → ParameterGroupRecord; the default group is not stored
 *   subnet-group     name                      → SubnetGroupRecord; the default group is not stored
 *   event            time, number within it    → EventRecord, for fourteen days
 *   list             cluster id, list's id     → names of attributes, which clients know by the id
 *   list-id          cluster id, names' hash   → the list's id
 *   list-next        cluster id                → the next list's id
 *
 * Cached items are nowhere but in memory: a node that starts is empty, as AWS's are.
 */

type AnyContext = Context;

export const clusterKey = (ctx: AnyContext, name: string): Key => ctx.key("cluster", name);
export const clustersPrefix = (ctx: AnyContext): Key => ctx.key("cluster");
export const parameterGroupKey = (ctx: AnyContext, name: string): Key =>
  ctx.key("parameter-group", name);
export const parameterGroupsPrefix = (ctx: AnyContext): Key => ctx.key("parameter-group");
export const subnetGroupKey = (ctx: AnyContext, name: string): Key => ctx.key("subnet-group", name);
export const subnetGroupsPrefix = (ctx: AnyContext): Key => ctx.key("subnet-group");
export const eventKey = (ctx: AnyContext, atMs: number, number: number): Key =>
  ctx.key("event", atMs, number);
/** All events before or at a time; with none given, all there are. */
export const eventsPrefix = (ctx: AnyContext, atMs?: number): Key =>
  atMs === undefined ? ctx.key("event") : ctx.key("event", atMs);
export const listKey = (ctx: AnyContext, clusterId: string, id: number): Key =>
  ctx.key("list", clusterId, id);
export const listIdKey = (ctx: AnyContext, clusterId: string, hash: string): Key =>
  ctx.key("list-id", clusterId, hash);
export const nextListKey = (ctx: AnyContext, clusterId: string): Key =>
  ctx.key("list-next", clusterId);
/** What a deleted cluster leaves behind. */
export const listsPrefixes = (ctx: AnyContext, clusterId: string): Key[] => [
  ctx.key("list", clusterId),
  ctx.key("list-id", clusterId),
  ctx.key("list-next", clusterId),
];
