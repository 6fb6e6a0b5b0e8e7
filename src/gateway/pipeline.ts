import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Kernel } from "#kernel/kernel.ts";
import { countCall } from "#kernel/metrics.ts";
import type { StreamingBody } from "#models/contract.ts";
import { notImplemented } from "#wire/errors.ts";
import { protocols } from "#wire/protocols.ts";
import {
  WireProblem,
  type EncodedResponse,
  type Protocol,
  type WireError,
} from "#wire/protocol.ts";
import { route, routeNeedsForm, type Route } from "#wire/route.ts";
import { validate } from "#wire/validate.ts";
import { authenticate } from "./authenticate.ts";
import { checkDigests } from "./body-digests.ts";
import { contentOf } from "./content.ts";
import { streamedContentOf } from "./streamed-content.ts";
import { allowOrigin, preflight } from "./cross-origin.ts";
import { Endpoints, type Endpoint } from "./endpoints.ts";
import { formTarget, uploadForm } from "./form-upload.ts";
import { BodyBroken, BodyTooLarge, Dropped } from "./front/http.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "./front/http.ts";
import type { GatewayOptions } from "./options.ts";
import { RequestKeys } from "./request-keys.ts";
import { visitWebsite } from "./website.ts";
import { ownPage } from "./own-pages/pages.ts";
import { isThrottle, stricken } from "./strike.ts";

/** DynamoDB's largest request, BatchWriteItem, has 16 MB of items; JSON takes some more to say them. */
const largestBodyBytes = 32 * 1024 * 1024;

/** A request's whole life, from what the front read to what it writes. */
export function gateway(options: GatewayOptions): HttpHandler {
  const { gate } = options.life;
  const { clock, random } = options.kernel.world;
  const endpoints = new Endpoints(options.kernel);

  return async (request: HttpRequest): Promise<HttpResponse> => {
    const own = ownPage(options, request);
    if (own !== undefined) return own;

    const startedMs = clock.elapsedMs();
    const form = routeNeedsForm(request) ? await request.body.bytes(largestBodyBytes) : undefined;
    const routed = route(request, form?.toString("latin1"));
    const endpoint = endpoints.known(routed) ?? (await endpoints.find(routed));
    const target = endpoint.formUpload && formTarget(request, routed);
    const { website: site } = routed;
    // A body that is there already is no stream, whatever the operation would take.
    const streams = target !== undefined || (endpoint.streamsInput && !request.body.complete);
    const body = form ?? (streams ? undefined : await request.body.bytes(largestBodyBytes));
    const requestId = random.uuid();
    let response: EncodedResponse;
    let error: WireError | undefined;
    const call: Call = { request, routed, body, requestId };
    for (let closed = gate.enter(); closed !== undefined; closed = gate.enter()) await closed;
    try {
      response =
        (endpoint.crossOrigin && (await preflight(options, endpoint, call))) ??
        (site !== undefined
          ? await answerVisit(options, endpoints, endpoint, { request, site, requestId })
          : target === undefined
            ? await answer(options, endpoint, call)
            : await answerForm(options, endpoints, endpoint, { request, target, requestId }));
    } catch (failure) {
      error = wireError(options.kernel, endpoint, requestId, failure);
      const { protocol, service, operation } = endpoint;
      response = protocol.encodeError(service, operation, error, requestId);
    } finally {
      gate.leave();
    }
    if (endpoint.crossOrigin !== undefined && request.headers["origin"] !== undefined) {
      response = await allowOrigin(options, endpoint, call, response);
    }
    const latencyMs = clock.elapsedMs() - startedMs;
    const { status } = response;
    if (call.ctx !== undefined) {
      endpoint.observe?.(call.ctx, { status, code: error?.code, latencyMs });
    }
    countCall(endpoint.metrics, {
      status,
      throttled: error !== undefined && isThrottle(error.code),
      latencySeconds: latencyMs / 1000,
      requestBytes: body?.length ?? Number(request.headers["content-length"] ?? 0),
      responseBytes:
        response.stream === undefined
          ? response.body.length
          : Number(response.headers["content-length"] ?? 0),
    });
    return response.stream === undefined ? response : streamed(response);
  };
}

interface Call {
  readonly request: HttpRequest;
  readonly routed: Route;
  /** Undefined where it is taken as it arrives. */
  readonly body: Buffer | undefined;
  readonly requestId: string;
  /** Once it is known whose call it is. */
  ctx?: Context<string>;
}

