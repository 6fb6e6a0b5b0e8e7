/**
 * Which keys are certainly not there: about 1 % of the absent ones pass. Ten bits a key, six of them set.
 * The filter is plain bytes and lies in a file's index.
 */
const bitsPerKey = 10;
const probes = 6;

/** @param hashes of all keys; more than none. */
export function bloomFilter(hashes: readonly number[]): Buffer {
  const filter = Buffer.alloc(Math.ceil((hashes.length * bitsPerKey) / 8));
  const bits = filter.length * 8;
  for (const hash of hashes) {
    const step = stepOf(hash);
    let at = hash;
    for (let probe = 0; probe < probes; probe++) {
      const bit = at % bits;
      filter[bit >>> 3]! |= 1 << (bit & 7);
      at = (at + step) >>> 0;
    }
  }
  return filter;
}

export function mayContain(filter: Buffer, hash: number): boolean {
  const bits = filter.length * 8;
  const step = stepOf(hash);
  let at = hash;
  for (let probe = 0; probe < probes; probe++) {
    const bit = at % bits;
    if ((filter[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
    at = (at + step) >>> 0;
  }
  return true;
}

function stepOf(hash: number): number {
  return (Math.imul(hash, 0x9e37_79b1) >>> 0) | 1;
}
