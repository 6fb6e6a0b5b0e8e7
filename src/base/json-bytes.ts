/**
 * A value whose JSON text exists already, as it was stored or received. Where a handler returns one, the JSON codec
 * splices its bytes into the answer without reading them; whoever needs to look inside asks `value()`.
 */
export class JsonBytes {
  readonly bytes: Buffer;
  #value: unknown;

  /** `bytes`: UTF-8 JSON text of one value. They must not change afterwards. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The parsed value; parsed once, at the first call, and shared by all callers: do not change it. */
  value(): unknown {
    this.#value ??= JSON.parse(this.bytes.toString("utf8"));
    return this.#value;
  }

  /** So that `JSON.stringify` is right even where no codec splices. */
  toJSON(): unknown {
    return this.value();
  }
}
