import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { bundleCheckout, checkoutBundle } from "../../tools/bundle.mjs";

await bundleCheckout();
const running = new Set<ChildProcess>();
// A test that fails half way must not leave servers behind.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A server in a process of its own, as users start it, on a data folder that outlives it. */
export class ServerProcess {
  /** Resolves with the endpoint; rejects with what the server said if it ends before that. */
  readonly ready: Promise<string>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = "";
  #errors = "";

  /** `environment` sets what has no flag: `{ TULE_ROOT_ACCESS_KEY_ID: ... }`. */
  constructor(
    dataFolder: string,
    flags: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("TULE_"));
    const argv = [checkoutBundle, "start", "--port", "0", "--data", dataFolder, ...flags];
    this.#child = spawn(process.execPath, argv, {
      env: { ...Object.fromEntries(inherited), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(this.#child);
    this.#ended = once(this.#child, "close").finally(() => running.delete(this.#child));
    this.ready = this.#readEndpoint();
    // Whoever kills it before it is ready need not look at this.
    this.ready.catch(() => undefined);
  }

  /** Whether it is still there: a server under test should not end by itself. */
  get isRunning(): boolean {
    return running.has(this.#child);
  }

  /** What the server wrote to its log. */
  get errors(): string {
    return this.#errors;
  }

  /** Ends it without a warning, as a crash does; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #readEndpoint(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#child.stderr!.on("data", (text) => (this.#errors += String(text)));
      this.#child.stdout!.on("data", (text) => {
        this.#output += String(text);
        const endpoint = /is ready at (\S+),/.exec(this.#output)?.[1];
        if (endpoint !== undefined) resolve(endpoint);
      });
      this.#child.on("error", reject);
      this.#child.on("close", (code) => {
        reject(new Error(`the server ended (${String(code)}): ${this.#output}${this.#errors}`));
      });
    });
  }
}
