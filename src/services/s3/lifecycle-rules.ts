import type { LifecycleRule } from "#models/s3.ts";
import type { Tags } from "./version-record.ts";

/** What lifecycle rules say of an object, a version or an upload. Pure: who asks brings the time. */

const dayMs = 86_400_000;

/** What a filter looks at. */
export interface Filtered {
  readonly key: string;
  readonly sizeBytes: number;
  readonly tags?: Tags | undefined;
}

export function isEnabled(rule: LifecycleRule): boolean {
  return rule.Status === "Enabled";
}

export function prefixOf({ Prefix, Filter }: LifecycleRule): string {
  return Filter?.And?.Prefix ?? Filter?.Prefix ?? Prefix ?? "";
}

export function applies(rule: LifecycleRule, { key, sizeBytes, tags = {} }: Filtered): boolean {
  const { Filter: filter = {} } = rule;
  const { Tags: wanted = filter.Tag === undefined ? [] : [filter.Tag] } = filter.And ?? {};
  const above = filter.And?.ObjectSizeGreaterThan ?? filter.ObjectSizeGreaterThan;
  const below = filter.And?.ObjectSizeLessThan ?? filter.ObjectSizeLessThan;
  return (
    isEnabled(rule) &&
    key.startsWith(prefixOf(rule)) &&
    (above === undefined || sizeBytes > above) &&
    (below === undefined || sizeBytes < below) &&
    wanted.every(({ Key, Value }) => Object.hasOwn(tags, Key) && tags[Key] === Value)
  );
}

/** So many days later, at the midnight (UTC) that comes then. */
export function daysLater(fromMs: number, days: number): number {
  return Math.ceil((fromMs + days * dayMs) / dayMs) * dayMs;
}

export const nextMidnight = (nowMs: number): number => (Math.floor(nowMs / dayMs) + 1) * dayMs;

/** When a current object expires by this rule; undefined if it does not. */
export function expiryOf(rule: LifecycleRule, modifiedMs: number): number | undefined {
  const { Days: days, Date: dateMs } = rule.Expiration ?? {};
  return dateMs ?? (days === undefined ? undefined : daysLater(modifiedMs, days));
}

export interface Expiry {
  readonly atMs: number;
  readonly ruleId: string;
}

/** The first expiry that any rule has for a current object. */
export function firstExpiry(
  rules: readonly LifecycleRule[],
  object: Filtered & { readonly modifiedMs: number },
): Expiry | undefined {
  let first: Expiry | undefined;
  for (const rule of rules) {
    if (!applies(rule, object)) continue;
    const atMs = expiryOf(rule, object.modifiedMs);
    if (atMs !== undefined && (first === undefined || atMs < first.atMs)) {
      first = { atMs, ruleId: rule.ID ?? "" };
    }
  }
  return first;
}

/** The storage class in which a current object should be by now; undefined if no rule says so. */
export function classBy(
  rules: readonly LifecycleRule[],
  object: Filtered & { readonly modifiedMs: number },
  nowMs: number,
): string | undefined {
  let latest: { atMs: number; storageClass: string } | undefined;
  for (const rule of rules) {
    if (!applies(rule, object)) continue;
    for (const { Date: dateMs, Days: days = 0, StorageClass } of rule.Transitions ?? []) {
      const atMs = dateMs ?? daysLater(object.modifiedMs, days);
      if (StorageClass === undefined || atMs > nowMs) continue;
      if (latest === undefined || atMs >= latest.atMs)
        latest = { atMs, storageClass: StorageClass };
    }
  }
  return latest?.storageClass;
}

/** Whether a version that was replaced at `sinceMs`, and behind which `newer` others were, is to go. */
export function isOutdated(
  rules: readonly LifecycleRule[],
  version: Filtered,
  sinceMs: number,
  newer: number,
  nowMs: number,
): boolean {
  return rules.some((rule) => {
    const { NoncurrentDays: days, NewerNoncurrentVersions: kept = 0 } =
      rule.NoncurrentVersionExpiration ?? {};
    if (days === undefined || newer < kept || !applies(rule, version)) return false;
    return daysLater(sinceMs, days) <= nowMs;
  });
}

/** Whether a delete marker with nothing behind it is to go. */
export function removesMarkers(rules: readonly LifecycleRule[], key: string): boolean {
  return rules.some(
    (rule) =>
      isEnabled(rule) &&
      rule.Expiration?.ExpiredObjectDeleteMarker === true &&
      key.startsWith(prefixOf(rule)),
  );
}

export function isAbandoned(
  rules: readonly LifecycleRule[],
  upload: { readonly key: string; readonly initiatedMs: number },
  nowMs: number,
): boolean {
  return rules.some((rule) => {
    const days = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
    return (
      days !== undefined &&
      isEnabled(rule) &&
      upload.key.startsWith(prefixOf(rule)) &&
      daysLater(upload.initiatedMs, days) <= nowMs
    );
  });
}
