import type { Key } from "#base/key.ts";
import type { KeyInsights } from "./key-insights.ts";

/** What one body used of a table with contributor insights: counted when the body has settled, like its units. */
export class AccessNotes {
  readonly #insights: KeyInsights;
  readonly #admitted: Key[] = [];
  readonly #accesses: { readonly key: Key; readonly units: number }[] = [];
  readonly #refusals: { readonly key: Key; readonly isItem: boolean }[] = [];

  constructor(insights: KeyInsights) {
    this.#insights = insights;
  }

  admitted(key: Key): void {
    this.#admitted.push(key);
  }

  /** What the next of the admitted keys used. */
  used(units: number): void {
    const key = this.#admitted.shift();
    if (key !== undefined) this.note(key, units);
  }

  note(key: Key, units: number): void {
    this.#accesses.push({ key, units });
  }

  /** `isItem`: not of a page, whose key says no more than the partition. */
  refused(key: Key, isItem = true): void {
    if (isItem) this.#admitted.pop();
    this.#refusals.push({ key, isItem });
  }

  settled(): void {
    for (const { key, units } of this.#accesses) this.#insights.accessed(key, units);
    for (const { key, isItem } of this.#refusals) this.#insights.throttled(key, isItem);
  }
}
