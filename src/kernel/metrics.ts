/**
 * Numbers of one process, counted once, in the pipeline, for each operation: calls, errors, throttles,
 * faults, latency and bytes. The Prometheus page reads them; CloudWatch's namespaces and the console will
 * read the same ones.
 */
export interface OperationMetrics {
  readonly service: string;
  readonly operation: string;
  calls: number;
  /** Answers with 4xx, throttles included. */
  callerErrors: number;
  throttles: number;
  /** Answers with 5xx. */
  faults: number;
  requestBytes: number;
  responseBytes: number;
  /** Seconds, summed. */
  latencySeconds: number;
  /** Calls that took at most latencyBoundsSeconds[i] and more than the bound before. */
  readonly latencyBuckets: Float64Array;
}

export const latencyBoundsSeconds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export class Metrics {
  readonly #operations = new Map<string, OperationMetrics>();

  /** The counters of one operation; the same object each time, so callers may keep it. */
  operation(service: string, operation: string): OperationMetrics {
    const name = `${service}.${operation}`;
    let found = this.#operations.get(name);
    if (found === undefined) {
      found = {
        service,
        operation,
        calls: 0,
        callerErrors: 0,
        throttles: 0,
        faults: 0,
        requestBytes: 0,
        responseBytes: 0,
        latencySeconds: 0,
        latencyBuckets: new Float64Array(latencyBoundsSeconds.length + 1),
      };
      this.#operations.set(name, found);
    }
    return found;
  }

  all(): Iterable<OperationMetrics> {
    return this.#operations.values();
  }
}

/** Counts one answered call. */
export function countCall(
  metrics: OperationMetrics,
  call: {
    readonly status: number;
    readonly throttled: boolean;
    readonly latencySeconds: number;
    readonly requestBytes: number;
    readonly responseBytes: number;
  },
): void {
  metrics.calls += 1;
  if (call.status >= 500) metrics.faults += 1;
  else if (call.status >= 400) metrics.callerErrors += 1;
  if (call.throttled) metrics.throttles += 1;
  metrics.requestBytes += call.requestBytes;
  metrics.responseBytes += call.responseBytes;
  metrics.latencySeconds += call.latencySeconds;
  let bucket = 0;
  while (call.latencySeconds > (latencyBoundsSeconds[bucket] ?? Infinity)) bucket += 1;
  metrics.latencyBuckets[bucket] = (metrics.latencyBuckets[bucket] ?? 0) + 1;
}

/** The counters as Prometheus's text format has them. Source: prometheus.io, "Exposition formats". */
export function prometheusPage(metrics: Metrics): string {
  const operations = [...metrics.all()];
  const lines: string[] = [];
  const counter = (name: string, help: string, value: (of: OperationMetrics) => number): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`);
    for (const of of operations) lines.push(`${name}{${labels(of)}} ${value(of)}`);
  };
  counter("tule_requests_total", "Calls answered.", (of) => of.calls);
  counter("tule_caller_errors_total", "Calls answered with 4xx.", (of) => of.callerErrors);
  counter("tule_throttles_total", "Calls that were throttled.", (of) => of.throttles);
  counter("tule_faults_total", "Calls answered with 5xx.", (of) => of.faults);
  counter("tule_request_bytes_total", "Bytes of request bodies.", (of) => of.requestBytes);
  counter("tule_response_bytes_total", "Bytes of answers' bodies.", (of) => of.responseBytes);
  lines.push(
    "# HELP tule_request_seconds Time from the whole request to its answer.",
    "# TYPE tule_request_seconds histogram",
  );
  for (const of of operations) {
    let total = 0;
    for (const [at, bound] of [...latencyBoundsSeconds, "+Inf"].entries()) {
      total += of.latencyBuckets[at] ?? 0;
      lines.push(`tule_request_seconds_bucket{${labels(of)},le="${bound}"} ${total}`);
    }
    lines.push(`tule_request_seconds_sum{${labels(of)}} ${of.latencySeconds}`);
    lines.push(`tule_request_seconds_count{${labels(of)}} ${of.calls}`);
  }
  return `${lines.join("\n")}\n`;
}

function labels(of: OperationMetrics): string {
  return `service="${of.service}",operation="${of.operation}"`;
}
