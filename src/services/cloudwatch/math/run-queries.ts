import type { Context } from "#kernel/context.ts";
import type { MessageData, MetricDataQueries, MetricDataQuery } from "#models/cloudwatch.ts";
import { metricIdOf, type MetricId } from "../metrics/metric-id.ts";
import { listMetrics } from "../metrics/list-metrics.ts";
import { isPeriod, type Periods, periodsOf, readPeriods } from "../metrics/read-periods.ts";
import { statisticNamed } from "../metrics/statistics.ts";
import { byPreference } from "../metrics/units.ts";
import { evaluateMath } from "./evaluate.ts";
import { MathNotImplemented } from "./functions.ts";
import { callsOf, type Expression, MathProblem, namesOf, parseMath } from "./parse.ts";
import { parseSearch } from "./search.ts";
import { seriesOf, type TimeSeries, type Value } from "./values.ts";

/** What a query came to. An expression may come to several lines, and a search to none. */
export interface QueryResult {
  readonly query: MetricDataQuery;
  readonly value: Value;
  readonly messages: readonly MessageData[];
  /** Of a metric. */
  readonly unit: string | undefined;
  /** Of a metric: what its periods came to besides the value. */
  readonly counts: ReadonlyMap<number, number> | undefined;
}

export interface AskedTime {
  readonly startMs: number;
  readonly endMs: number;
}

const queriesAtMost = 500;
/** Source: Amazon CloudWatch User Guide, "CloudWatch search expression syntax": what one search can find. */
const foundAtMost = 500;
const idPattern = /^[a-z][a-zA-Z0-9_]*$/;

/** Runs the queries of a request or an alarm, the expressions over what the metrics came to. */
export async function runQueries(
  ctx: Context,
  queries: MetricDataQueries,
  asked: AskedTime,
): Promise<QueryResult[]> {
  const results = new Map<string, QueryResult>();
  const labels = labelParts(queries);
  for (const query of queries) {
    const { MetricStat: stat } = query;
    if (stat === undefined) continue;
    const id = metricIdOf(ctx, stat.Metric, "MetricStat.Metric");
    const periods = periodsOf(ctx.now(), { ...asked, periodSeconds: stat.Period });
    const { label, unit, points, messages, counts } = await readMetric(ctx, id, stat, periods);
    const series = {
      label: query.Label ?? labels(query, label),
      periodMs: periods.periodMs,
      points,
    };
    results.set(query.Id, { query, value: seriesOf(series), messages, unit, counts });
  }
  const expressions = parsedExpressions(ctx, queries);
  const searches = await runSearches(ctx, expressions, asked);
  const periodMs = largestPeriodMs(queries);
  const metrics = [...results.values()].flatMap(({ query, value }) =>
    value.kind === "series" ? [{ id: query.Id, series: value.series }] : [],
  );
  const times = periodsOf(ctx.now(), { ...asked, periodSeconds: periodMs / 1000 });
  const valueOf = (id: string): Value => {
    const known = results.get(id);
    if (known !== undefined) return known.value;
    const expression = expressions.get(id);
    if (expression === undefined) throw new MathProblem(`Unknown metric or expression '${id}'`);
    const scope = { ...times, valueOf, metrics, found: (call: Expression) => searches.get(call) };
    const query = queries.find(({ Id }) => Id === id)!;
    const value = evaluateMath(expression, scope);
    results.set(id, { query, value, messages: [], unit: undefined, counts: undefined });
    return value;
  };
  for (const id of expressions.keys()) inWords(ctx, id, () => valueOf(id));
  return queries.map(({ Id }) => results.get(Id)!);
}

