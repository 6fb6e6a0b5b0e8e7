import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import type { ItemImage } from "../items/stored-item.ts";
import type { HistoryLayout, TableLayout } from "../tables/table-layout.ts";
import { dayOf, entryKey, entryValue, historyStateCodec, noHistory } from "./history-entry.ts";

/** Keeps what writes replace, within one run of a transaction's body. */
export class HistoryRecorder {
  readonly #tx: Transaction;
  readonly #ctx: Context;
  readonly #table: TableLayout;
  readonly #history: HistoryLayout;
  #nextSequence = 0;
  #atMs = 0;

  constructor(tx: Transaction, ctx: Context, table: TableLayout, history: HistoryLayout) {
    this.#tx = tx;
    this.#ctx = ctx;
    this.#table = table;
    this.#history = history;
  }

  record(itemKey: Key, before: ItemImage | undefined): void {
    if (this.#nextSequence === 0) this.#begin();
    const suffix = itemKey.slice(this.#table.itemsPrefix.length);
    const key = entryKey(this.#history, dayOf(this.#atMs), suffix, this.#nextSequence);
    this.#nextSequence += 1;
    this.#tx.put(key, entryValue(this.#atMs, before?.stored));
  }

  finish(): void {
    if (this.#nextSequence === 0) return;
    const state = { nextSequence: this.#nextSequence, lastMs: this.#atMs };
    this.#tx.put(this.#history.stateKey, historyStateCodec.encode(state));
  }

  /** H2. All changes of a transaction are made at one moment. */
  #begin(): void {
    const stored = this.#tx.get(this.#history.stateKey);
    const state = stored === undefined ? noHistory : historyStateCodec.decode(stored);
    this.#nextSequence = state.nextSequence;
    this.#atMs = Math.max(this.#ctx.now(), state.lastMs);
  }
}
