/**
 * Which service, operation and protocol a request is for, from its head alone (and, for form posts, the form): the
 * first rule that matches wins. Services that do not exist here yet are found like any other, so that they can be
 * answered by name. Pure, and cheap where most requests go: with `X-Amz-Target` it is one look-up.
 */
import { routes, type ServiceRoutes } from "#models/routes.ts";
import { parseHost } from "./host.ts";
import { restTrie } from "./rest-trie.ts";

export type ProtocolName =
  | "json-1.0"
  | "json-1.1"
  /** The older binary form of JSON 1.1, `application/x-amz-cbor-1.1`; only Java clients of Kinesis speak it. */
  | "cbor-1.1"
  | "rpc-v2-cbor"
  | "query"
  /** The same for clients that accept JSON. */
  | "query-json"
  | "ec2"
  | "rest-json"
  | "rest-xml"
  /** No AWS protocol at all: a call of a deployed API or of a function's URL. */
  | "invoke";

export interface RouteRequest {
  method: string;
  /** As sent, without the query. */
  path: string;
  query: string;
  /** Names in lower case; HTTP/2's `:authority` is `host`. */
  headers: Readonly<Record<string, string | undefined>>;
}

export interface Route {
  /** As in models/services.json; also "execute-api" and "lambda-url"; undefined where not even that is known. */
  readonly service: string | undefined;
  /** Undefined where the service has no such operation. */
  readonly operation: string | undefined;
  readonly protocol: ProtocolName;
  /** The path to decode instead of the request's, where the host name had a part of it: S3's bucket. */
  readonly path?: string;
  /** The bucket that is visited as a website. */
  readonly website?: string;
}

/** Whether `route` needs the body: a form may hold the operation's name. */
export function routeNeedsForm({ method, headers }: RouteRequest): boolean {
  return (
    method === "POST" &&
    headers["x-amz-target"] === undefined &&
    headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true
  );
}

/** `form`: the text of a form post's body, where `routeNeedsForm`. */
export function route(request: RouteRequest, form?: string): Route {
  const { headers, path, query } = request;
  const host = headers["host"] ?? "";
  const dataPlane = dataPlaneOf(host, path) ?? websiteOf(host, path);
  if (dataPlane) return dataPlane;

  const target = headers["x-amz-target"];
  if (headers["smithy-protocol"] === "rpc-v2-cbor" || path.startsWith("/service/")) {
    const rpc = /^\/service\/([^/]+)\/operation\/([^/]+)$/.exec(path);
    if (rpc) return named(byTargetPrefix.get(rpc[1] ?? ""), rpc[2] ?? "", "rpc-v2-cbor");
  }
  if (target !== undefined) return byTarget(target, headers["content-type"]);

  const scope = scopeOf(headers["authorization"], query);
  const action = actionOf(query, form, path);
  if (action) {
    const acceptsJson = headers["accept"]?.startsWith("application/json") === true;
    return byAction(action.name, action.version, scope, acceptsJson ? "query-json" : "query");
  }

  const fromScope = scope === undefined ? undefined : byScope(scope, request, host);
  return fromScope ?? byHost(request, host) ?? byPath(request);
}

// Rule 2: calls of what users deployed. Their authentication is their own, so they come before any scope.
function dataPlaneOf(host: string, path: string): Route | undefined {
  if (host.includes(".execute-api.")) {
    return path.startsWith("/@connections/") || path.includes("/@connections/")
      ? undefined
      : executeApi;
  }
  if (host.includes(".lambda-url.")) return lambdaUrl;
  if (
    path.startsWith("/_aws/execute-api/") ||
    (path.startsWith("/restapis/") && /^\/[^/]+\/[^/]+\/[^/]+\/_user_request_(\/|$)/.test(path))
  ) {
    return executeApi;
  }
  return undefined;
}

function websiteOf(host: string, path: string): Route | undefined {
  if (!host.includes(".s3-website")) return undefined;
  const { bucket, isWebsite } = parseHost(host);
  if (isWebsite !== true || bucket === undefined) return undefined;
  return {
    service: "s3",
    operation: undefined,
    protocol: "rest-xml",
    path: `/${bucket}${path}`,
    website: bucket,
  };
}

