import type { Tenant } from "./context.ts";
import type { TimeRange } from "./measurements.ts";

/*
 * Who contributes most to a number: the keys that requests use most, say. Bounded in memory, by the minute, for the
 * latest hours; gone with the process. CloudWatch's Contributor Insights reports read these.
 *
 * N1. Of a minute, the largest contributors are kept: a newcomer takes the place of the least one and begins with its
 *     count (the "space saving" sketch), so whoever has more than 1/128 of a minute's sum is there, and no count is
 *     too small.
 */

const contributorsKept = 128;
const minutesKept = 3 * 60;
const minuteMs = 60_000;

/** The largest contributors to one sum. */
export class TopContributors {
  readonly #counts = new Map<string, number>();
  sum = 0;

  add(key: string, value: number): void {
    this.sum += value;
    const known = this.#counts.get(key);
    if (known !== undefined) {
      this.#counts.set(key, known + value);
    } else if (this.#counts.size < contributorsKept) {
      this.#counts.set(key, value);
    } else {
      this.#replaceLeast(key, value);
    }
  }

  #replaceLeast(key: string, value: number): void {
    let least: string | undefined;
    let leastCount = Infinity;
    for (const [other, count] of this.#counts) {
      if (count < leastCount) {
        least = other;
        leastCount = count;
      }
    }
    if (least !== undefined) this.#counts.delete(least);
    this.#counts.set(key, leastCount + value);
  }

  entries(): Iterable<[key: string, count: number]> {
    return this.#counts;
  }
}

/** Where a service counts. */
export interface ContributorRule {
  add(key: string, value: number): void;
}

export interface ContributorReport {
  /** What the keys are made of: "PartitionKey", "SortKey". */
  readonly labels: readonly string[];
  readonly sum: number;
  /** The largest first. */
  readonly contributors: readonly { readonly keys: readonly string[]; readonly sum: number }[];
}

/** The reports that one tenant may see. */
export interface TenantContributions {
  /** The rules that count, or have counted since the process began. */
  names(): readonly string[];
  report(name: string, range: TimeRange, atMost: number): ContributorReport | undefined;
}

/** How a rule's keys read. */
export interface KeyNaming {
  readonly labels: readonly string[];
  name(key: string): readonly string[];
}

class Rule implements ContributorRule {
  readonly naming: KeyNaming;
  readonly #nowMs: () => number;
  readonly #minutes = new Map<number, TopContributors>();
  #running: { readonly startMs: number; readonly top: TopContributors } | undefined;

  constructor(naming: KeyNaming, nowMs: () => number) {
    this.naming = naming;
    this.#nowMs = nowMs;
  }

  add(key: string, value: number): void {
    const nowMs = this.#nowMs();
    const startMs = nowMs - (nowMs % minuteMs);
    if (this.#running?.startMs !== startMs) this.#begin(startMs);
    this.#running!.top.add(key, value);
  }

  #begin(startMs: number): void {
    const top = this.#minutes.get(startMs) ?? new TopContributors();
    this.#minutes.set(startMs, top);
    this.#running = { startMs, top };
    for (const oldest of this.#minutes.keys()) {
      if (this.#minutes.size <= minutesKept) break;
      this.#minutes.delete(oldest);
    }
  }

  report({ startMs, endMs }: TimeRange, atMost: number): ContributorReport {
    const counts = new Map<string, number>();
    let sum = 0;
    for (const [minute, top] of this.#minutes) {
      if (minute < startMs || minute >= endMs) continue;
      sum += top.sum;
      for (const [key, count] of top.entries()) counts.set(key, (counts.get(key) ?? 0) + count);
    }
    const largest = [...counts].toSorted(([, one], [, other]) => other - one).slice(0, atMost);
    return {
      labels: this.naming.labels,
      sum,
      contributors: largest.map(([key, count]) => ({ keys: this.naming.name(key), sum: count })),
    };
  }
}

/** The rules of all tenants by name. */
export class Contributors {
  readonly #nowMs: () => number;
  readonly #rules = new Map<string, Rule>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  rule(tenant: Tenant, name: string, naming: KeyNaming): ContributorRule {
    const key = ruleKey(tenant, name);
    let rule = this.#rules.get(key);
    if (rule === undefined) this.#rules.set(key, (rule = new Rule(naming, this.#nowMs)));
    return rule;
  }

  /** Those that count, or have counted since the process began. */
  names(tenant: Tenant): string[] {
    const prefix = ruleKey(tenant, "");
    return [...this.#rules.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .toSorted((one, other) => (one < other ? -1 : 1));
  }

  report(
    tenant: Tenant,
    name: string,
    range: TimeRange,
    atMost: number,
  ): ContributorReport | undefined {
    return this.#rules.get(ruleKey(tenant, name))?.report(range, atMost);
  }

  of(tenant: Tenant): TenantContributions {
    return {
      names: () => this.names(tenant),
      report: (name, range, atMost) => this.report(tenant, name, range, atMost),
    };
  }

  clear(): void {
    this.#rules.clear();
  }
}

function ruleKey({ account, region }: Tenant, name: string): string {
  return `${account} ${region} ${name}`;
}
