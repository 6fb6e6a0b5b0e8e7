import type { ExportTaskStatusCode } from "#models/logs.ts";
import { json } from "../records.ts";

export interface ExportRecord {
  readonly id: string;
  readonly taskName: string | undefined;
  readonly groupName: string;
  readonly streamPrefix: string;
  /** Inclusive, and exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly bucket: string;
  readonly prefix: string;
  readonly status: ExportTaskStatusCode;
  readonly message: string | undefined;
  readonly createdMs: number;
  readonly endedMs: number | undefined;
}

export const exportCodec = json<ExportRecord>();
