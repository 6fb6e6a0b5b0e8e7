/**
 * Bytes that came and were not used yet, in one piece. What was handed out stays as it is: nothing is moved or
 * overwritten in place, so a request may be worked on while the next one arrives.
 */
export class InputBuffer {
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #isOwn = false;

  get length(): number {
    return this.#end - this.#start;
  }

  /** All that is there. A frame that is complete may be cut out of it. */
  get bytes(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  add(chunk: Buffer): void {
    if (this.length === 0) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#isOwn = false;
      return;
    }
    const needed = this.length + chunk.length;
    if (!this.#isOwn || this.#end + chunk.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(needed * 2);
      this.#bytes.copy(larger, 0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
      this.#bytes = larger;
      this.#isOwn = true;
    }
    this.#end += chunk.copy(this.#bytes, this.#end);
  }

  take(count: number): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#start + count);
    this.#start += count;
    return taken;
  }
}
