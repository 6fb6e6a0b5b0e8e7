import type { Configuration } from "./configuration.ts";

/** Shows a table at work on a running server. */
export async function demo(_configuration: Configuration): Promise<number> {
  throw new Error("not written yet");
}
