import type { QueryStatistics, QueryStatus } from "#models/logs.ts";
import { json } from "../records.ts";
import type { ResultRow } from "./plan.ts";

export interface QueryRecord {
  readonly id: string;
  readonly text: string;
  /** Names of groups. */
  readonly groups: readonly string[];
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly limit: number | undefined;
  readonly status: QueryStatus;
  readonly createdMs: number;
  readonly durationMs: number;
  readonly statistics: QueryStatistics;
}

/** Query strings that were saved by name. */
export interface DefinitionRecord {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly groups: readonly string[] | undefined;
  readonly modifiedMs: number;
}

export const queryCodec = json<QueryRecord>();
export const definitionCodec = json<DefinitionRecord>();
export const resultsCodec = json<readonly ResultRow[]>();