const executeApi: Route = { service: "execute-api", operation: undefined, protocol: "invoke" };
const lambdaUrl: Route = { service: "lambda-url", operation: undefined, protocol: "invoke" };

// Rule 4. Known targets are kept: there are as many as operations, so the map is bounded.
const knownTargets = new Map<string, Map<ProtocolName, Route>>();

function byTarget(target: string, contentType: string | undefined): Route {
  const protocol = jsonProtocolOf(contentType);
  const known = knownTargets.get(target)?.get(protocol);
  if (known) return known;
  const dot = target.lastIndexOf(".");
  const prefix = target.slice(0, dot);
  const operation = target.slice(dot + 1);
  // Both Timestream services have one prefix; an operation that both have goes to the first.
  const services = prefix === "Timestream_20181101" ? ["timestream-write", "timestream-query"] : [];
  const service =
    services.find((id) => operationsOf(id).has(operation)) ?? byTargetPrefix.get(prefix);
  const found = named(service, operation, protocol);
  if (found.operation !== undefined) {
    const routesOfTarget = knownTargets.get(target) ?? new Map<ProtocolName, Route>();
    knownTargets.set(target, routesOfTarget.set(protocol, found));
  }
  return found;
}

function jsonProtocolOf(contentType: string | undefined): ProtocolName {
  if (contentType === undefined) return "json-1.1";
  if (contentType.startsWith("application/x-amz-json-1.0")) return "json-1.0";
  return contentType.startsWith("application/x-amz-cbor-1.1") ? "cbor-1.1" : "json-1.1";
}

