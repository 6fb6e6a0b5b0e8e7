import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { checkTableCount } from "../tables/create-table.ts";
import { restoresPrefix } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableFromBackup.html */
const restoresAtOnce = 50;

type TargetContext = Context<
  "LimitExceededException" | "TableAlreadyExistsException" | "TableInUseException"
>;

/**
 * Refuses a restore into a name that is taken, and too many at once. `source`: what is restored, as messages name it.
 * Source of the messages: ack-api-quirks, DDB-TABLE-219, 275 and 350.
 */
export function checkTarget(
  snapshot: Snapshot,
  ctx: TargetContext,
  name: string,
  source: string,
): void {
  const found = findTable(snapshot, ctx, name);
  if (found?.status === "CREATING") {
    throw ctx.error(
      "TableInUseException",
      `Table: ${name} is already being restored from ${source}`,
    );
  }
  if (found !== undefined) {
    throw ctx.error("TableAlreadyExistsException", `Table already exists: ${name}`);
  }
  checkTableCount(snapshot, ctx);
  const prefix = restoresPrefix(ctx);
  const range = { start: prefix, end: endOfPrefix(prefix), limit: restoresAtOnce };
  if ([...snapshot.range(range)].length === restoresAtOnce) {
    throw ctx.error(
      "LimitExceededException",
      `Only ${restoresAtOnce} restore operations can be in progress at the same time`,
    );
  }
}
