/** Lets what concerns the same thing happen one after another, whatever becomes of the one before. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  async take(thing: string, act: () => Promise<void>): Promise<void> {
    const before = this.#last.get(thing);
    const turn = before === undefined ? act() : before.then(act, act);
    this.#last.set(thing, turn);
    try {
      await turn;
    } finally {
      if (this.#last.get(thing) === turn) this.#last.delete(thing);
    }
  }
}
