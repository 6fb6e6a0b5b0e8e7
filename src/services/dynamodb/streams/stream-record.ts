import type { StreamStatus, StreamViewType } from "#models/dynamodbstreams.ts";
import type { Codec } from "#store/store.ts";
import type { AttachedPolicy } from "../resource-policies/attached-policy.ts";
import type { TableKey } from "../tables/table-record.ts";

/** What is stored of a stream; its shards and changes stand in its log. It outlives its table by a day. */
export interface StreamRecord {
  readonly arn: string;
  /** When it was enabled: "2026-10-08T23:07:31.275". Unique among the streams of a table's name. */
  readonly label: string;
  readonly tableName: string;
  readonly tableId: string;
  readonly viewType: StreamViewType;
  readonly status: StreamStatus;
  readonly createdAtMs: number;
  readonly key: TableKey;
  /** When it was disabled, or its table deleted. */
  readonly endedAtMs: number | undefined;
  readonly resourcePolicy?: AttachedPolicy | undefined;
}

export const streamCodec: Codec<StreamRecord> = {
  encode: (stream) => Buffer.from(JSON.stringify(stream)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as StreamRecord,
};

export function streamLabel(createdAtMs: number): string {
  return new Date(createdAtMs).toISOString().slice(0, -1);
}

export function streamArn(tableArn: string, label: string): string {
  return `${tableArn}/stream/${label}`;
}
