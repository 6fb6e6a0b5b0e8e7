import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import { tuple } from "#base/tuple.ts";
import type { Store } from "#store/store.ts";

/*
 * Forgetting everything takes many transactions. A mark that is written first and deleted last makes it whole: if
 * the process dies in between, the next start goes on before anybody is served.
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
    from = await store.transact((tx) => {
      let last: Key | undefined;
      let count = 0;
      for (const { key } of tx.range({ start, end: endOfPrefix("\u00fe"), limit: keysAtOnce })) {
        if (key !== resetMark) tx.delete(key);
        last = key;
        count += 1;
      }
      return count < keysAtOnce || last === undefined ? undefined : keyAfter(last);
    });
  }
  await store.transact((tx) => tx.delete(resetMark));
}
