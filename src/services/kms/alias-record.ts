import { json } from "./key-record.ts";

export interface AliasRecord {
  /** With `alias/` in front. */
  readonly name: string;
  readonly keyId: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export const aliasCodec = json<AliasRecord>();
