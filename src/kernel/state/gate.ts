import type { Clock } from "#world/world.ts";

/** Where calls pass to the state. While it is closed they wait; closing waits for those that are through. */
export class Gate {
  readonly #clock: Clock;
  #under = 0;
  #whenEmpty: (() => void) | undefined;
  #opening: PromiseWithResolvers<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined where it is open, the usual case: then the caller is through. Otherwise to be awaited, and asked again. */
  enter(): Promise<void> | undefined {
    if (this.#opening !== undefined) return this.#opening.promise;
    this.#under += 1;
    return undefined;
  }

  leave(): void {
    this.#under -= 1;
    if (this.#under === 0) this.#whenEmpty?.();
  }

  /** Resolves when nobody is through any more, or after so much elapsed time. */
  async close(limitMs: number): Promise<void> {
    this.#opening ??= Promise.withResolvers<void>();
    if (this.#under === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(limitMs, () => resolve());
      this.#whenEmpty = () => {
        cancel();
        resolve();
      };
    });
    this.#whenEmpty = undefined;
  }

  /** Whoever waits, and whoever comes, gets this error. */
  break(error: unknown): void {
    const broken = (this.#opening ??= Promise.withResolvers<void>());
    broken.promise.catch(() => undefined);
    broken.reject(error);
  }

  open(): void {
    this.#opening?.resolve();
    this.#opening = undefined;
  }
}
