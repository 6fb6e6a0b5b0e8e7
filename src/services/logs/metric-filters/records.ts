import type { MetricTransformation } from "#models/logs.ts";
import { json } from "../records.ts";

export interface MetricFilterRecord {
  readonly name: string;
  readonly groupName: string;
  readonly pattern: string;
  readonly transformation: MetricTransformation;
  readonly createdMs: number;
}

export const metricFilterCodec = json<MetricFilterRecord>();
