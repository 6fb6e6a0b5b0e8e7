/** A body that is suspended so often reads something new each time: a mistake. */
export const maxReruns = 1000;

/** Thrown by a read whose answer is not at hand: run the body again when `ready` has resolved. */
export class Suspended extends Error {
  override name = "Suspended";
  readonly ready: Promise<void>;

  constructor(ready: Promise<void>) {
    super("this read must be fetched; do not catch this in a transaction's body");
    this.ready = ready;
  }
}

/** Another writer changed what this transaction read. Nothing was written: run the body again. */
export class Conflict extends Error {
  override name = "Conflict";
}
