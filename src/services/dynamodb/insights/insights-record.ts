import type { ContributorInsightsMode, ContributorInsightsStatus } from "#models/dynamodb.ts";
import type { IndexRecord, TableRecord } from "../tables/table-record.ts";

/** Contributor insights of a table or of one of its global indexes, once they were configured. */
export interface InsightsRecord {
  /** Undefined: the table's own. */
  readonly indexId: number | undefined;
  readonly status: ContributorInsightsStatus;
  readonly mode: ContributorInsightsMode;
  /** Part of the rules' names: when they were made. A change of the mode keeps them. */
  readonly rulesMadeAtMs: number;
  readonly changedAtMs: number;
}

export function insightsOf(
  { insights }: TableRecord,
  index: IndexRecord | undefined,
): InsightsRecord | undefined {
  return insights?.find(({ indexId }) => indexId === index?.id);
}

/** Whether keys are counted now. */
export function isCounting(insights: InsightsRecord | undefined): insights is InsightsRecord {
  return insights?.status === "ENABLED" || insights?.status === "ENABLING";
}

export type RuleKind = "PKC" | "SKC" | "PKT" | "SKT";

/**
 * "DynamoDBContributorInsights-PKC-Music-1576629651520": partition keys or partition and sort keys, accessed or
 * throttled. Source: Developer Guide, contributorinsights_HowItWorks; the order is that of AWS's answers.
 */
export function ruleName(
  table: TableRecord,
  index: IndexRecord | undefined,
  insights: InsightsRecord,
  kind: RuleKind,
): string {
  const resource = index === undefined ? table.name : `${table.name}-${index.name}`;
  return `DynamoDBContributorInsights-${kind}-${resource}-${insights.rulesMadeAtMs}`;
}

export function ruleNames(
  table: TableRecord,
  index: IndexRecord | undefined,
  insights: InsightsRecord,
): string[] {
  const hasSort = (index ?? table).key.sort.length > 0;
  const kinds: RuleKind[] = [];
  for (const [partition, sort] of [["PKC", "SKC"] as const, ["PKT", "SKT"] as const]) {
    if (partition === "PKC" && insights.mode === "THROTTLED_KEYS") continue;
    kinds.push(partition);
    if (hasSort) kinds.push(sort);
  }
  return kinds.map((kind) => ruleName(table, index, insights, kind));
}
