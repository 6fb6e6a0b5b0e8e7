import { createHmac, timingSafeEqual } from "node:crypto";
import type { World } from "#world/world.ts";

/*
 * What signs the calls of servers that share out the regions among them: an HMAC-SHA256, by the secret that they share, over
 * a time, a number that is used once, and the body. So whoever records a call cannot send it again:
 *
 * P1. A call is taken within a minute of its time, by the machine's clock: what users do to the server's is no matter.
 * P2. Within that time no number is taken twice.
 * P3. Numbers are in memory: a call from before this process began is not taken, for its number may be forgotten. A peer
 *     whose clock is behind waits so long after a restart; its jobs try again.
 */

export const signatureHeader = "x-tule-peer-signature";
const validForMs = 60_000;
const nonceBytes = 16;

/** Why a call is not taken. */
export interface SignatureRefusal {
  readonly message: string;
  /** Whether the same call, signed anew in a moment, would be taken. */
  readonly isPassing: boolean;
}

export class PeerSignatures {
  readonly #secret: string;
  readonly #world: Pick<World, "clock" | "random">;
  readonly #beganAtMs: number;
  /** The numbers that were taken, and until when each counts, about in that order. */
  readonly #taken = new Map<string, number>();

  constructor(secret: string, world: Pick<World, "clock" | "random">) {
    this.#secret = secret;
    this.#world = world;
    this.#beganAtMs = world.clock.machineMs();
  }

  /** The header's value. */
  sign(body: Buffer): string {
    const { clock, random } = this.#world;
    const stamp = `${clock.machineMs()} ${random.bytes(nonceBytes).toString("hex")}`;
    return `${stamp} ${this.#hmac(stamp, body)}`;
  }

  /** Undefined if the call is to be taken; then it never is again. */
  refusal(body: Buffer, header: string | undefined): SignatureRefusal | undefined {
    const [time = "", nonce = "", signature = ""] = (header ?? "").split(" ");
    const [given, right] = [signature, this.#hmac(`${time} ${nonce}`, body)].map((text) =>
      Buffer.from(text),
    ) as [Buffer, Buffer];
    if (given.length !== right.length || !timingSafeEqual(given, right)) {
      return refused("the call is not signed with this server's --peer-secret");
    }
    const atMs = Number(time);
    const nowMs = this.#world.clock.machineMs();
    if (!(Math.abs(nowMs - atMs) <= validForMs)) {
      const seconds = Math.round((nowMs - atMs) / 1000);
      return refused(`the call was signed ${seconds} s ago, by the clocks of the two servers`);
    }
    if (atMs < this.#beganAtMs) {
      return { message: "the call is from before this server began", isPassing: true };
    }
    this.#forget(nowMs);
    if (this.#taken.has(nonce)) return refused("the call has been taken before");
    this.#taken.set(nonce, atMs + validForMs);
    return undefined;
  }

  #forget(nowMs: number): void {
    for (const [nonce, untilMs] of this.#taken) {
      if (untilMs >= nowMs) return;
      this.#taken.delete(nonce);
    }
  }

  #hmac(stamp: string, body: Buffer): string {
    const hmac = createHmac("sha256", this.#secret).update(`${stamp}\n`).update(body);
    return hmac.digest("base64");
  }
}

const refused = (message: string): SignatureRefusal => ({ message, isPassing: false });
