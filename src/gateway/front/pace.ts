import type { Connections } from "./connections.ts";
import type { IncomingBody } from "./request-body.ts";

/** Whether a body that somebody waits for keeps coming. Asked by each sweep; costs nothing in between. */
export class BodyPace {
  private watched: IncomingBody | undefined = undefined;
  private sinceMs = 0;
  private seenBytes = 0;

  /** Time in which we ourselves did not read (`isAwaited` false) does not count. */
  tooSlow(body: IncomingBody, isAwaited: boolean, { nowMs, limits }: Connections): boolean {
    if (this.watched !== body || !isAwaited) {
      this.watched = body;
      this.restart(body, nowMs);
      return false;
    }
    const tookMs = nowMs - this.sinceMs;
    if (tookMs < limits.bodyTimeoutMs) return false;
    const cameBytes = body.receivedBytes - this.seenBytes;
    this.restart(body, nowMs);
    return cameBytes * 1000 < limits.bodyMinimumBytesPerSecond * tookMs;
  }

  private restart(body: IncomingBody, nowMs: number): void {
    this.sinceMs = nowMs;
    this.seenBytes = body.receivedBytes;
  }
}

/** Whether a client takes its answers. */
export class WritePace {
  private seenBytes = Number.NaN;
  private movedMs = 0;

  /** Of all bytes handed to the connection so far, `pendingBytes` have not left it. */
  stalled(handedBytes: number, pendingBytes: number, { nowMs, limits }: Connections): boolean {
    const takenBytes = handedBytes - pendingBytes;
    if (pendingBytes === 0 || takenBytes !== this.seenBytes) {
      this.seenBytes = takenBytes;
      this.movedMs = nowMs;
      return false;
    }
    return nowMs - this.movedMs >= limits.writeTimeoutMs;
  }
}
