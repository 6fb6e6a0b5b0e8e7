import { Connection, type Answer } from "../../bench/load/connection.ts";

/** The server closed, or said nothing in time. */
export class NoAnswer extends Error {}

/** One keep-alive connection as a function: bytes in, answer out. */
export class Exchange {
  readonly #connection: Connection;
  #settle: ((answer: Answer | NoAnswer) => void) | undefined;

  constructor(port: number) {
    this.#connection = new Connection(
      port,
      {
        answered: (answer) => this.#settle?.(answer),
        broke: (error) => this.#settle?.(new NoAnswer(error.message)),
      },
      true,
    );
  }

  /** Rejects with NoAnswer; `limitMs` is how long silence may last until it counts as a hang. */
  send(bytes: Buffer, limitMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => this.#settle?.(new NoAnswer(`no answer in ${limitMs} ms`)),
        limitMs,
      );
      this.#settle = (answer) => {
        clearTimeout(limit);
        this.#settle = undefined;
        if (!(answer instanceof NoAnswer)) return resolve(answer);
        this.#connection.close();
        reject(answer);
      };
      this.#connection.send(bytes);
    });
  }

  close(): void {
    this.#connection.close();
  }
}
