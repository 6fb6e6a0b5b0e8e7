/*
 * Units of metrics. What users put says its unit; what services count has the unit that its service documents.
 */

/** In the order in which CloudWatch prefers them where a query names none: recorded, and there is no other source. */
const preferredUnits = [
  "Megabits",
  "Terabits",
  "Gigabits",
  "Count",
  "Bytes",
  "Gigabytes",
  "Gigabytes/Second",
  "Kilobytes",
  "Kilobits/Second",
  "Terabytes",
  "Terabits/Second",
  "Bytes/Second",
  "Percent",
  "Megabytes",
  "Megabits/Second",
  "Milliseconds",
  "Microseconds",
  "Kilobytes/Second",
  "Gigabits/Second",
  "Megabytes/Second",
  "Bits",
  "Bits/Second",
  "Count/Second",
  "Seconds",
  "Kilobits",
  "Terabytes/Second",
  "None",
] as const;

export type Unit = (typeof preferredUnits)[number];

/** The units in the order in which one is picked. */
export const byPreference = <T extends { readonly unit: Unit }>(all: readonly T[]): T[] =>
  all.toSorted(
    (one, other) => preferredUnits.indexOf(one.unit) - preferredUnits.indexOf(other.unit),
  );

const kinds: readonly (readonly [RegExp, Unit])[] = [
  [/^(ApproximateAgeOfOldest|AgeOfOldestMessage|OldestUnackedMessage|.*Seconds$)/, "Seconds"],
  [
    /(Latency|Duration|IteratorAge|AgeMilliseconds|AgeOfOldestUnreplicatedRecord|Time|Lag)$/,
    "Milliseconds",
  ],
  [/(Utilization|Percent|Percentage)$/, "Percent"],
  [/(Bytes|Size|SizeBytes)$|^Bytes/, "Bytes"],
];

/** The unit of a metric without a unit of its own: that of a service's metric by its name, "None" of all others. */
export function impliedUnit(namespace: string, metric: string): Unit {
  if (!namespace.startsWith("AWS/")) return "None";
  return kinds.find(([pattern]) => pattern.test(metric))?.[1] ?? "Count";
}
