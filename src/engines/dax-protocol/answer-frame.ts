/** What stands in front of an answer for clients that asked for it: how long all of it is, and flags. */
const headerBytes = 8;
const flagsAt = 4;
/** The answer ends with this frame. */
const isLast = 1;

/** An answer as one frame. */
export function framed(answer: Buffer): Buffer {
  const frame = Buffer.alloc(headerBytes + answer.length);
  frame.writeUInt32BE(frame.length, 0);
  frame[flagsAt] = isLast;
  answer.copy(frame, headerBytes);
  return frame;
}
