import type { RequestTemplate } from "./request.ts";

/** What the load process is to do. It ends when the time, or the number of requests, is reached. */
export interface LoadJob {
  readonly port: number;
  readonly template: RequestTemplate;
  readonly connections: number;
  /** Load that is not measured, before the measured window. */
  readonly warmSeconds: number;
  /** The measured window; for a job of so many requests, the longest it may take. */
  readonly seconds: number;
  /** Sends exactly so many requests (for filling a table), and gives up at the first error. */
  readonly requests?: number;
  /** Each answer's body has to match this. Costs the generator a copy: for filling tables only. */
  readonly expectedBody?: RegExp;
  /** The root of the process tree whose CPU is accounted. */
  readonly serverPid: number;
}

/** What happened inside the measured window. */
export interface LoadResult {
  readonly seconds: number;
  /** Requests answered with 200. */
  readonly answered: number;
  readonly errors: number;
  readonly firstError?: string;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly maxMs?: number;
  /** User + system time of the server's process tree over all that it answered. Undefined without /proc. */
  readonly cpuMicrosPerRequest?: number;
  /** CPU seconds per second that neither the server nor the generator used: how disturbed the machine was. */
  readonly otherCores?: number;
  /** Of one core. Near 1, the generator and not the server sets the pace. */
  readonly generatorCores: number;
}
