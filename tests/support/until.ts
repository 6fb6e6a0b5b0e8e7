import assert from "node:assert/strict";

/** Asks again and again until the answer is right: for what the server does in its own time, which is milliseconds. */
export async function until<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  for (let times = 0; !isRight(answer); times += 1) {
    assert(times < 5_000, `never came: the last answer was ${JSON.stringify(answer)}`);
    answer = await ask();
  }
  return answer;
}
