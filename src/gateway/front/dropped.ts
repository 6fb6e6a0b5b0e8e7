/** Thrown by a handler that wants the client to hear nothing: the front closes the connection, or HTTP/2's stream. */
export class Dropped extends Error {
  override readonly name = "Dropped";
}
