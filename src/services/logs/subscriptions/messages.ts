import { gzipSync } from "node:zlib";
import type { Context } from "#kernel/context.ts";
import type { LogEvent } from "../events/event-block.ts";
import { eventId } from "../events/tokens.ts";
import type { StreamRecord } from "../records.ts";
import type { SubscriptionRecord } from "./records.ts";

/** What destinations get. Source: CloudWatch Logs User Guide, "Real-time processing of log data with subscriptions". */
export function dataMessage(
  ctx: Context,
  { name, groupName }: Pick<SubscriptionRecord, "name" | "groupName">,
  stream: StreamRecord,
  events: readonly LogEvent[],
): Buffer {
  return packed({
    messageType: "DATA_MESSAGE",
    owner: ctx.account,
    logGroup: groupName,
    logStream: stream.name,
    subscriptionFilters: [name],
    logEvents: events.map(({ timestampMs, sequence, message }) => ({
      id: eventId({ timestampMs, stream: stream.number, sequence }),
      timestamp: timestampMs,
      message,
    })),
  });
}

export function controlMessage(ctx: Context): Buffer {
  const message = "CWL CONTROL MESSAGE: Checking health of destination.";
  return packed({
    messageType: "CONTROL_MESSAGE",
    owner: "CloudwatchLogs",
    logGroup: "",
    logStream: "",
    subscriptionFilters: [],
    logEvents: [{ id: "", timestamp: ctx.now(), message }],
  });
}

const packed = (message: object): Buffer => gzipSync(JSON.stringify(message), { level: 1 });
