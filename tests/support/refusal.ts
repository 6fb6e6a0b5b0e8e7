import assert from "node:assert/strict";

/** What the service refused a request with, whichever SDK client sent it: "NotFoundException: Key ... does not exist". */
export async function refusal(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    assert(error instanceof Error && "$fault" in error, `not an answer: ${String(error)}`);
    return `${error.name}: ${error.message}`;
  }
  assert.fail("the request was not refused");
}
