import type { ReplicationRule } from "#models/s3.ts";
import type { NewVersion } from "../versions.ts";

/*
 * Which versions go where. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html,
 * replication-what-is-isnt-replicated.html
 */

/** The rules that a new version falls under, one for each destination: that of the highest priority. */
export function rulesFor(
  rules: readonly ReplicationRule[],
  version: NewVersion,
): readonly ReplicationRule[] {
  const byDestination = new Map<string, ReplicationRule>();
  for (const rule of rules) {
    if (!concerns(rule, version)) continue;
    const { Bucket: destination } = rule.Destination;
    const other = byDestination.get(destination);
    if (other === undefined || (rule.Priority ?? 0) > (other.Priority ?? 0)) {
      byDestination.set(destination, rule);
    }
  }
  return [...byDestination.values()];
}

function concerns(rule: ReplicationRule, version: NewVersion): boolean {
  if (rule.Status !== "Enabled") return false;
  const { Filter: filter } = rule;
  const prefix = rule.Prefix ?? filter?.Prefix ?? filter?.And?.Prefix ?? "";
  if (!version.key.startsWith(prefix)) return false;
  const wanted = filter?.And?.Tags ?? (filter?.Tag === undefined ? [] : [filter.Tag]);
  if (version.isDeleteMarker) {
    // Of a delete marker nobody knows tags; the first form of rules sends all of them.
    if (filter === undefined) return rule.DeleteMarkerReplication?.Status !== "Disabled";
    return wanted.length === 0 && rule.DeleteMarkerReplication?.Status === "Enabled";
  }
  if (version.encryption?.kind === "kms") return false;
  return wanted.every(({ Key, Value }) => version.tags?.[Key] === Value);
}
