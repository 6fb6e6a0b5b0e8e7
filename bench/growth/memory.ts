import { setTimeout as pause } from "node:timers/promises";
import { growthGoals, judge } from "../goals.ts";
import type { Options } from "../options.ts";
import { readProcessTree } from "../process-tree.ts";
import { itemBytes, storeItems } from "../scenarios/items.ts";
import type { ServerProcess } from "../server-process.ts";
import { ratio } from "../statistics.ts";
import { formatMegabytes, formatTable } from "../table.ts";
import type { Target } from "../target.ts";

export interface MemoryFigures {
  readonly loadedBytes: number;
  readonly seconds: number;
  /** While loading. Undefined without /proc. */
  readonly peakAnonymousBytes: number | undefined;
  /** Ten seconds after the last write. */
  readonly anonymousBytes: number | undefined;
  readonly fileBytes: number | undefined;
}

const table = "memory";
const sampleEveryMs = 250;
const restMs = 10_000;
const fillLimitSeconds = 3600;

/**
 * Stores items, a partition each, until the server holds `loadedBytes` of items together with those it already
 * has; reads what the process itself holds, apart from the pages of files that the kernel keeps for it.
 */
export async function measureMemory(
  process: ServerProcess,
  target: Target,
  options: Options,
): Promise<MemoryFigures> {
  const missingItems = Math.max(0, Math.ceil(options.loadedBytes / itemBytes) - options.items);
  await target.createTable(table);
  let peakAnonymousBytes: number | undefined;
  const sample = setInterval(() => {
    const now = readProcessTree(process.pid)?.anonymousBytes;
    if (now !== undefined) peakAnonymousBytes = Math.max(peakAnonymousBytes ?? 0, now);
  }, sampleEveryMs);
  let seconds: number;
  try {
    const key = (number: string) => [`user#${number}`, "profile"] as const;
    seconds =
      missingItems === 0 ? 0 : await storeItems(target, table, missingItems, key, fillLimitSeconds);
  } finally {
    clearInterval(sample);
  }
  await pause(restMs);
  const after = readProcessTree(process.pid);
  const figures = {
    loadedBytes: Math.max(options.loadedBytes, options.items * itemBytes),
    seconds,
    peakAnonymousBytes,
    anonymousBytes: after?.anonymousBytes,
    fileBytes: after?.fileBytes,
  };
  console.log(
    `\n${formatTable([
      ["stored MB", "own memory MB", "at its peak", "mapped file pages MB"],
      [
        formatMegabytes(figures.loadedBytes),
        formatMegabytes(figures.anonymousBytes),
        formatMegabytes(figures.peakAnonymousBytes),
        formatMegabytes(figures.fileBytes),
      ],
    ])}`,
  );
  const { ownBytesLoaded } = growthGoals;
  const ownMegabytes = ratio(figures.anonymousBytes, 1e6);
  console.log(judge("own memory, MB", ownMegabytes, "at most", ownBytesLoaded / 1e6) ?? "");
  return figures;
}
