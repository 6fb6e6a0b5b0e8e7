import type { KnownResource, Need } from "#kernel/authorization/access.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { streamKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { streamCodec } from "../streams/stream-record.ts";
import { conditionKeys } from "./condition-keys.ts";

const resourcePattern = /:table\/([^/]+)(?:\/(stream|index)\/([^/]+))?$/;

/** The policy that speaks for a table, an index (which is its table's) or a stream, and keys for conditions. */
export function knownResource(snapshot: Snapshot, ctx: Context, need: Need): KnownResource {
  const [, tableName, kind, name] = resourcePattern.exec(need.resource) ?? [];
  if (tableName === undefined || need.resource.split(":")[3] !== ctx.region) return {};
  if (kind === "stream") {
    const stream = snapshot.record(streamKey(ctx, tableName, name!), streamCodec);
    return { policy: stream?.resourcePolicy?.text };
  }
  const table = findTable(snapshot, ctx, tableName);
  if (table === undefined) return {};
  const keys = conditionKeys(table, kind === "index" ? name : undefined, need);
  return { policy: table.resourcePolicy?.text, keys };
}
