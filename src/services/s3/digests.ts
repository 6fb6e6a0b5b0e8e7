import { createHash } from "node:crypto";
import { createChecksum, type Checksum, type ChecksumAlgorithm } from "#base/checksums.ts";
import type { StreamingBody } from "#models/contract.ts";

export interface FoundDigests {
  readonly md5: Buffer;
  /** Base64; of an algorithm that the digests were made with. */
  checksumIn(algorithm: ChecksumAlgorithm): string;
}

/** MD5, for the entity tag, and checksums, computed as the bytes go by. */
export class Digests {
  readonly #md5 = createHash("md5");
  readonly #checksums: ReadonlyMap<ChecksumAlgorithm, Checksum>;

  constructor(...algorithms: readonly ChecksumAlgorithm[]) {
    this.#checksums = new Map(algorithms.map((each) => [each, createChecksum(each)]));
  }

  /** The same bytes, counted in as they are taken. */
  observe(body: StreamingBody): StreamingBody {
    if (!(body instanceof Uint8Array)) return this.#pass(body);
    this.#update(body);
    return body;
  }

  end(): FoundDigests {
    const values = new Map(
      Array.from(this.#checksums, ([algorithm, checksum]) => [
        algorithm,
        checksum.digest().toString("base64"),
      ]),
    );
    return { md5: this.#md5.digest(), checksumIn: (algorithm) => values.get(algorithm) ?? "" };
  }

  async *#pass(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const bytes of body) {
      this.#update(bytes);
      yield bytes;
    }
  }

  #update(bytes: Uint8Array): void {
    this.#md5.update(bytes);
    for (const checksum of this.#checksums.values()) checksum.update(bytes);
  }
}

/** The digests of bytes that are there already: read once, and not written again. */
export async function digestsOf(
  body: StreamingBody,
  algorithm: ChecksumAlgorithm,
): Promise<FoundDigests> {
  const digests = new Digests(algorithm);
  const observed = digests.observe(body);
  if (!(observed instanceof Uint8Array)) {
    // The digests are what it is read for.
    for await (const _ of observed);
  }
  return digests.end();
}
