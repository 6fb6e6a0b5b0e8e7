import type { Cancel, Clock } from "#world/world.ts";
import type { FrontLimits, HttpHandler } from "./http.ts";
import { DateHeader } from "./http-date.ts";

/** A connection as the front keeps it, whatever it speaks. */
export interface Kept {
  /** Called a few times per timeout: give up what has stood still for too long, by `connections.nowMs`. */
  sweep(): void;
  /** The front closes: finish what is in flight, then close; at once when idle. */
  finish(): void;
  /** Now, without more words. */
  destroy(): void;
}

/**
 * All connections of a front, and the one timer that watches them. A timer per connection or request would cost more
 * than most requests; timeouts of seconds need no such precision.
 */
export class Connections {
  /** Elapsed time as of the last sweep: coarse, free to read. */
  nowMs: number;
  closing = false;
  readonly clock: Clock;
  readonly limits: FrontLimits;
  readonly handler: HttpHandler;
  readonly onFailure: (failure: unknown) => void;
  private readonly kept = new Set<Kept>();
  private readonly dates = new DateHeader();
  private readonly sweepEveryMs: number;
  private cancelSweep: Cancel | undefined = undefined;
  private whenEmpty: (() => void) | undefined = undefined;

  constructor(
    clock: Clock,
    limits: FrontLimits,
    handler: HttpHandler,
    onFailure: (failure: unknown) => void,
  ) {
    this.clock = clock;
    this.limits = limits;
    this.handler = handler;
    this.onFailure = onFailure;
    this.nowMs = clock.elapsedMs();
    const shortestMs = Math.min(
      limits.headersTimeoutMs,
      limits.idleTimeoutMs,
      limits.bodyTimeoutMs,
      limits.writeTimeoutMs,
      limits.lingerMs,
    );
    this.sweepEveryMs = Math.min(1000, Math.max(20, shortestMs / 4));
  }

  get count(): number {
    return this.kept.size;
  }

  /** By the machine's clock: SDKs set theirs by it, and signatures are measured against it. */
  dateHeader(): string {
    return this.dates.at(this.clock.machineMs());
  }

  add(connection: Kept): void {
    this.kept.add(connection);
    if (this.cancelSweep === undefined) {
      this.nowMs = this.clock.elapsedMs();
      this.sweepLater();
    }
  }

  remove(connection: Kept): void {
    if (!this.kept.delete(connection) || this.kept.size > 0) return;
    this.cancelSweep?.();
    this.cancelSweep = undefined;
    this.whenEmpty?.();
  }

  /** Resolves when the last connection is gone; those still there after the grace are destroyed. */
  async finishAll(): Promise<void> {
    this.closing = true;
    for (const connection of this.kept) connection.finish();
    if (this.kept.size === 0) return;
    const cancel = this.clock.after(this.limits.closeGraceMs, () => {
      for (const connection of this.kept) connection.destroy();
    });
    await new Promise<void>((resolve) => {
      this.whenEmpty = resolve;
    });
    cancel();
  }

  private sweepLater(): void {
    this.cancelSweep = this.clock.after(this.sweepEveryMs, () => {
      this.nowMs = this.clock.elapsedMs();
      this.cancelSweep = undefined;
      for (const connection of this.kept) connection.sweep();
      if (this.kept.size > 0) this.sweepLater();
    });
  }
}
