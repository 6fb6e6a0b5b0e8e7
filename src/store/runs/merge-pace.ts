/**
 * Shares the thread between merges and whoever is being answered. Merges do a small piece of work at a time and ask here
 * before the next one. In each turn of the event loop they do few pieces together: a share of the time that the others
 * have just taken. So merges are fast when nobody else wants the thread, keep up when everybody does, and never
 * hold anybody up for long.
 */
import type { Clock } from "#world/world.ts";

/** What one piece takes, roughly: merges cut their work so. */
const pieceMs = 0.3;
/** For each millisecond that others took in a turn, merges take so much in the next. */
const share = 0.3;
const mostPieces = 24;

export class MergePace {
  private readonly nextTurn: (run: () => void) => void;
  private readonly clock: Pick<Clock, "elapsedMs">;
  private readonly waiting: (() => void)[] = [];
  /** Pieces that may still be done in this turn. */
  private left = 0;
  /** When merges last did something. */
  private workedMs = 0;
  private isScheduled = false;

  constructor(nextTurn: (run: () => void) => void, clock: Pick<Clock, "elapsedMs">) {
    this.nextTurn = nextTurn;
    this.clock = clock;
  }

  /** Resolves when the next piece may be done. */
  async next(): Promise<void> {
    this.workedMs = this.clock.elapsedMs();
    if (this.left > 0) {
      this.left -= 1;
      return;
    }
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.nextTurn(() => this.begin());
  }

  private begin(): void {
    this.isScheduled = false;
    this.left = 0;
    const first = this.waiting.shift();
    if (first === undefined) return;
    const othersMs = this.clock.elapsedMs() - this.workedMs;
    this.left = Math.min(mostPieces, Math.floor((othersMs * share) / pieceMs));
    // The next turn takes away what this one leaves.
    this.schedule();
    first();
  }
}
