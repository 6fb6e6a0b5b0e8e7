/** The server's clock, which its owner may move. */

export async function serverNowMs(endpoint: string): Promise<number> {
  const { now } = (await (await fetch(`${endpoint}/_tule/time`)).json()) as { now: string };
  return Date.parse(now);
}

/** `{ move: "+40m" }`, `{ frozen: true }`, `{ reset: true, frozen: false }`. */
export async function changeClock(
  endpoint: string,
  change: { readonly move?: string; readonly reset?: boolean; readonly frozen?: boolean },
): Promise<void> {
  const answer = await fetch(`${endpoint}/_tule/time`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(change),
  });
  if (!answer.ok) throw new Error(`the clock did not change: ${await answer.text()}`);
}
