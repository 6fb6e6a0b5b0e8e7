import { createHash } from "node:crypto";
import type { ApproximateCreationDateTimePrecision } from "#models/dynamodb.ts";
import type { Change } from "../streams/change-record.ts";

/** What stands around a change in its record. */
export interface RecordPlace {
  readonly awsRegion: string;
  readonly tableName: string;
  /** Tells the record from all others; the same when it is delivered again. */
  readonly eventId: string;
  readonly atMs: number;
  readonly precision: ApproximateCreationDateTimePrecision | undefined;
}

/** A record of a Kinesis data stream. */
export interface DataRecord {
  readonly Data: Buffer;
  /** The same for all changes of an item: they stay in order. */
  readonly PartitionKey: string;
}

/**
 * A change as DynamoDB writes it into a Kinesis data stream. Source: Developer Guide, "Using Kinesis Data Streams to
 * capture changes", and records of AWS that users have published: members in this order, the precision named only where
 * it is microseconds, whoever expired an item named in small letters.
 */
export function dataRecord(change: Change, place: RecordPlace): DataRecord {
  const { awsRegion, tableName, eventId, atMs, precision } = place;
  const isMicroseconds = precision === "MICROSECOND";
  const keys = change.keys.value();
  const record = {
    awsRegion,
    eventID: eventId,
    eventName: change.event,
    userIdentity:
      change.cause === "expiry" ? { principalId: "dynamodb.amazonaws.com", type: "Service" } : null,
    recordFormat: "application/json",
    tableName,
    dynamodb: {
      ApproximateCreationDateTime: isMicroseconds ? atMs * 1000 : atMs,
      Keys: keys,
      NewImage: change.newImage?.value(),
      OldImage: change.oldImage?.value(),
      SizeBytes: change.sizeBytes,
      ...(isMicroseconds ? { ApproximateCreationDateTimePrecision: "MICROSECOND" } : {}),
    },
    eventSource: "aws:dynamodb",
  };
  const digest = createHash("md5").update(JSON.stringify(keys)).digest("hex");
  return { Data: Buffer.from(JSON.stringify(record)), PartitionKey: digest.toUpperCase() };
}
