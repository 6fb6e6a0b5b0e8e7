import { anonymous } from "#kernel/identity.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Website } from "#kernel/service.ts";
import type { EncodedResponse } from "#wire/protocol.ts";
import type { Endpoint } from "./endpoints.ts";
import type { HttpRequest } from "./front/http.ts";
import type { GatewayOptions } from "./options.ts";
import { RequestKeys } from "./request-keys.ts";

export interface WebsiteCall {
  readonly request: HttpRequest;
  /** The bucket. */
  readonly site: string;
  readonly website: Website;
  /** Of the operation that gets objects. */
  readonly endpoint: Endpoint;
  readonly requestId: string;
}

/** A visit of a website, from a browser: nobody signs, and errors are pages. */
export async function visitWebsite(
  options: GatewayOptions,
  { request, site, website, endpoint, requestId }: WebsiteCall,
): Promise<EncodedResponse> {
  const { protocol, operation, handler, serviceName: service } = endpoint;
  if (operation === undefined || handler === undefined) throw new TypeError("no such website");
  const { method, path, headers } = request;
  const ctx = options.kernel.context({
    service,
    operation: operation.name,
    account: anonymous.account,
    region: options.defaultRegion,
    caller: anonymous,
    requestId,
    requestKeys: new RequestKeys(request),
  });
  const conditions = protocol.decode(operation, {
    method: "GET",
    path: "/-/-",
    query: "",
    headers: conditionsOf(headers),
    body: Buffer.alloc(0),
  }) as Record<string, unknown>;
  const { Bucket: _, Key: __, ...given } = conditions;
  const visit = {
    bucket: site,
    method,
    path,
    protocol: headers["x-forwarded-proto"] === "https" ? "https" : "http",
    host: headers["host"] ?? "",
    conditions: given,
    requestId,
  } as const;
  const answer = await website.answer(ctx, visit, (input) =>
    options.kernel.authorizer.perform(ctx, handler, input),
  );
  const ids = { "x-amz-request-id": requestId, "x-amz-id-2": requestId };
  switch (answer.kind) {
    case "redirect":
      return {
        status: answer.status,
        headers: { ...ids, location: answer.location },
        body: Buffer.alloc(0),
      };
    case "page":
      return {
        status: answer.status,
        headers: { ...ids, "content-type": "text/html; charset=utf-8" },
        body: Buffer.from(answer.html),
      };
    case "object": {
      const encoded = protocol.encode(operation, answer.output, requestId);
      return answer.status === undefined ? encoded : { ...encoded, status: answer.status };
    }
    default:
      throw new ServiceError("InternalFailure", "", {}, 500);
  }
}

const conditional = [
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "range",
] as const;

function conditionsOf(headers: HttpRequest["headers"]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of conditional) {
    const value = headers[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
