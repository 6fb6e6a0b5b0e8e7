import { createHmac, timingSafeEqual } from "node:crypto";

/*
 * Codes of six digits that change with each step of 30 seconds (RFC 6238), as authenticator apps show them. A device's
 * clock may be off by some steps: how many is found out when it is enabled, and again by ResyncMFADevice.
 */

const stepMs = 30_000;
const digits = 6;

export const stepAt = (nowMs: number): number => Math.floor(nowMs / stepMs);

export function codeOf(seed: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac("sha1", seed).update(counter).digest();
  const at = hash.at(-1)! & 15;
  const number = hash.readUInt32BE(at) & 0x7f_ff_ff_ff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

export interface DeviceClock {
  /** How many steps the device's clock is ahead. */
  readonly driftSteps: number;
  /** The step of the latest code that was taken: no code is taken twice. */
  readonly lastStep: number;
}

/** Five minutes either way. */
const driftAtMost = 10;

/** What two codes, one after the other, tell of a device; undefined if they are not its own. */
export function synchronized(
  seed: Buffer,
  nowMs: number,
  codes: readonly [string, string],
): DeviceClock | undefined {
  const now = stepAt(nowMs);
  for (let away = 0; away <= driftAtMost; away += 1) {
    for (const step of new Set([now - away, now + away])) {
      if (isCode(codes[0], seed, step) && isCode(codes[1], seed, step + 1)) {
        const ahead = step + 1 - now;
        // One step is what it takes to type.
        return { driftSteps: Math.abs(ahead) <= 1 ? 0 : ahead, lastStep: step + 1 };
      }
    }
  }
  return undefined;
}

/** The clock of a device after it told a code; undefined if the code is wrong, or was told before. */
export function afterCode(
  seed: Buffer,
  nowMs: number,
  clock: DeviceClock,
  code: string,
): DeviceClock | undefined {
  const expected = stepAt(nowMs) + clock.driftSteps;
  for (const step of [expected, expected - 1, expected + 1]) {
    if (step > clock.lastStep && isCode(code, seed, step)) return { ...clock, lastStep: step };
  }
  return undefined;
}

function isCode(given: string, seed: Buffer, step: number): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(codeOf(seed, step))];
  return one.length === other.length && timingSafeEqual(one, other);
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648. Five bytes are eight letters. */
export function base32(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 5) {
    let bits = BigInt(`0x${bytes.subarray(at, at + 5).toString("hex")}`);
    let group = "";
    for (let letter = 0; letter < 8; letter += 1) {
      group = letters[Number(bits & 31n)]! + group;
      bits >>= 5n;
    }
    text += group;
  }
  return text;
}
