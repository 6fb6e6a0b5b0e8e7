import { prometheusPage } from "#kernel/metrics.ts";
import type { Kernel } from "#kernel/kernel.ts";
import type { HttpRequest, HttpResponse } from "./front/http.ts";

/** What the server says of itself. */
export interface ServerFacts {
  readonly version: string;
  readonly authentication: "open" | "strict";
  /** Of the data; undefined in memory. */
  readonly dataFolder: string | undefined;
  readonly startedAtMs: number;
}

/**
 * The server's own pages under `/_tule/`, and under `/_localstack/` for those who come from there: the same paths and
 * the members that LocalStack's clients read. Undefined when the path is not one of the server's own.
 */
export function internalPage(
  kernel: Kernel,
  facts: ServerFacts,
  request: HttpRequest,
): HttpResponse | Promise<HttpResponse> | undefined {
  const page = /^\/_(?:tule|localstack)\/(.*)$/.exec(request.path)?.[1];
  if (page === undefined) return undefined;
  const reads = request.method === "GET" || request.method === "HEAD";
  if (page === "health" && reads) return json(200, health(kernel, facts));
  if (page === "info" && reads) return json(200, info(kernel, facts));
  if (page === "metrics" && reads) {
    const headers = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
    return { status: 200, headers, body: prometheusPage(kernel.metrics) };
  }
  if (page === "state/reset" && request.method === "POST") return reset(kernel, facts, request);
  return json(404, { message: `${request.method} ${request.path} is no page of this server's` });
}

function health(kernel: Kernel, facts: ServerFacts): object {
  const services = Object.fromEntries([...kernel.services.keys()].map((name) => [name, "running"]));
  return { services, edition: "tule", version: facts.version };
}

function info(kernel: Kernel, facts: ServerFacts): object {
  const nowMs = kernel.world.clock.nowMs();
  return {
    version: facts.version,
    edition: "tule",
    is_license_activated: false,
    is_docker: false,
    server_time_utc: new Date(nowMs).toISOString(),
    uptime: Math.round((nowMs - facts.startedAtMs) / 1000),
    authentication: facts.authentication,
    data_folder: facts.dataFolder ?? null,
  };
}

async function reset(
  kernel: Kernel,
  facts: ServerFacts,
  request: HttpRequest,
): Promise<HttpResponse> {
  // A page in a browser can post here without being asked whether it may; it cannot hide that it did.
  if (request.headers["origin"] !== undefined || request.headers["sec-fetch-site"] !== undefined) {
    return json(403, { message: "a web page may not reset this server" });
  }
  if (facts.authentication === "strict") {
    return json(403, { message: "with --auth strict, nobody may reset this server over HTTP" });
  }
  await kernel.reset();
  return json(200, { status: "reset" });
}

function json(status: number, value: object): HttpResponse {
  const headers = { "content-type": "application/json" };
  return { status, headers, body: JSON.stringify(value) };
}
