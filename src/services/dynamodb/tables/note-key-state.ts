import { endOfPrefix } from "#base/key.ts";
import type { EventHandler } from "#kernel/service.ts";
import { tableKey, tablesPrefix } from "../keyspace.ts";
import { tableCodec } from "./table-record.ts";

/** What KMS tells when a key can be used no longer, or again. */
interface KeyStateChanged {
  readonly keyArn: string;
  readonly isUsable: boolean;
}

/**
 * A key's tables become inaccessible with it, and accessible again. Source: API reference, TableDescription, TableStatus
 * `INACCESSIBLE_ENCRYPTION_CREDENTIALS`.
 */
export const noteKeyState: EventHandler = (ctx, { keyArn, isUsable }: KeyStateChanged) =>
  ctx.transact((tx) => {
    ctx.complete(tx);
    const start = tablesPrefix(ctx);
    for (const { value } of tx.range({ start, end: endOfPrefix(start) })) {
      const table = tableCodec.decode(value);
      if (table.encryption?.kmsKeyArn !== keyArn) continue;
      const inaccessibleSinceMs = isUsable ? undefined : ctx.now();
      const encryption = { kmsKeyArn: keyArn, inaccessibleSinceMs };
      tx.putRecord(tableKey(ctx, table.name), tableCodec, { ...table, encryption });
    }
  });
