import type { Credentials } from "#kernel/credentials.ts";
import type { Kernel } from "#kernel/kernel.ts";
import type { ServerFacts } from "./internal.ts";

export interface GatewayOptions {
  readonly kernel: Kernel;
  readonly facts: ServerFacts;
  readonly credentials: Credentials;
  /** Where requests belong that do not say. */
  readonly defaultAccount: string;
  readonly defaultRegion: string;
}
