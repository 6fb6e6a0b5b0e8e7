import assert from "node:assert/strict";
import test from "node:test";
import { createChecksum } from "./checksums.ts";
import { combineCrcs } from "./crc-combine.ts";

test("CRCs of parts give the CRC of the whole", () => {
  const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, at) => (at * 37 + (at >> 5)) & 255));
  for (const kind of ["CRC32", "CRC32C", "CRC64NVME"] as const) {
    const crcOf = (part: Buffer): Buffer => {
      const checksum = createChecksum(kind);
      checksum.update(part);
      return checksum.digest();
    };
    for (const cuts of [[], [0], [1], [7000, 14_000], [20_000], [3, 3, 19_999]]) {
      const ends = [...cuts, bytes.length];
      const parts = ends.map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end));
      const combined = combineCrcs(
        kind,
        parts.map((part) => ({ crc: crcOf(part), lengthBytes: part.length })),
      );
      assert.deepEqual(combined, crcOf(bytes), `${kind}, cut at ${cuts.join()}`);
    }
  }
});
