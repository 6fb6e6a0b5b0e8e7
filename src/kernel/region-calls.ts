import type { RegionLinks } from "./region-links.ts";

/**
 * Calls between the regions of one account, within a service: how replicas of a table keep in touch.
 *
 * R1. A call reaches the region's handler in this process, or in the peer that serves the region.
 * R2. Nothing passes between regions that are cut from each other, whoever serves them.
 * R3. Whoever calls does not learn of a call that failed whether it was done: handlers bear repeating.
 */
export interface RegionCall {
  readonly service: string;
  readonly account: string;
  readonly from: string;
  readonly to: string;
  /** The name under the service's `regionCalls`. */
  readonly call: string;
  /** Anything that JSON can hold; so is the answer. */
  readonly payload: unknown;
}

/** The region did not answer, or cannot be reached: it may be later. */
export class RegionUnreachable extends Error {
  override name = "RegionUnreachable";
}

/** The processes that serve other regions. */
export interface Peers {
  /** Where the peer that serves this region is; undefined if it is served here. */
  urlOf(region: string): string | undefined;
  /** Hands the call to the peer; rejects with `RegionUnreachable`. */
  call(url: string, call: RegionCall): Promise<unknown>;
}

/** A process that serves all regions itself. */
export const noPeers: Peers = {
  urlOf: () => undefined,
  call: (url) => Promise.reject(new RegionUnreachable(`there is no peer at ${url}`)),
};

export interface RegionCallsOptions {
  readonly links: RegionLinks;
  readonly peers: Peers;
  /** Runs a call of a region that is served here. */
  readonly run: (call: RegionCall) => Promise<unknown>;
}

export class RegionCalls {
  readonly #options: RegionCallsOptions;

  constructor(options: RegionCallsOptions) {
    this.#options = options;
  }

  /** Rejects with `RegionUnreachable`, or with what went wrong in the handler. */
  async send(call: RegionCall): Promise<unknown> {
    const { peers } = this.#options;
    const url = peers.urlOf(call.to);
    if (url === undefined) return this.receive(call);
    this.#checkLink(call);
    return peers.call(url, call);
  }

  /** Does what another region asks for. */
  async receive(call: RegionCall): Promise<unknown> {
    this.#checkLink(call);
    return this.#options.run(call);
  }

  #checkLink({ from, to }: RegionCall): void {
    if (!this.#options.links.isCut(from, to)) return;
    throw new RegionUnreachable(`${from} is cut from ${to}`);
  }
}
