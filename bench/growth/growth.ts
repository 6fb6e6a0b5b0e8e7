import { rmSync } from "node:fs";
import { join } from "node:path";
import { dataFolder } from "../folders.ts";
import type { Options } from "../options.ts";
import { itemBytes } from "../scenarios/items.ts";
import { ServerProcess } from "../server-process.ts";
import type { Server } from "../servers/server.ts";
import { Target } from "../target.ts";
import { formatMegabytes } from "../table.ts";
import { measureMemory } from "./memory.ts";
import { fillPartitions, measurePartitions } from "./partitions.ts";
import { measureStarts } from "./starts.ts";

/**
 * What a server costs when it holds much data: does a query or a put in a partition of a million items cost more
 * than in one of a thousand, does a start take longer, does memory grow? Each part prints its own table.
 */
export async function runGrowth(options: Options): Promise<object> {
  const figures: Record<string, object> = {};
  for (const server of options.servers.filter(({ answersFixedBody }) => !answersFixedBody)) {
    const missing = server.missing();
    if (missing !== undefined) console.log(`${server.name}: SKIPPED, ${missing}`);
    else figures[server.name] = await growOne(server, options);
  }
  return { growth: figures };
}

async function growOne(server: Server, options: Options): Promise<object> {
  const folder = join(dataFolder, `growth-${server.name}`);
  const full = join(folder, "full");
  rmSync(folder, { recursive: true, force: true });

  const process = await ServerProcess.start(server, full);
  const target = new Target(process.port, process.pid);
  const filledSeconds = await fillPartitions(target, options.items);
  console.log(
    `\n${server.name}: ${options.items} items of 1 KB stored in ${filledSeconds.toFixed(1)} s`,
  );
  const partitions = await measurePartitions(process, target, options);
  const memory = await measureMemory(process, target, options);
  await process.stop();

  const storedBytes = Math.max(options.items * itemBytes, options.loadedBytes);
  console.log(`\nStart-up with ${formatMegabytes(storedBytes)} MB of items stored`);
  const starts = await measureStarts(server, join(folder, "empty"), full);
  rmSync(folder, { recursive: true, force: true });
  return { filledSeconds, partitions, memory, storedBytes, starts };
}
