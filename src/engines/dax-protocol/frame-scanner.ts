import { Malformed } from "./malformed.ts";
import { deepestLevel } from "./cbor-reader.ts";

/** An array or a map whose elements a break ends. */
const untilBreak = -1;

/**
 * Finds where values end in bytes that arrive in pieces. A request has no length in front of it: it is so many CBOR
 * values, and it is complete when the last of them is. Each byte is looked at once, however many pieces there are.
 */
export class FrameScanner {
  /** Up to here everything was scanned. */
  at = 0;
  /** How many values of the frame were completed. */
  completed = 0;
  /** For each container that is open, how many values it still takes. */
  readonly #open: number[] = [];

  /** For the next frame, which begins at `start`. */
  reset(start: number): void {
    this.at = start;
    this.completed = 0;
    this.#open.length = 0;
  }

  /** Scans until `values` are complete; false if the bytes end before. */
  scan(bytes: Buffer, values: number): boolean {
    while (this.completed < values) {
      if (!this.#value(bytes)) return false;
    }
    return true;
  }

  #value(bytes: Buffer): boolean {
    if (this.at >= bytes.length) return false;
    const initial = bytes[this.at]!;
    if (initial === 0xff) {
      if (this.#open.pop() !== untilBreak) throw new Malformed("an end of nothing");
      this.at += 1;
      this.#close();
      return true;
    }
    const type = initial >> 5;
    const info = initial & 31;
    if (info === 31) {
      if (type < 2 || type > 5) throw new Malformed("a length of no form");
      this.at += 1;
      this.#enter(untilBreak);
      return true;
    }
    if (info > 27) throw new Malformed("a length of no form");
    const headBytes = info < 24 ? 1 : 1 + (1 << (info - 24));
    if (this.at + headBytes > bytes.length) return false;
    if (type === 2 || type === 3) {
      const end = this.at + headBytes + argument(bytes, this.at + 1, info);
      if (end > bytes.length) return false;
      this.at = end;
      this.#close();
      return true;
    }
    const count = type >= 4 && type <= 6 ? argument(bytes, this.at + 1, info) : 0;
    this.at += headBytes;
    if (type === 4 && count > 0) this.#enter(count);
    else if (type === 5 && count > 0) this.#enter(count * 2);
    else if (type === 6) this.#enter(1);
    else this.#close();
    return true;
  }

  #enter(values: number): void {
    if (this.#open.length >= deepestLevel) throw new Malformed("nested too deeply");
    this.#open.push(values);
  }

  /** A value ended, and with it perhaps those around it. */
  #close(): void {
    for (;;) {
      const last = this.#open.length - 1;
      if (last < 0) {
        this.completed += 1;
        return;
      }
      const left = this.#open[last]!;
      if (left === untilBreak) return;
      if (left > 1) {
        this.#open[last] = left - 1;
        return;
      }
      this.#open.pop();
    }
  }
}

function argument(bytes: Buffer, start: number, info: number): number {
  if (info < 24) return info;
  if (info === 24) return bytes[start]!;
  if (info === 25) return bytes.readUInt16BE(start);
  if (info === 26) return bytes.readUInt32BE(start);
  return bytes.readUInt32BE(start) * 2 ** 32 + bytes.readUInt32BE(start + 4);
}