/** What is wrong with queries, whoever asks. Messages: observed of the service, or ours where there is no source. */
export function checkQueries(ctx: Context, queries: MetricDataQueries, path: string): void {
  const wrong = (message: string): Error => ctx.error("ValidationException", message);
  if (queries.length === 0) throw wrong(`The parameter ${path} is required.`);
  if (queries.length > queriesAtMost) {
    throw wrong(`The collection ${path} must not have a size greater than ${queriesAtMost}.`);
  }
  if (new Set(queries.map(({ Id }) => Id)).size !== queries.length) {
    throw wrong(`The values for parameter id in ${path} are not unique.`);
  }
  queries.forEach((query, index) => {
    const at = `${path}.member.${index + 1}`;
    if (!idPattern.test(query.Id))
      throw wrong(`The value ${query.Id} for parameter ${at}.Id is invalid.`);
    if ((query.MetricStat === undefined) === (query.Expression === undefined)) {
      throw wrong(
        `Exactly one of the parameters ${at}.MetricStat and ${at}.Expression must be specified.`,
      );
    }
    if (query.AccountId !== undefined && query.AccountId !== ctx.account) {
      throw ctx.error("NotImplemented", "Metrics of other accounts are not implemented yet");
    }
    const { MetricStat: stat } = query;
    if (stat === undefined) return;
    if (!isPeriod(stat.Period)) {
      throw wrong(`The value ${stat.Period} for parameter ${at}.MetricStat.Period is invalid.`);
    }
    if (statisticNamed(stat.Stat) === undefined) {
      throw wrong(`The value ${stat.Stat} for parameter ${at}.MetricStat.Stat is not supported.`);
    }
    metricIdOf(ctx, stat.Metric, `${at}.MetricStat.Metric`);
  });
  if (queries.every(({ ReturnData }) => ReturnData === false)) {
    throw wrong("At least one of the queries must return data.");
  }
  const expressions = parsedExpressions(ctx, queries);
  const ids = new Set(queries.map(({ Id }) => Id));
  for (const [id, expression] of expressions) {
    for (const name of namesOf(expression)) {
      // Bare words of functions are in capitals, which ids cannot begin with.
      if (/^[A-Z]/.test(name) || ids.has(name)) continue;
      throw wrong(`Error in expression '${id}': Unknown metric or expression '${name}'`);
    }
    checkCycles(ctx, id, expressions, []);
  }
}

function checkCycles(
  ctx: Context,
  id: string,
  expressions: ReadonlyMap<string, Expression>,
  above: readonly string[],
): void {
  const expression = expressions.get(id);
  if (expression === undefined) return;
  if (above.includes(id)) {
    throw ctx.error(
      "ValidationException",
      `Error in expression '${id}': Circular dependency detected`,
    );
  }
  for (const name of new Set(namesOf(expression)))
    checkCycles(ctx, name, expressions, [...above, id]);
}

function parsedExpressions(ctx: Context, queries: MetricDataQueries): Map<string, Expression> {
  const parsed = new Map<string, Expression>();
  for (const { Id, Expression: text } of queries) {
    if (text === undefined) continue;
    if (/^\s*select\s/i.test(text)) {
      throw ctx.error("NotImplemented", "Metrics Insights queries are not implemented yet");
    }
    parsed.set(
      Id,
      inWords(ctx, Id, () => parseMath(text)),
    );
  }
  return parsed;
}

function inWords<T>(ctx: Context, id: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof MathNotImplemented) throw ctx.error("NotImplemented", error.message);
    if (!(error instanceof MathProblem)) throw error;
    throw ctx.error("ValidationException", `Error in expression '${id}': ${error.message}`);
  }
}

/** The period that an expression without metrics has. */
function largestPeriodMs(queries: MetricDataQueries): number {
  const all = queries.flatMap(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? []);
  return Math.max(...(all.length === 0 ? [300] : all)) * 1000;
}

interface MetricRead {
  readonly label: string;
  readonly unit: string | undefined;
  readonly points: ReadonlyMap<number, number>;
  readonly counts: ReadonlyMap<number, number>;
  readonly messages: readonly MessageData[];
}

