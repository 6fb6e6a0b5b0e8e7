import { judgeScenario } from "./goals.ts";
import type { ScenarioFigures, ServerFigures } from "./side-by-side.ts";
import { medianOf, ratio } from "./statistics.ts";
import { formatMegabytes, formatNumber, formatTable } from "./table.ts";

/** Above this share of a core taken by others, a run's requests per second are not to be quoted. */
const quietCores = 0.15;
/** Above this, the generator may have been the bottleneck. */
const busyGeneratorCores = 0.9;

export function formatServers(servers: readonly ServerFigures[]): string {
  const rows = servers
    .filter(({ problem }) => problem === undefined)
    .map(({ name, readyMs, idleOwnBytes, idleMappedBytes }) => [
      name,
      formatNumber(readyMs),
      formatMegabytes(idleOwnBytes),
      formatMegabytes(idleMappedBytes),
    ]);
  return formatTable([["server", "first answer ms", "idle own MB", "mapped MB"], ...rows]);
}

/** Medians over the rounds, what they are to the echo's, and how far Tule is ahead of each peer. */
export function formatScenario(figures: ScenarioFigures): string {
  const lines = figures.servers.map(({ name, keepsWrites, cells, problem }) => ({
    name,
    keepsWrites,
    problem,
    perSecond: medianOf(cells, ({ answered, seconds }) => answered / seconds),
    p50Ms: medianOf(cells, ({ p50Ms }) => p50Ms),
    p99Ms: medianOf(cells, ({ p99Ms }) => p99Ms),
    cpuMicros: medianOf(cells, ({ cpuMicrosPerRequest }) => cpuMicrosPerRequest),
    errors: cells.reduce((sum, { errors }) => sum + errors, 0),
    ownBytes: cells.at(-1)?.ownBytes,
    mappedBytes: cells.at(-1)?.mappedBytes,
    firstError: cells.find(({ firstError }) => firstError !== undefined)?.firstError,
  }));
  const echo = lines.find(({ name }) => name === "echo");
  const tule = lines.find(({ name }) => name === "tule");
  const table = formatTable([
    [
      "",
      "req/s",
      "p50 ms",
      "p99 ms",
      "CPU µs",
      "CPU/echo",
      "Tule ahead",
      "(CPU)",
      "errors",
      "own MB",
      "mapped MB",
      "writes",
    ],
    ...lines.map((line) => [
      line.name,
      formatNumber(line.perSecond),
      formatNumber(line.p50Ms),
      formatNumber(line.p99Ms),
      formatNumber(line.cpuMicros),
      formatNumber(ratio(line.cpuMicros, echo?.cpuMicros), "x"),
      formatNumber(line === tule ? undefined : ratio(tule?.perSecond, line.perSecond), "x"),
      formatNumber(line === tule ? undefined : ratio(line.cpuMicros, tule?.cpuMicros), "x"),
      String(line.errors),
      formatMegabytes(line.ownBytes),
      formatMegabytes(line.mappedBytes),
      line.keepsWrites,
    ]),
  ]);
  const verdicts = judgeScenario(
    figures.scenario,
    ratio(tule?.cpuMicros, echo?.cpuMicros),
    (server) => ratio(tule?.perSecond, lines.find(({ name }) => name === server)?.perSecond),
  );
  return [figures.title, table, ...verdicts, ...notes(figures, lines)].join("\n");
}

function notes(
  figures: ScenarioFigures,
  lines: readonly {
    readonly name: string;
    readonly problem: string | undefined;
    readonly firstError: string | undefined;
  }[],
): string[] {
  const cells = figures.servers.flatMap((server) => server.cells);
  const others = Math.max(0, ...cells.map(({ otherCores }) => otherCores ?? 0));
  const saturated = figures.servers.filter(
    (server) => (medianOf(server.cells, (cell) => cell.generatorCores) ?? 0) > busyGeneratorCores,
  );
  return [
    ...lines.flatMap(({ name, problem }) => (problem === undefined ? [] : `${name}: ${problem}`)),
    ...lines.flatMap(({ name, firstError }) =>
      firstError === undefined ? [] : `${name}: an error was: ${firstError}`,
    ),
    ...(others > quietCores
      ? [`NOT QUIET: other processes used up to ${formatNumber(others)} cores during a window`]
      : []),
    ...saturated.map(
      ({ name }) => `${name}: the load generator was at its limit; req/s are its own`,
    ),
  ];
}
