import { inspect } from "node:util";
import type { SimulatedWorld } from "#world/simulated.ts";
import type { MarkedStore, Observer } from "./marked-store.ts";
import {
  applyTableStep,
  applyWrites,
  emptyState,
  type Expectation,
  type State,
  type TableStep,
  type WriteStep,
} from "./model.ts";
import { isAnswerIn, isSame, type ReadAnswer } from "./reads.ts";
import { isTableStep, isWrite, type ReadStep, type Step } from "./steps.ts";

/**
 * All states that there may have been, one after each request that wrote, over all lives of the machine.
 *
 * H1. What was told of, by an answer or by a refusal or by a read, is there in every later life.
 * H2. After a crash the state is one of those after what was told of, exactly.
 */
export class History {
  /** The number of the last request that wrote. */
  last = 0;
  /** Everything up to this one was told to somebody. */
  told = 0;
  /** Requests that wrote, lost ones and all. */
  writes = 0;
  readonly problems: string[] = [];
  readonly #states = new Map<number, State>([[0, emptyState]]);

  get state(): State {
    return this.#states.get(this.last)!;
  }

  /** Takes over what a new life shows, and forgets the rest. */
  restart(mark: number): void {
    if (mark < this.told) this.problem(`${this.told} was told of, but only ${mark} are there`);
    if (mark > this.last) this.problem(`${mark} requests are there, but only ${this.last} wrote`);
    for (const number of this.#states.keys()) if (number !== mark) this.#states.delete(number);
    this.last = Math.min(mark, this.last);
    this.tell(this.last);
  }

  /** The same moment, seen more exactly. */
  refine(state: State): void {
    this.#states.set(this.last, state);
  }

  problem(text: string): void {
    this.problems.push(text);
  }

  tell(number: number): void {
    this.told = Math.max(this.told, number);
  }

  /** Hands a request in with eyes on its transaction, and checks its answer. */
  async observe(
    step: Step,
    machine: { readonly store: MarkedStore; readonly world: SimulatedWorld },
    request: () => Promise<unknown>,
  ): Promise<void> {
    const watched =
      isWrite(step) || isTableStep(step)
        ? new WatchedWrite(this, step, () => machine.world.clock.nowMs())
        : new WatchedRead(this, step);
    machine.store.observer = watched;
    const answer = request();
    // The handler has run up to its transaction, and handed that in.
    machine.store.observer = undefined;
    let output: unknown;
    try {
      output = JSON.parse(JSON.stringify(await answer));
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined) throw error;
      watched.refused(code, error);
      return;
    }
    watched.answered(output);
  }

  push(state: State): number {
    this.last += 1;
    this.writes += 1;
    this.#states.set(this.last, state);
    return this.last;
  }

  /** The first of these states that explains an answer. */
  firstExplaining(
    from: number,
    to: number,
    step: ReadStep,
    answer: ReadAnswer,
  ): number | undefined {
    for (let number = from; number <= to; number += 1) {
      const state = this.#states.get(number);
      if (state !== undefined && isAnswerIn(state, step, answer)) return number;
    }
    return undefined;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

class WatchedWrite implements Observer {
  readonly #history: History;
  readonly #step: WriteStep | TableStep;
  readonly #nowMs: () => number;
  #expected: Expectation | undefined;
  /** The request's own number, or that of the last one before it. */
  #number = 0;

  constructor(history: History, step: WriteStep | TableStep, nowMs: () => number) {
    this.#history = history;
    this.#step = step;
    this.#nowMs = nowMs;
  }

  wrote(): number {
    const expected = this.#expect();
    if (expected.mustRefuse) this.#problem(`was served, not refused: ${expected.refusals.join()}`);
    this.#number = this.#history.push(expected.after);
    return this.#number;
  }

  decided(error: unknown): void {
    const expected = this.#expect();
    this.#number = this.#history.last;
    if (error === undefined) {
      if (expected.mustRefuse) this.#problem(`was not refused: ${expected.refusals.join()}`);
      if (expected.images.some(({ before, after }) => !isSame(before, after))) {
        this.#problem("changed nothing, though it should have");
      }
      return;
    }
    const code = codeOf(error) ?? "no code";
    if (!expected.refusals.includes(code)) {
      this.#problem(
        `was refused with ${inspect(error)} (${code}), not ${expected.refusals.join()}`,
      );
    }
  }

  reads(): void {
    this.#problem("is a write, but reads outside its transaction");
  }

  refused(_code: string, error: unknown): void {
    this.#isDecided();
    this.#history.tell(this.#number);
    const { reasons } = this.#expected ?? {};
    const { members } = error as { members?: { CancellationReasons?: { Code: string }[] } };
    const told = members?.CancellationReasons?.map(({ Code }) => Code);
    if (told !== undefined && told.join() !== reasons?.join()) {
      this.#problem(`was cancelled because of ${told.join()}, not ${reasons?.join()}`);
    }
  }

  answered(output: unknown): void {
    this.#isDecided();
    this.#history.tell(this.#number);
    const { operation } = this.#step;
    if (operation !== "PutItem" && operation !== "UpdateItem" && operation !== "DeleteItem") return;
    const image = this.#expected?.images[0];
    const due = operation === "UpdateItem" ? image?.after : image?.before;
    const { Attributes } = output as { Attributes?: NonNullable<typeof due> };
    if (!isSame(Attributes, due)) {
      this.#problem(`is answered ${JSON.stringify(Attributes)}, not ${JSON.stringify(due)}`);
    }
  }

  #expect(): Expectation {
    const { state } = this.#history;
    const step = this.#step;
    this.#expected = isWrite(step)
      ? applyWrites(state, step, this.#nowMs())
      : applyTableStep(state, step);
    return this.#expected;
  }

  #isDecided(): void {
    if (this.#expected === undefined) this.#problem("was answered without a transaction");
  }

  #problem(text: string): void {
    this.#history.problem(`${JSON.stringify(this.#step)} ${text}`);
  }
}

class WatchedRead implements Observer {
  readonly #history: History;
  readonly #step: ReadStep;
  #from = 0;
  #to = 0;
  #isRead = false;

  constructor(history: History, step: ReadStep) {
    this.#history = history;
    this.#step = step;
  }

  wrote(): number {
    throw new Error("a read wrote");
  }

  decided(): void {
    this.#history.problem(`${JSON.stringify(this.#step)} is a read, but has a transaction`);
  }

  reads(): void {
    this.#isRead = true;
    this.#from = this.#history.told;
    this.#to = this.#history.last;
  }

  refused(code: string): void {
    this.#check({ code });
  }

  answered(output: unknown): void {
    this.#check({ output: output as object });
  }

  #check(answer: ReadAnswer): void {
    const history = this.#history;
    if (!this.#isRead) history.problem(`${JSON.stringify(this.#step)} was answered unread`);
    const number = history.firstExplaining(this.#from, this.#to, this.#step, answer);
    if (number !== undefined) {
      history.tell(number);
      return;
    }
    const table = history.state.tables.get(this.#step.table);
    history.problem(
      `${JSON.stringify(this.#step)} is answered ${JSON.stringify(answer)}, which no state from ` +
        `${this.#from} to ${this.#to} explains; the last has ${JSON.stringify([...(table?.items.values() ?? [])])}`,
    );
  }
}
