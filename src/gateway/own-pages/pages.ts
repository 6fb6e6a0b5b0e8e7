import type { HttpRequest, HttpResponse } from "../front/http.ts";
import type { GatewayOptions } from "../options.ts";
import { checkAccess } from "./access.ts";
import { contributors } from "./contributors.ts";
import { cost } from "./cost.ts";
import { denials } from "./denials.ts";
import { authority, health, info, metrics } from "./facts.ts";
import { faults } from "./faults.ts";
import { links } from "./links.ts";
import { measurements } from "./measurements.ts";
import { json, PageProblem, type OwnPage, type PageCall } from "./page.ts";
import { replication } from "./replication.ts";
import { forks, snapshots } from "./snapshots.ts";
import { stateReset } from "./state.ts";
import { time } from "./time.ts";

/** The server's own pages: one file per noun. `docs/guides/bend-it.md` documents those that bend it. */
const pages: Readonly<Record<string, OwnPage>> = {
  "ca.pem": authority,
  contributors,
  cost,
  denials,
  health,
  info,
  measurements,
  metrics,
  "state/reset": stateReset,
  time,
  faults,
  links,
  snapshots,
  forks,
  replication,
};

/** No page takes more to say. */
const largestBodyBytes = 64 * 1024;

/**
 * Answers for the pages under `/_tule/`, and under `/_localstack/` for those who come from there: the same paths and
 * the members that LocalStack's clients read. Undefined when the path is not one of the server's own.
 */
export function ownPage(
  options: GatewayOptions,
  request: HttpRequest,
): Promise<HttpResponse> | undefined {
  const path = /^\/_(?:tule|localstack)\/(.*)$/.exec(request.path)?.[1];
  return path === undefined ? undefined : answer(options, request, path);
}

async function answer(
  options: GatewayOptions,
  request: HttpRequest,
  path: string,
): Promise<HttpResponse> {
  const slash = path.indexOf("/");
  const isWhole = slash < 0 || Object.hasOwn(pages, path);
  const name = isWhole ? path : path.slice(0, slash);
  const page = Object.hasOwn(pages, name) ? pages[name] : undefined;
  const method = request.method === "HEAD" ? "GET" : request.method;
  const handler = isPageMethod(method) ? page?.[method] : undefined;
  if (page === undefined || handler === undefined) {
    return json(404, { message: `${request.method} ${request.path} is no page of this server's` });
  }
  try {
    const item = isWhole ? undefined : decoded(path.slice(slash + 1));
    const body = await request.body.bytes(page.largestBodyBytes ?? largestBodyBytes);
    const call: PageCall = { options, request, item, body };
    await checkAccess(page, call);
    return await handler(call);
  } catch (problem) {
    if (!(problem instanceof PageProblem)) throw problem;
    return json(problem.status, { message: problem.message });
  }
}

function isPageMethod(method: string): method is "GET" | "POST" | "DELETE" {
  return method === "GET" || method === "POST" || method === "DELETE";
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new PageProblem(400, "the path is not encoded as a URL's");
  }
}
