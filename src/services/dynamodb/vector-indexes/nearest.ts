/** What was found, and how near it is. */
export interface Found {
  readonly score: number;
  readonly value: Buffer;
}

/** Keeps the best of what it is offered, the best first; of two that are equally near, the one that came first. */
export class Nearest {
  readonly found: Found[] = [];
  readonly #atMost: number;
  readonly #isHigherNearer: boolean;

  constructor(atMost: number, isHigherNearer: boolean) {
    this.#atMost = atMost;
    this.#isHigherNearer = isHigherNearer;
  }

  offer(score: number, value: Buffer): void {
    const { found } = this;
    if (found.length === this.#atMost && !this.#isNearer(score, found.at(-1)!.score)) return;
    let low = 0;
    let high = found.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isNearer(score, found[middle]!.score)) high = middle;
      else low = middle + 1;
    }
    found.splice(low, 0, { score, value });
    if (found.length > this.#atMost) found.pop();
  }

  #isNearer(one: number, other: number): boolean {
    return this.#isHigherNearer ? one > other : one < other;
  }
}
