/**
 * What a table, an index or a partition may consume: units flow in at a steady rate, and what nobody uses is kept for
 * so many seconds. Something is admitted as long as there is anything left and may take more than that, so what is
 * consumed over a longer time is exactly what flowed in.
 *
 * It begins full: whoever tries it on AWS finds the burst of a fresh table there at once. AWS documents neither that
 * nor what a request larger than what is left does.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html (300 seconds)
 */
export class TokenBucket {
  readonly #burstSeconds: number;
  #unitsPerSecond: number;
  #units: number;
  #atMs: number;

  constructor(unitsPerSecond: number, burstSeconds: number, nowMs: number) {
    this.#unitsPerSecond = unitsPerSecond;
    this.#burstSeconds = burstSeconds;
    this.#units = unitsPerSecond * burstSeconds;
    this.#atMs = nowMs;
  }

  get unitsPerSecond(): number {
    return this.#unitsPerSecond;
  }

  /** Whether more than this is left for sure: it was the last time that anybody looked, and time only adds to it. */
  holds(units: number): boolean {
    return this.#units > units;
  }

  /** What is left now; a debt is negative. Time that goes back brings nothing and takes nothing. */
  left(nowMs: number): number {
    const passedMs = nowMs - this.#atMs;
    if (passedMs !== 0) {
      this.#atMs = nowMs;
      if (passedMs > 0) this.#fill((passedMs / 1000) * this.#unitsPerSecond);
    }
    return this.#units;
  }

  take(units: number, nowMs: number): void {
    this.left(nowMs);
    this.#units -= units;
  }

  /** From now on; what was saved before is kept as far as there is room for it. */
  changeRate(unitsPerSecond: number, nowMs: number): void {
    if (unitsPerSecond === this.#unitsPerSecond) return;
    this.left(nowMs);
    this.#unitsPerSecond = unitsPerSecond;
    this.#fill(0);
  }

  #fill(units: number): void {
    this.#units = Math.min(this.#unitsPerSecond * this.#burstSeconds, this.#units + units);
  }
}
