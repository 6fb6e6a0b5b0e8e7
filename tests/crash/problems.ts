/** What a crash must never do. */
export type ProblemKind =
  /** An acknowledged write is not there, or an earlier state came back. */
  | "lost"
  /** Some of a transaction is there, and some is not. */
  | "torn"
  /** An index does not hold what the table's items imply, or a size is not their sum. */
  | "index"
  /** A stream does not tell of each change once, in order. */
  | "stream"
  /** An item goes before its time, or stays after it. */
  | "expiry"
  /** A job of a table or an index did not end. */
  | "stuck"
  /** An answer that no order of the requests explains. */
  | "answer";

/** Collects what went wrong, so that a run can end its round and say all of it. */
export class Problems {
  readonly #found: { readonly kind: ProblemKind; readonly text: string }[] = [];

  add(kind: ProblemKind, text: string): void {
    this.#found.push({ kind, text });
  }

  count(kind: ProblemKind): number {
    return this.#found.filter((problem) => problem.kind === kind).length;
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  toString(): string {
    const lines = this.#found.slice(0, 40).map(({ kind, text }) => `${kind}: ${text}`);
    const more = this.#found.length - lines.length;
    return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
  }
}
