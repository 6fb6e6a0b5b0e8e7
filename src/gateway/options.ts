import type { Kernel } from "#kernel/kernel.ts";
import type { PeerSignatures } from "./peer-signatures.ts";
import type { Life } from "#kernel/state/life.ts";

/** What the server says of itself. */
export interface ServerFacts {
  readonly version: string;
  readonly authentication: "open" | "strict";
  /** Of the data; undefined in memory. */
  readonly dataFolder: string | undefined;
  readonly startedAtElapsedMs: number;
}

export interface GatewayOptions {
  readonly life: Life;
  /** Of the state that holds now: ask anew for each call. */
  readonly kernel: Kernel;
  readonly facts: ServerFacts;
  /** Where requests belong that do not say. */
  readonly defaultAccount: string;
  readonly defaultRegion: string;
  /** What signs the calls of the servers that serve other regions; undefined if there are none. */
  readonly peerSignatures?: PeerSignatures | undefined;
}
