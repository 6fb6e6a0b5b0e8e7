import assert from "node:assert/strict";
import { test } from "node:test";
import { simulatedWorld } from "#world/simulated.ts";
import { BlockCache } from "./block-cache.ts";
import { idleMerge, nextMerge, partsOf } from "./merge-plan.ts";
import { SortedFile } from "./sorted-file.ts";

const MB = 1024 * 1024;

void test("four runs of a tier are merged, and those that the result would be merged with at once", () => {
  const check = (sizes: (number | undefined)[], expected: string | undefined) => {
    const found = nextMerge(sizes.map((size) => size && size * MB));
    assert.equal(found && `${found.from}-${found.to}`, expected, sizes.join(" "));
  };
  check([], undefined);
  check([16, 16, 16], undefined);
  check([16, 16, 16, 16], "0-4");
  check([16, 17, 15, 16, 64, 64], "0-4");
  check([16, 16, 16, 16, 64, 64, 64], "0-7");
  check([16, 16, 16, 16, 64, 64, 64, 256, 256, 256], "0-10");
  check([16, 64, 256, 1000], undefined);
  // What is being merged is a wall.
  check([16, 16, undefined, 16, 16, 16], undefined);
  check([16, 16, 16, 16, undefined], "0-4");
  check([16, 16, undefined, 16, 16, 16, 16], "3-7");
  // A small run below a large one counts as large.
  check([64, 1, 64, 1], "0-4");
});

void test("however much is written, runs stay few and an entry is written few times", () => {
  let runs: number[] = [];
  let [writtenBytes, mostRuns] = [0, 0];
  for (let flush = 0; flush < 64; flush++) {
    runs.unshift(16 * MB);
    writtenBytes += 16 * MB;
    for (let merge = nextMerge(runs); merge !== undefined; merge = nextMerge(runs)) {
      const bytes = runs.slice(merge.from, merge.to).reduce((sum, size) => sum + size, 0);
      runs = runs.toSpliced(merge.from, merge.to - merge.from, bytes);
      writtenBytes += bytes;
    }
    mostRuns = Math.max(mostRuns, runs.length);
  }
  assert.ok(writtenBytes <= 4 * 64 * 16 * MB, `${writtenBytes / MB} MB for 1024`);
  assert.ok(mostRuns <= 9, `${mostRuns} runs`);
});

void test("when there is time, runs are merged unless the older is much larger", () => {
  const check = (sizes: (number | undefined)[], expected: string | undefined) => {
    const found = idleMerge(sizes);
    assert.equal(found && `${found.from}-${found.to}`, expected, sizes.join(" "));
  };
  check([10], undefined);
  check([10, 100], undefined);
  check([10, 30], "0-2");
  check([10, 30, 100], "0-3");
  check([10, 1000, 30], "0-3");
  check([10, undefined, 10, 20], "2-4");
});

void test("a file that overlaps with none stays as it is, unless it is small or has deletions to drop", async () => {
  const world = simulatedWorld({ seed: 1 });
  const open = await world.files.open("/x");
  let number = 0;
  const file = (firstKey: string, lastKey: string, sizeBytes = 100, tombstones = 0) =>
    new SortedFile(
      { number: ++number, sizeBytes, rootAt: 0, firstKey, lastKey, entries: 9, tombstones },
      "/x",
      open,
      new BlockCache(0),
    );
  const name = ({ facts }: SortedFile) => `${facts.firstKey}${facts.lastKey}`;
  const check = (drop: boolean, runs: SortedFile[][], expected: string) => {
    const parts = partsOf(runs, drop, 50).map((part) =>
      part instanceof SortedFile
        ? name(part)
        : `(${part.map((run) => run.map(name).join(" ")).join(" | ")})`,
    );
    assert.equal(parts.join(" "), expected);
  };
  check(false, [[file("k", "n")], [file("a", "c")], [file("d", "g")]], "ac dg kn");
  check(
    false,
    [[file("b", "e")], [file("a", "c"), file("d", "g"), file("h", "j")]],
    "(be | ac dg) hj",
  );
  check(false, [[file("c", "c")], [file("a", "c")]], "(cc | ac)");
  check(false, [[file("d", "d", 10)], [file("a", "c", 10), file("e", "f")]], "(dd | ac) ef");
  check(false, [[file("d", "e", 100, 1)], [file("a", "c")]], "ac de");
  check(true, [[file("d", "e", 100, 1)], [file("a", "c")]], "ac (de | )");
});
