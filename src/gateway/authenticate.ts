import { openPrincipal } from "#kernel/credentials.ts";
import type { Principal } from "#kernel/identity.ts";
import type { HttpRequest } from "./front/http.ts";
import type { GatewayOptions } from "./options.ts";

/** Who asks, and for which region. */
export interface Caller {
  readonly principal: Principal;
  readonly region: string;
}

export function authenticate(options: GatewayOptions, request: HttpRequest): Caller {
  const scope = /Credential=([^/,\s]+)\/\d+\/([^/]+)\//.exec(
    request.headers["authorization"] ?? "",
  );
  return {
    principal: openPrincipal(scope?.[1], options.defaultAccount),
    region: scope?.[2] ?? options.defaultRegion,
  };
}
