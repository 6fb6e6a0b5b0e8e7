import assert from "node:assert/strict";

/** By time, not by turns: a fast machine asks many times before what it waits for is due. */
const longestMs = 30_000;

/** Asks again and again until the answer is right: for what the server does in its own time, which is milliseconds. */
export async function until<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  const deadlineMs = performance.now() + longestMs;
  let answer = await ask();
  while (!isRight(answer)) {
    const isInTime = performance.now() < deadlineMs;
    assert(isInTime, `never came: the last answer was ${JSON.stringify(answer)}`);
    answer = await ask();
  }
  return answer;
}