/** Of several units, without one in the question, the values in one of them are answered, and that there are more. */
async function readMetric(
  ctx: Context,
  id: MetricId,
  stat: { readonly Stat: string; readonly Unit?: string | undefined },
  periods: Periods,
): Promise<MetricRead> {
  const statistic = statisticNamed(stat.Stat)!;
  const found = byPreference(await readPeriods(ctx, id, periods));
  const [picked] = found.filter(({ unit }) => stat.Unit === undefined || unit === stat.Unit);
  const points = new Map<number, number>();
  const counts = new Map<number, number>();
  for (const point of picked?.points ?? []) {
    const value = statistic(point);
    if (value === undefined) continue;
    points.set(point.startMs, value);
    counts.set(point.startMs, point.count);
  }
  const isAmbiguous = stat.Unit === undefined && found.length > 1;
  const units = found.map(({ unit }) => unit).join(", ");
  // Recorded.
  const message = { Code: "MultipleUnits", Value: `Multiple units returned: '[${units}]'` };
  return {
    label: id.metric,
    unit: picked?.unit,
    points,
    counts,
    messages: isAmbiguous ? [message] : [],
  };
}

/** A metric's label is its name, and what tells it from the request's other metrics: recorded. */
function labelParts(queries: MetricDataQueries): (query: MetricDataQuery, name: string) => string {
  const stats = queries.flatMap(({ MetricStat }) => MetricStat ?? []);
  const differ = (of: (stat: (typeof stats)[number]) => unknown): boolean =>
    new Set(stats.map(of)).size > 1;
  const dimensionsDiffer =
    !differ(({ Metric }) => Metric.MetricName) &&
    differ(({ Metric }) => JSON.stringify(Metric.Dimensions ?? []));
  const parts = [
    ...(dimensionsDiffer
      ? [
          ({ Metric }: (typeof stats)[number]) =>
            Metric.Dimensions?.map(({ Value }) => Value).join(" "),
        ]
      : []),
    ...(differ(({ Stat }) => Stat) ? [({ Stat }: (typeof stats)[number]) => Stat] : []),
    ...(differ(({ Period }) => Period) ? [({ Period }: (typeof stats)[number]) => Period] : []),
  ];
  return ({ MetricStat: stat }, name) =>
    [name, ...parts.map((part) => part(stat!))]
      .filter((part) => part !== undefined && part !== "")
      .join(" ");
}

/** What each SEARCH of the expressions finds: metrics that got data lately, in the order of their names. */
async function runSearches(
  ctx: Context,
  expressions: ReadonlyMap<string, Expression>,
  asked: AskedTime,
): Promise<Map<Expression, TimeSeries[]>> {
  const found = new Map<Expression, TimeSeries[]>();
  const calls = [...expressions].flatMap(([id, expression]) =>
    Array.from(callsOf(expression, "SEARCH"), (call) => ({ id, call })),
  );
  if (calls.length === 0) return found;
  const metrics = await listMetrics(ctx);
  for (const { id, call } of calls) {
    const [text, stat, period] = call.args;
    const fits = inWords(ctx, id, () => {
      if (text?.kind !== "text" || stat?.kind !== "text") {
        throw new MathProblem("SEARCH needs what to search for and a statistic");
      }
      if (statisticNamed(stat.value) === undefined) {
        throw new MathProblem(`Unknown statistic '${stat.value}'`);
      }
      if (period !== undefined && (period.kind !== "number" || !isPeriod(period.value))) {
        throw new MathProblem("SEARCH needs a period of whole minutes");
      }
      return parseSearch(text.value);
    });
    const ids = metrics.filter(fits).slice(0, foundAtMost);
    const periodSeconds = period?.kind === "number" ? period.value : 300;
    const periods = periodsOf(ctx.now(), { ...asked, periodSeconds });
    const statName = stat?.kind === "text" ? stat.value : "";
    const label = searchLabels(ids);
    const series: TimeSeries[] = [];
    for (const metric of ids) {
      const { points } = await readMetric(ctx, metric, { Stat: statName }, periods);
      series.push({ label: label(metric), periodMs: periods.periodMs, points });
    }
    found.set(call, series);
  }
  return found;
}

/** What tells the found metrics apart: their names, and the values of their dimensions. */
function searchLabels(ids: readonly MetricId[]): (id: MetricId) => string {
  const isOneName = new Set(ids.map(({ metric }) => metric)).size === 1;
  return ({ metric, dimensions }) => {
    const values = Object.values(dimensions);
    if (values.length === 0) return metric;
    return isOneName ? values.join(" ") : `${values.join(" ")} ${metric}`;
  };
}
