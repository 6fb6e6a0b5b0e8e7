/** Bytes that are not what the protocol says: the connection cannot be followed any further. */
export class Malformed extends Error {
  override name = "Malformed";
}
