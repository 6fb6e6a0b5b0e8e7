import type { Cancel, Clock, Random } from "#world/world.ts";

/** Which calls a fault strikes, and what it does to them. What is not said holds for all. */
export interface FaultRule {
  /** The model's name: "dynamodb". */
  readonly service?: string;
  /** As the model names it; `*` stands for any letters: "Batch*". */
  readonly operation?: string;
  readonly region?: string;
  readonly account?: string;
  /** Of the calls that fit: above 0, up to 1. */
  readonly share: number;
  /** Held up so long first, give or take the jitter. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** What the client gets instead of the answer. */
  readonly effect?: FaultEffect;
  /** Strikes when the operation is done: only its answer is lost. */
  readonly isLate: boolean;
  /** Ends after so many strikes. */
  readonly count?: number;
  /** Ends then, by the server's clock. Milliseconds since 1970. */
  readonly untilMs?: number;
}

export type FaultEffect =
  | { readonly kind: "throttle" }
  | {
      readonly kind: "error";
      readonly code: string;
      readonly message?: string;
      readonly status?: number;
    }
  | { readonly kind: "disconnect" };

export interface Fault {
  readonly id: string;
  readonly rule: FaultRule;
  /** How many calls it has struck. */
  readonly strikes: number;
}

export interface FaultCall {
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly account: string;
}

/** What befalls one call. */
export interface Strike {
  readonly delayMs: number;
  readonly effect: FaultEffect | undefined;
}

/** Further ones are refused: each call looks at all of them. */
export const mostFaults = 100;

/**
 * Faults that users ask for. They are kept in memory: a server that starts again is well.
 *
 * Rules are looked at in the order in which they were added. Their delays add up; the first with an effect ends it.
 */
export class Faults {
  readonly #clock: Clock;
  readonly #random: Random;
  #known: KnownFault[] = [];
  #lastId = 0;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether there are any: all that a call asks where there are none. */
  get areSet(): boolean {
    return this.#known.length > 0;
  }

  /** Undefined if there are too many. */
  add(rule: FaultRule): Fault | undefined {
    this.#dropEnded();
    if (this.#known.length >= mostFaults) return undefined;
    const fault = new KnownFault(String((this.#lastId += 1)), rule);
    this.#known.push(fault);
    return fault;
  }

  list(): readonly Fault[] {
    this.#dropEnded();
    return this.#known;
  }

  /** Whether there was one. Calls that it holds up are held up no longer. */
  remove(id: string): boolean {
    const before = this.#known.length;
    this.#known = this.#known.filter((fault) => fault.id !== id);
    if (this.#known.length === before) return false;
    this.#releaseAll();
    return true;
  }

  clear(): void {
    this.#known = [];
    this.#releaseAll();
  }

  /** What befalls this call, before it is done or after; undefined where nothing does. */
  strike(call: FaultCall, isLate: boolean): Strike | undefined {
    let delayMs = 0;
    let isStruck = false;
    for (const fault of this.#known) {
      const { rule } = fault;
      if (rule.isLate !== isLate || !fault.fits(call) || this.#isEnded(fault)) continue;
      if (rule.share < 1 && this.#random.fraction() >= rule.share) continue;
      fault.strikes += 1;
      isStruck = true;
      const jitterMs = rule.jitterMs === 0 ? 0 : (this.#random.fraction() * 2 - 1) * rule.jitterMs;
      delayMs += Math.max(0, rule.latencyMs + jitterMs);
      if (rule.effect !== undefined) return { delayMs, effect: rule.effect };
    }
    return isStruck ? { delayMs, effect: undefined } : undefined;
  }

  /** Resolves after so much elapsed time, or when the faults are taken back. */
  holdUp(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const release = (): void => {
        cancel();
        this.#waiting.delete(release);
        resolve();
      };
      const cancel: Cancel = this.#clock.after(delayMs, release);
      this.#waiting.add(release);
    });
  }

  #releaseAll(): void {
    for (const release of this.#waiting) release();
  }

  #isEnded({ rule, strikes }: Fault): boolean {
    if (rule.count !== undefined && strikes >= rule.count) return true;
    return rule.untilMs !== undefined && this.#clock.nowMs() >= rule.untilMs;
  }

  #dropEnded(): void {
    this.#known = this.#known.filter((fault) => !this.#isEnded(fault));
  }
}

class KnownFault implements Fault {
  readonly id: string;
  readonly rule: FaultRule;
  strikes = 0;
  readonly #operation: RegExp | undefined;

  constructor(id: string, rule: FaultRule) {
    this.id = id;
    this.rule = rule;
    this.#operation = rule.operation === undefined ? undefined : patternOf(rule.operation);
  }

  fits({ service, operation, region, account }: FaultCall): boolean {
    const { rule } = this;
    return (
      (rule.service === undefined || rule.service === service) &&
      (rule.region === undefined || rule.region === region) &&
      (rule.account === undefined || rule.account === account) &&
      (this.#operation === undefined || this.#operation.test(operation))
    );
  }
}

/** `*` stands for any letters, all else for itself. */
export function patternOf(text: string): RegExp {
  const parts = text.split("*").map((part) => part.replaceAll(/[^\w]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`);
}
