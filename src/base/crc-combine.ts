/**
 * The CRC of two byte strings one behind the other, from their CRCs alone: what stands behind a checksum is as if the
 * first were followed by zeros, and a zero is a linear map of the CRC's bits. That map, for a length, is a matrix.
 */
export type CombinableCrc = "CRC32" | "CRC32C" | "CRC64NVME";

const kinds: Readonly<
  Record<CombinableCrc, { readonly bits: number; readonly polynomial: bigint }>
> = {
  CRC32: { bits: 32, polynomial: 0xedb88320n },
  CRC32C: { bits: 32, polynomial: 0x82f63b78n },
  CRC64NVME: { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n },
};

export function isCombinable(algorithm: string): algorithm is CombinableCrc {
  return algorithm in kinds;
}

/** Column i: what bit i becomes. */
type Matrix = readonly bigint[];

export interface CrcPart {
  /** Big-endian, as checksums.ts has it. */
  readonly crc: Buffer;
  readonly lengthBytes: number;
}

/** The CRC of all parts together. A matrix costs milliseconds, so parts of one length share theirs. */
export function combineCrcs(kind: CombinableCrc, parts: readonly CrcPart[]): Buffer {
  const { bits } = kinds[kind];
  const matrices = new Map<number, Matrix>();
  let whole = 0n;
  for (const { crc, lengthBytes } of parts) {
    let zeros = matrices.get(lengthBytes);
    if (zeros === undefined) {
      zeros = zerosMatrix(kind, lengthBytes);
      matrices.set(lengthBytes, zeros);
    }
    whole = applied(zeros, whole) ^ BigInt(`0x${crc.toString("hex")}`);
  }
  return Buffer.from(whole.toString(16).padStart(bits / 4, "0"), "hex");
}

function zerosMatrix(kind: CombinableCrc, lengthBytes: number): Matrix {
  const { bits, polynomial } = kinds[kind];
  // One zero bit: the register shifts, and the bit that falls out brings the polynomial in.
  const oneBit: bigint[] = [polynomial];
  for (let bit = 1; bit < bits; bit++) oneBit.push(1n << BigInt(bit - 1));
  let power: Matrix = oneBit;
  for (let doubled = 0; doubled < 3; doubled++) power = product(power, power);
  let zeros: Matrix = Array.from({ length: bits }, (_, bit) => 1n << BigInt(bit));
  for (let left = lengthBytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) zeros = product(power, zeros);
    power = product(power, power);
  }
  return zeros;
}

function product(second: Matrix, first: Matrix): Matrix {
  return first.map((column) => applied(second, column));
}

function applied(matrix: Matrix, vector: bigint): bigint {
  let result = 0n;
  for (let bit = 0, rest = vector; rest !== 0n; bit++, rest >>= 1n) {
    if ((rest & 1n) === 1n) result ^= matrix[bit]!;
  }
  return result;
}