async function answer(
  options: GatewayOptions,
  endpoint: Endpoint,
  call: Call,
): Promise<EncodedResponse> {
  const { request, routed, body, requestId } = call;
  const { protocol, operation, handler, serviceName: service } = endpoint;
  const unsigned = operation?.unsigned === true;
  const found = authenticate(options, {
    request,
    body,
    protocol: routed.protocol,
    path: routed.path ?? request.path,
    unsigned,
  });
  const { principal, region, signer } = found instanceof Promise ? await found : found;
  const peer = options.kernel.peers.urlOf(region);
  if (peer !== undefined) throw servedElsewhere(region, peer);
  if (operation === undefined || handler === undefined) throw unanswerable(endpoint);
  const ctx = options.kernel.context({
    service,
    operation: operation.name,
    account: principal.account,
    region,
    caller: principal,
    requestId,
    requestKeys: new RequestKeys(request),
  });
  call.ctx = ctx;
  const { method, query } = request;
  const path = routed.path ?? request.path;
  let { headers } = request;
  let content: Buffer;
  let stream: StreamingBody | undefined;
  if (endpoint.streamsInput || body === undefined) {
    const streaming = streamedContentOf(request, body, signer);
    content = noBytes;
    ({ headers, stream } = streaming);
  } else {
    const whole = contentOf(request, body, signer, largestBodyBytes);
    content = whole instanceof Buffer ? whole : await whole;
    if (routed.protocol === "rest-xml" && content.length > 0) {
      checkDigests(operation, headers, content);
    }
  }
  const input = protocol.decode(operation, { method, path, query, headers, body: content, stream });
  validate(operation, input);

  const { authorizer, faults } = options.kernel;
  const handled = faults.areSet ? stricken(faults, endpoint, handler) : handler;
  const output = await authorizer.perform(ctx, handled, input);
  return protocol.encode(operation, output, requestId);
}

async function answerVisit(
  options: GatewayOptions,
  endpoints: Endpoints,
  { website, serviceName: service }: Endpoint,
  call: { readonly request: HttpRequest; readonly site: string; readonly requestId: string },
): Promise<EncodedResponse> {
  if (website === undefined) throw new TypeError("a website of a service that has none");
  const route: Route = { service, operation: website.operation, protocol: "rest-xml" };
  const endpoint = endpoints.known(route) ?? (await endpoints.find(route));
  return visitWebsite(options, { ...call, website, endpoint });
}

/** The form stands for an operation that streams its input. */
async function answerForm(
  options: GatewayOptions,
  endpoints: Endpoints,
  { formUpload: upload, serviceName: service }: Endpoint,
  call: { readonly request: HttpRequest; readonly target: string; readonly requestId: string },
): Promise<EncodedResponse> {
  if (upload === undefined) throw new TypeError("a form for a service that takes none");
  const route: Route = { service, operation: upload.operation, protocol: "rest-xml" };
  const endpoint = endpoints.known(route) ?? (await endpoints.find(route));
  return uploadForm(options, { ...call, upload, endpoint });
}

/** Not handed on: a client that asks the wrong server would wait for two, and learn of it when one fails. */
function servedElsewhere(region: string, peer: string): ServiceError {
  const message = `${region} is served by a peer of this server: send the request to ${peer}`;
  return new ServiceError("RegionServedElsewhere", message, {}, 421);
}

const noBytes = Buffer.alloc(0);

/** An answer that is sent as it is made. */
function streamed({ status, headers, stream }: EncodedResponse): HttpResponse {
  return { status, headers, body: stream as AsyncIterable<Buffer> };
}

/** What AWS has and Tule has not says so by name; what AWS has not either is the caller's mistake. */
function unanswerable({ serviceName, operationName, protocol }: Endpoint): ServiceError {
  if (operationName === undefined && protocol !== protocols.invoke) {
    return isQuery.has(protocol)
      ? new ServiceError("InvalidAction", unknownAction, {}, 400)
      : new ServiceError("UnknownOperationException", "", {}, 400);
  }
  const { code, message, status } = notImplemented(serviceName, operationName);
  return new ServiceError(code, message ?? code, {}, status);
}

const isQuery: ReadonlySet<Protocol> = new Set([
  protocols.query,
  protocols["query-json"],
  protocols.ec2,
]);

// Source: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
const unknownAction =
  "The action or operation requested is invalid. Verify that the action is typed correctly.";

function wireError(
  kernel: Kernel,
  endpoint: Endpoint,
  requestId: string,
  failure: unknown,
): WireError {
  if (failure instanceof ServiceError || failure instanceof WireProblem) return failure;
  // These are about the connection, not about the call: the front answers them.
  if (failure instanceof BodyTooLarge || failure instanceof BodyBroken) throw failure;
  if (failure instanceof Dropped) throw failure;
  const { serviceName, operationName } = endpoint;
  kernel.log.error("an operation failed within the server", {
    service: serviceName,
    operation: operationName,
    requestId,
    failure,
  });
  const code = endpoint.operation?.errors.has("InternalServerError")
    ? "InternalServerError"
    : "InternalFailure";
  return { code, message: "The request processing has failed because of an internal error." };
}
