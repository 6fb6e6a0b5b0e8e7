import type { ComparisonOperator, StateValue } from "#models/cloudwatch.ts";
import { doubleText, shortTimeText } from "./java-text.ts";

/*
 * What an alarm makes of its datapoints: M out of N, and what is missing. Source: Amazon CloudWatch User Guide,
 * "Configuring how CloudWatch alarms treat missing data"; the tables there are cases of verdict.test.ts.
 */

export type MissingData = "missing" | "ignore" | "breaching" | "notBreaching";

export interface Rule {
  readonly operator: ComparisonOperator;
  readonly threshold: number;
  /** N */
  readonly evaluationPeriods: number;
  /** M */
  readonly datapointsToAlarm: number;
  readonly missingData: MissingData;
}

/** A period of the evaluation range; without a value it is missing. */
export interface Period {
  readonly startMs: number;
  readonly value: number | undefined;
  readonly count?: number | undefined;
}

export interface Verdict {
  readonly state: StateValue;
  readonly reason: string;
  /** The newest first. */
  readonly evaluated: readonly Period[];
}

/**
 * So many periods more than N are looked at: "a higher number of data points than the number specified as Evaluation
 * Periods"; AWS's example has five for three.
 */
export const periodsLookedAt = (evaluationPeriods: number): number => evaluationPeriods + 2;

const comparisons: Partial<
  Record<ComparisonOperator, (value: number, threshold: number) => boolean>
> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

const words: Partial<Record<ComparisonOperator, string>> = {
  GreaterThanThreshold: "greater than",
  GreaterThanOrEqualToThreshold: "greater than or equal to",
  LessThanThreshold: "less than",
  LessThanOrEqualToThreshold: "less than or equal to",
};

/** `range`: the evaluation range, the oldest first. Undefined: the alarm stays as it is. */
export function verdictOn(range: readonly Period[], rule: Rule): Verdict | undefined {
  const { evaluationPeriods: n, datapointsToAlarm: m, missingData } = rule;
  const breaches = comparisons[rule.operator]!;
  const isBreaching = ({ value }: Period): boolean =>
    value !== undefined && breaches(value, rule.threshold);
  const known = range.filter(({ value }) => value !== undefined).slice(-n);
  const missing = n - known.length;
  const breaching = known.filter(isBreaching);
  if (known.length === 0) return nothingKnown(range.slice(-n), rule);

  if (breaching.length >= m) return alarm(breaching.length, known, missing, rule, isBreaching);
  if (missing > 0) {
    if (missingData === "breaching" && breaching.length + missing >= m) {
      return treated("ALARM", known, missing, rule);
    }
    if (missingData === "ignore") {
      // Enough is known to say that it cannot be an alarm, whatever is missing.
      if (breaching.length === 0) return fine(known, rule);
      return breaching.length + missing >= m && breaching.length === known.length
        ? undefined
        : fine(known, rule);
    }
    if (missingData === "missing" && breaching.length === known.length) {
      // The oldest breaching one is old enough, and all that came after it breaches or is missing.
      const age = range.length - range.findIndex((period) => period.value !== undefined);
      return age >= m ? alarm(breaching.length, known, missing, rule, isBreaching) : undefined;
    }
  }
  if (missing > 0 && missingData === "notBreaching") return treated("OK", known, missing, rule);
  return fine(known, rule);
}

function nothingKnown(range: readonly Period[], rule: Rule): Verdict | undefined {
  const { evaluationPeriods: n, missingData } = rule;
  const evaluated = range.toReversed();
  switch (missingData) {
    case "ignore":
      return undefined;
    case "missing": {
      const unknown = n === 1 ? "1 datapoint was" : `${n} datapoints were`;
      const reason = `Insufficient Data: ${unknown} unknown.`;
      return { state: "INSUFFICIENT_DATA", reason, evaluated };
    }
    default: {
      const reason = `Threshold Crossed: no datapoints were received for ${plural(n, "period")} and ${treatment(n, missingData)}.`;
      return { state: missingData === "breaching" ? "ALARM" : "OK", reason, evaluated };
    }
  }
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const treatment = (count: number, missingData: MissingData): string =>
  `${count} missing datapoint${count === 1 ? " was" : "s were"} treated as [${missingData === "breaching" ? "Breaching" : "NonBreaching"}]`;

function treated(
  state: StateValue,
  known: readonly Period[],
  missing: number,
  rule: Rule,
): Verdict {
  const received = known.length === 1 ? "1 datapoint was" : `${known.length} datapoints were`;
  const reason = `Threshold Crossed: ${received} received for ${plural(rule.evaluationPeriods, "period")} and ${treatment(missing, rule.missingData)}.`;
  return { state, reason, evaluated: known.toReversed() };
}

function alarm(
  count: number,
  known: readonly Period[],
  missing: number,
  rule: Rule,
  isBreaching: (period: Period) => boolean,
): Verdict {
  const evaluated = known.toReversed();
  const shown = evaluated.filter(isBreaching).map(shownPeriod).join(", ");
  const was = count === 1 ? "was" : "were";
  const minimum = plural(rule.datapointsToAlarm, "datapoint");
  const total = known.length + (missing > 0 ? missing : 0);
  const reason = `Threshold Crossed: ${count} out of the last ${total} datapoints [${shown}] ${was} ${words[rule.operator]} the threshold (${doubleText(rule.threshold)}) (minimum ${minimum} for OK -> ALARM transition).`;
  return { state: "ALARM", reason, evaluated };
}

function fine(known: readonly Period[], rule: Rule): Verdict {
  const evaluated = known.toReversed();
  const shown = evaluated.map(shownPeriod).join(", ");
  const what = known.length === 1 ? "1 datapoint" : `${known.length} datapoints`;
  const was = known.length === 1 ? "was" : "were";
  const reason = `Threshold Crossed: ${what} [${shown}] ${was} not ${words[rule.operator]} the threshold (${doubleText(rule.threshold)}).`;
  return { state: "OK", reason, evaluated };
}

const shownPeriod = ({ startMs, value }: Period): string =>
  `${doubleText(value!)} (${shortTimeText(startMs)})`;
