/** The body is longer than its reader allows; becomes a 413 if the handler lets it through. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/** The body ended before it was whole: the client went away, was too slow, or broke the protocol. */
export class BodyBroken extends Error {
  override readonly name = "BodyBroken";
}
