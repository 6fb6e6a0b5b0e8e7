/** What is set between two regions. It holds in both directions. */
export interface RegionLink {
  /** The two regions, in the order of their names. `*` stands for every region. */
  readonly regions: readonly [string, string];
  /** How much later what is sent arrives. */
  readonly delayMs: number;
  /** Nothing arrives until it is healed. */
  readonly isCut: boolean;
}

/** Every region. */
export const everyRegion = "*";

/**
 * How the regions are connected: at first without delay and whole. Whatever goes from one region to another asks here
 * whether it may, and when. It is kept in memory: a server that starts again finds its regions connected.
 */
export class RegionLinks {
  readonly #links = new Map<string, RegionLink>();

  /** The longest delay that holds between the two regions. */
  delayMs(one: string, other: string): number {
    let delayMs = 0;
    for (const link of this.#between(one, other)) delayMs = Math.max(delayMs, link.delayMs);
    return delayMs;
  }

  isCut(one: string, other: string): boolean {
    for (const link of this.#between(one, other)) if (link.isCut) return true;
    return false;
  }

  /** What one region sends to another, and the other way, arrives so much later. */
  delay(one: string, other: string, delayMs: number): void {
    this.#set(one, other, { delayMs });
  }

  /** Nothing passes between the two; `cut("eu-west-1", "*")` isolates a region. */
  cut(one: string, other: string): void {
    this.#set(one, other, { isCut: true });
  }

  heal(one: string, other: string): void {
    this.#set(one, other, { isCut: false });
  }

  /** Takes all delays and cuts back. */
  healAll(): void {
    this.#links.clear();
  }

  /** All that is set. */
  list(): readonly RegionLink[] {
    return [...this.#links.values()];
  }

  /** The regions of these that a message can reach from one of them, over others of these where need be; itself too. */
  reachable(from: string, regions: readonly string[]): ReadonlySet<string> {
    const reached = new Set([from]);
    for (const region of reached) {
      for (const other of regions) if (!this.isCut(region, other)) reached.add(other);
    }
    return reached;
  }

  #set(one: string, other: string, change: Partial<RegionLink>): void {
    const regions = one < other ? ([one, other] as const) : ([other, one] as const);
    const key = regions.join(" ");
    const link = { regions, delayMs: 0, isCut: false, ...this.#links.get(key), ...change };
    if (link.delayMs === 0 && !link.isCut) this.#links.delete(key);
    else this.#links.set(key, link);
  }

  *#between(one: string, other: string): Iterable<RegionLink> {
    if (one === other) return;
    for (const link of this.#links.values()) {
      const [first, second] = link.regions;
      if (fits(first, one) && fits(second, other)) yield link;
      else if (fits(first, other) && fits(second, one)) yield link;
    }
  }
}

const fits = (set: string, region: string): boolean => set === everyRegion || set === region;
