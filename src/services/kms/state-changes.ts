import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { type KeyRecord, stateOf } from "./key-record.ts";

/** What services hear that keep things encrypted with keys: `kms.KeyStateChanged`. */
export interface KeyStateChanged {
  readonly keyArn: string;
  readonly isUsable: boolean;
}

/** Tells services if a key has become usable, or no longer is: `after` undefined, it is gone. */
export function publishState(
  tx: Transaction,
  ctx: Context,
  before: KeyRecord,
  after: KeyRecord | undefined,
): void {
  const wasUsable = stateOf(before) === "Enabled";
  const isUsable = after !== undefined && stateOf(after) === "Enabled";
  if (wasUsable === isUsable) return;
  const event: KeyStateChanged = { keyArn: before.arn, isUsable };
  ctx.publish(tx, "kms.KeyStateChanged", event);
}
