import { openPrincipal } from "#kernel/credentials.ts";
import type { CallContext } from "#kernel/call-context.ts";
import type { EncodedResponse } from "#wire/protocol.ts";
import type { Route } from "#wire/route.ts";
import type { Endpoint } from "./endpoints.ts";
import type { HttpRequest } from "./front/http.ts";
import type { GatewayOptions } from "./options.ts";

/*
 * Requests of other sites' pages, for services whose users say what these may do. A browser asks before (OPTIONS,
 * without a signature) and reads the answer only if its headers allow it; the request itself is done either way.
 */

/** Undefined for what is no question of a browser's. */
export async function preflight(
  options: GatewayOptions,
  { serviceName: service, crossOrigin }: Endpoint,
  { request, routed, requestId }: { request: HttpRequest; routed: Route; requestId: string },
): Promise<EncodedResponse | undefined> {
  if (crossOrigin === undefined || request.method !== "OPTIONS") return undefined;
  const { headers } = request;
  const asked = headers["access-control-request-headers"] ?? "";
  const allowed = await crossOrigin.preflight(nobody(options, service, requestId), {
    path: routed.path ?? request.path,
    origin: headers["origin"],
    method: headers["access-control-request-method"],
    headers: asked
      .split(",")
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== ""),
  });
  const ids = { "x-amz-request-id": requestId, "x-amz-id-2": requestId };
  return { status: 200, headers: { ...ids, ...allowed }, body: Buffer.alloc(0) };
}

/** Adds what lets the page that asked read the answer. */
export async function allowOrigin(
  options: GatewayOptions,
  { serviceName: service, crossOrigin }: Endpoint,
  { request, routed, requestId }: { request: HttpRequest; routed: Route; requestId: string },
  response: EncodedResponse,
): Promise<EncodedResponse> {
  const { origin } = request.headers;
  if (crossOrigin === undefined || origin === undefined || request.method === "OPTIONS") {
    return response;
  }
  const allowed = await crossOrigin.headers(nobody(options, service, requestId), {
    path: routed.path ?? request.path,
    origin,
    method: request.method,
  });
  return { ...response, headers: { ...response.headers, ...allowed } };
}

function nobody(options: GatewayOptions, service: string, requestId: string): CallContext {
  const caller = openPrincipal(undefined, options.defaultAccount);
  const { account } = caller;
  const operation = "CrossOrigin";
  return options.kernel.context({
    service,
    operation,
    account,
    region: options.defaultRegion,
    caller,
    requestId,
  });
}
