import type { ApproximateCreationDateTimePrecision, DestinationStatus } from "#models/dynamodb.ts";
import type { TableRecord } from "../tables/table-record.ts";

/** A Kinesis data stream that a table's changes go to, or once went to. */
export interface DestinationRecord {
  readonly streamArn: string;
  readonly status: DestinationStatus;
  /** Why it failed. */
  readonly statusDescription: string | undefined;
  /** Undefined until it is set, which means milliseconds. */
  readonly precision: ApproximateCreationDateTimePrecision | undefined;
}

/** The one that is at work or on its way: a table has at most one. */
export function liveDestination({ destinations }: TableRecord): DestinationRecord | undefined {
  return destinations?.find(({ status }) => status !== "DISABLED" && status !== "ENABLE_FAILED");
}

export function withDestination(table: TableRecord, after: DestinationRecord): TableRecord {
  const before = table.destinations ?? [];
  const isKnown = before.some(({ streamArn }) => streamArn === after.streamArn);
  const destinations = isKnown
    ? before.map((one) => (one.streamArn === after.streamArn ? after : one))
    : [...before, after];
  return { ...table, destinations };
}
