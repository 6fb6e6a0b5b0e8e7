import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import { tuple } from "#base/tuple.ts";
import type { Store, Transaction } from "#store/store.ts";
import type { FileBlobs } from "./blobs/blobs.ts";

/*
 * Forgetting everything takes many transactions. A mark that is written first and deleted last makes it whole: if
 * the process dies in between, the next start goes on before anybody is served. What others write meanwhile behind
 * the walk may be half forgotten (a table without its jobs), so walks follow one another until a single transaction
 * has seen everything there is.
 */
const resetMark = tuple("kernel", "reset");
const keysAtOnce = 5_000;

export async function resetStore(store: Store, blobs: FileBlobs): Promise<void> {
  await store.transact((tx) => tx.put(resetMark, Buffer.alloc(0)));
  await finishReset(store, blobs);
}

/** Goes on with a reset that was begun; otherwise does nothing. */
export async function finishReset(store: Store, blobs: FileBlobs): Promise<void> {
  const begun = await store.read((snapshot) => snapshot.get(resetMark) !== undefined);
  if (!begun) return;
  for (;;) {
    let from: Key | undefined = "";
    while (from !== undefined) {
      const start: Key = from;
      from = await store.transact((tx) => forgetSome(tx, start));
    }
    // A file that is made after this has its folder's key in the store, so the next look finds the store not empty.
    await blobs.clear();
    if (await store.transact(unmarkIfEmpty)) return;
  }
}

function unmarkIfEmpty(tx: Transaction): boolean {
  for (const { key } of tx.range({ start: "", end: endOfPrefix("\u00fe"), limit: 2 })) {
    if (key !== resetMark) return false;
  }
  tx.delete(resetMark);
  return true;
}

/** One transaction of a walk; answers where the next one begins, or undefined when one has seen nothing to forget. */
function forgetSome(tx: Transaction, start: Key): Key | undefined {
  let last: Key | undefined;
  let count = 0;
  for (const { key } of tx.range({ start, end: endOfPrefix("\u00fe"), limit: keysAtOnce })) {
    if (key !== resetMark) tx.delete(key);
    last = key;
    count += 1;
  }
  if (count === keysAtOnce && last !== undefined) return keyAfter(last);
  return start === "" ? undefined : "";
}