// Rule 5. Of a request that names an action in its query, only those are meant that go to a root or a queue's URL;
// elsewhere `Action` may be a parameter like any other.
function actionOf(query: string, form: string | undefined, path: string): Action | undefined {
  const inUrl = query !== "" && (path === "/" || /^\/(\d{12}|queue)\//.test(path)) ? query : "";
  // A post may have the action in its URL and the rest in its body, or as a presigned one nothing there.
  const text = form === undefined || inUrl === "" ? (form ?? inUrl) : `${inUrl}&${form}`;
  if (!text.includes("Action=")) return undefined;
  const name = parameter(text, "Action");
  return name === undefined ? undefined : { name, version: parameter(text, "Version") };
}

interface Action {
  name: string;
  version: string | undefined;
}

function byAction(
  action: string,
  version: string | undefined,
  scope: string | undefined,
  query: ProtocolName,
): Route {
  const fits = (id: string): boolean => operationsOf(id).has(action);
  const service =
    queryServices.find((id) => routes[id]?.version === version && fits(id)) ??
    queryServices.find((id) => routes[id]?.signingName === scope) ??
    (version === undefined
      ? undefined
      : queryServices.find((id) => routes[id]?.version === version)) ??
    queryServices.find(fits);
  return named(service, action, service !== undefined && speaks(service, "ec2") ? "ec2" : query);
}

// Rule 6: the credential scope names the service; several share a name.
function byScope(scope: string, request: RouteRequest, host: string): Route | undefined {
  const { path } = request;
  switch (scope) {
    case "s3":
    case "s3express":
    case "s3-object-lambda":
    case "s3-outposts":
      return bucketRoute(request, host);
    case "apigateway":
      return rest(path.startsWith("/v2/") ? "apigatewayv2" : "apigateway", request);
    case "execute-api":
      return path.includes("/@connections/")
        ? rest("apigatewaymanagementapi", request)
        : executeApi;
    case "sagemaker":
      return rest("sagemaker-runtime", request);
    default: {
      const service = byScopeName.get(scope);
      return service === undefined ? undefined : withoutName(service, request);
    }
  }
}

// Rule 7.
function byHost(request: RouteRequest, host: string): Route | undefined {
  const { service, bucket } = parseHost(host);
  if (service === "s3" || bucket !== undefined) return bucketRoute(request, host);
  return service === undefined ? undefined : withoutName(service, request);
}

// Rules 8, 9 and 11: what is left goes to S3, save for paths that only another service has.
function byPath(request: RouteRequest): Route {
  const { path } = request;
  const services = /^\/20\d\d-\d\d-\d\d\//.test(path)
    ? ["lambda", "opensearch"]
    : path.startsWith("/restapis")
      ? ["apigateway"]
      : path.startsWith("/v2/apis")
        ? ["apigatewayv2"]
        : path.startsWith("/@connections/")
          ? ["apigatewaymanagementapi"]
          : path.startsWith("/v20180820/")
            ? ["s3control"]
            : [];
  for (const service of services) {
    const found = rest(service, request);
    if (found.operation !== undefined) return found;
  }
  return bucketRoute(request, "");
}

/** A service that was found by scope or host, in a request that does not name the operation but by its path. */
function withoutName(service: string, request: RouteRequest): Route {
  if (speaks(service, "rest-json") || speaks(service, "rest-xml")) return rest(service, request);
  const protocol = speaks(service, "json")
    ? routes[service]?.jsonVersion === "1.0"
      ? "json-1.0"
      : "json-1.1"
    : speaks(service, "ec2")
      ? "ec2"
      : "query";
  return { service, operation: undefined, protocol };
}

function rest(service: string, request: RouteRequest): Route {
  const protocol = speaks(service, "rest-xml") ? "rest-xml" : "rest-json";
  return { service, operation: restTrie(service).find(request, request.path), protocol };
}

/** S3 itself: the bucket may stand in the host's name; then the path to decode begins with it. */
function bucketRoute(request: RouteRequest, host: string): Route {
  if (request.path.startsWith("/v20180820/")) return rest("s3control", request);
  const { service, bucket } = host === "" ? {} : parseHost(host);
  if (service === "s3control") return rest("s3control", request);
  const path = bucket === undefined ? request.path : `/${bucket}${request.path}`;
  const operation = restTrie("s3").find(request, path);
  return bucket === undefined
    ? { service: "s3", operation, protocol: "rest-xml" }
    : { service: "s3", operation, protocol: "rest-xml", path };
}

function named(service: string | undefined, operation: string, protocol: ProtocolName): Route {
  const known = service !== undefined && operationsOf(service).has(operation);
  return { service, operation: known ? operation : undefined, protocol };
}

/** The service's name in `Credential=<key>/<date>/<region>/<service>/aws4_request`, from the header or a signed URL. */
function scopeOf(authorization: string | undefined, query: string): string | undefined {
  if (authorization !== undefined) {
    const at = authorization.indexOf("Credential=");
    if (at < 0) return undefined;
    return authorization
      .slice(at + 11, at + 300)
      .split(",", 1)[0]
      ?.split("/")
      .at(-2);
  }
  if (query.includes("X-Amz-Credential="))
    return parameter(query, "X-Amz-Credential")?.split("/").at(-2);
  // Version 2 signatures in URLs, which some clients still make for S3 only.
  return query.includes("AWSAccessKeyId=") && query.includes("Signature=") ? "s3" : undefined;
}

function parameter(text: string, name: string): string | undefined {
  const start = text.startsWith(`${name}=`) ? 0 : text.indexOf(`&${name}=`) + 1;
  if (start === 0 && !text.startsWith(`${name}=`)) return undefined;
  const from = start + name.length + 1;
  const end = text.indexOf("&", from);
  const value = text.slice(from, end < 0 ? undefined : end).replaceAll("+", " ");
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

const speaks = (service: string, protocol: string): boolean =>
  routes[service]?.protocols.split(" ").includes(protocol) ?? false;

const operationSets = new Map<string, ReadonlySet<string>>();

function operationsOf(service: string): ReadonlySet<string> {
  let set = operationSets.get(service);
  if (!set) {
    const lines = routes[service]?.operations.split("\n") ?? [];
    set = new Set(lines.map((line) => line.split(" ", 1)[0] ?? line));
    operationSets.set(service, set);
  }
  return set;
}

const entries: readonly [string, ServiceRoutes][] = Object.entries(routes);
const byTargetPrefix: ReadonlyMap<string, string> = new Map(
  entries.flatMap(([id, { targetPrefix }]) =>
    targetPrefix === undefined ? [] : [[targetPrefix, id]],
  ),
);
const queryServices: readonly string[] = entries
  .filter(([, { protocols }]) => protocols.includes("query") || protocols.includes("ec2"))
  .map(([id]) => id);
// Where several services sign with one name, rules above decide; here the first in the alphabet stands for them.
const byScopeName: ReadonlyMap<string, string> = new Map(
  entries.toReversed().map(([id, { signingName }]) => [signingName, id]),
);
