import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import { tuple } from "#base/tuple.ts";
import type { Store, Transaction } from "#store/store.ts";

/*
 * Forgetting everything takes many transactions. A mark that is written first and deleted last makes it whole: if
 * the process dies in between, the next start goes on before anybody is served. What others write meanwhile behind
 * the walk may be half forgotten (a table without its jobs), so walks follow one another until a single transaction
 * has seen everything there is.
 */
const resetMark = tuple("kernel", "reset");
const keysAtOnce = 5_000;

export async function resetStore(store: Store): Promise<void> {
  await store.transact((tx) => tx.put(resetMark, Buffer.alloc(0)));
  await finishReset(store);
}

/** Goes on with a reset that was begun; otherwise does nothing. */
export async function finishReset(store: Store): Promise<void> {
  const begun = await store.read((snapshot) => snapshot.get(resetMark) !== undefined);
  if (!begun) return;
  let from: Key | undefined = "";
  while (from !== undefined) {
    const start: Key = from;
    from = await store.transact((tx) => forgetSome(tx, start));
  }
}

/** One transaction of a walk; answers where the next one begins, or undefined when all is forgotten. */
function forgetSome(tx: Transaction, start: Key): Key | undefined {
  let last: Key | undefined;
  let count = 0;
  for (const { key } of tx.range({ start, end: endOfPrefix("\u00fe"), limit: keysAtOnce })) {
    if (key !== resetMark) tx.delete(key);
    last = key;
    count += 1;
  }
  if (count === keysAtOnce && last !== undefined) return keyAfter(last);
  if (start !== "") return "";
  tx.delete(resetMark);
  return undefined;
}
