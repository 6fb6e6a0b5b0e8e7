/** Which operation of a REST service a method, path and query mean, by the URI templates of its model. */
import { routes } from "#models/routes.ts";
import type { RouteRequest } from "./route.ts";

interface Candidate {
  operation: string;
  /** Query parameters that the template demands: "lifecycle", "list-type=2". */
  literals: readonly string[];
}

class Node {
  readonly literals = new Map<string, Node>();
  /** `{Name}`: one segment. */
  label: Node | undefined;
  /** `{Name+}`: one or more segments. */
  greedy: Node | undefined;
  readonly ends = new Map<string, Candidate[]>();
}

// A path of more segments than any template has is only good for a greedy label, which takes them all.
const mostSegments = 2048;

export class RestTrie {
  readonly #root = new Node();
  readonly #isS3: boolean;

  /** `operations`: lines of name, method and URI template. */
  constructor(operations: string, isS3: boolean) {
    this.#isS3 = isS3;
    for (const line of operations.split("\n")) {
      const [operation = "", method = "", uri = ""] = line.split(" ");
      const [path = "", query = ""] = uri.split("?");
      let node = this.#root;
      for (const segment of segmentsOf(path)) node = child(node, segment);
      const candidate = { operation, literals: query === "" ? [] : query.split("&") };
      node.ends.set(method, [...(node.ends.get(method) ?? []), candidate]);
    }
  }

  find(request: RouteRequest, path: string): string | undefined {
    const segments = segmentsOf(path);
    if (segments.length > mostSegments && !this.#isS3) return undefined;
    const parameters = parametersOf(request.query);
    return this.#match(this.#root, segments, 0, request, parameters);
  }

  #match(
    node: Node,
    segments: readonly string[],
    at: number,
    request: RouteRequest,
    parameters: ReadonlyMap<string, string>,
  ): string | undefined {
    if (at === segments.length) return this.#choose(node, request, parameters);
    const literal = node.literals.get(segments[at] ?? "");
    const found =
      (literal && this.#match(literal, segments, at + 1, request, parameters)) ??
      (node.label && this.#match(node.label, segments, at + 1, request, parameters));
    if (found !== undefined || !node.greedy) return found;
    for (let end = segments.length; end > at; end--) {
      const rest = this.#match(node.greedy, segments, end, request, parameters);
      if (rest !== undefined) return rest;
      if (node.greedy.literals.size === 0) return undefined;
    }
    return undefined;
  }

  #choose(
    node: Node,
    request: RouteRequest,
    parameters: ReadonlyMap<string, string>,
  ): string | undefined {
    const fitting = (node.ends.get(request.method) ?? []).filter(({ literals }) =>
      literals.every((literal) => {
        const [name = "", value] = literal.split("=");
        return value === undefined ? parameters.has(name) : parameters.get(name) === value;
      }),
    );
    const most = Math.max(...fitting.map(({ literals }) => literals.length));
    const best = fitting
      .filter(({ literals }) => literals.length === most)
      .map(({ operation }) => operation);
    return best.length > 1 && this.#isS3 ? chooseS3(best, request, parameters) : best[0];
  }
}

/** S3 has operations that differ in nothing but a parameter or a header. */
function chooseS3(
  operations: readonly string[],
  { headers }: RouteRequest,
  parameters: ReadonlyMap<string, string>,
): string | undefined {
  const wanted = (operation: string): boolean => {
    switch (operation) {
      case "UploadPartCopy":
        return parameters.has("uploadId") && headers["x-amz-copy-source"] !== undefined;
      case "UploadPart":
      case "ListParts":
      case "AbortMultipartUpload":
        return parameters.has("uploadId") && headers["x-amz-copy-source"] === undefined;
      case "CopyObject":
        return !parameters.has("uploadId") && headers["x-amz-copy-source"] !== undefined;
      case "PutObject":
        return !parameters.has("uploadId") && headers["x-amz-copy-source"] === undefined;
      case "GetObject":
      case "DeleteObject":
        return !parameters.has("uploadId");
      case "ListDirectoryBuckets":
        return (
          parameters.get("x-id") === operation || headers["host"]?.includes("s3express") === true
        );
      case "ListBuckets":
        return (
          parameters.get("x-id") !== "ListDirectoryBuckets" &&
          !headers["host"]?.includes("s3express")
        );
      case "GetBucketLifecycle":
      case "PutBucketLifecycle":
      case "GetBucketNotification":
      case "PutBucketNotification":
        return false; // names from before; the other of the pair is asked for in the same way
      case "GetBucketLifecycleConfiguration":
      case "PutBucketLifecycleConfiguration":
      case "GetBucketNotificationConfiguration":
      case "PutBucketNotificationConfiguration":
        return true;
      case "GetObjectAnnotation":
        return parameters.has("annotationName");
      case "ListObjectAnnotations":
        return !parameters.has("annotationName");
      default:
        // Of analytics, inventory, metrics and intelligent tiering there may be many: one has an id, the list has not.
        return operation.startsWith("List") ? !parameters.has("id") : parameters.has("id");
    }
  };
  return operations.find(wanted);
}

function child(node: Node, segment: string): Node {
  if (/^\{[^}]+\+\}$/.test(segment)) return (node.greedy ??= new Node());
  if (/^\{[^}]+\}$/.test(segment)) return (node.label ??= new Node());
  const found = node.literals.get(segment) ?? new Node();
  node.literals.set(segment, found);
  return found;
}

/** A slash at the end says nothing: "/2015-03-31/functions/" and "/photos/" are what they are without. */
function segmentsOf(path: string): string[] {
  const segments = path.split("/").slice(1);
  while (segments.at(-1) === "" && segments.length > 0) segments.pop();
  return segments;
}

function parametersOf(query: string): ReadonlyMap<string, string> {
  if (query === "") return noParameters;
  const parameters = new Map<string, string>();
  for (const part of query.split("&")) {
    const equals = part.indexOf("=");
    if (equals < 0) parameters.set(part, "");
    else parameters.set(part.slice(0, equals), part.slice(equals + 1));
  }
  return parameters;
}

const noParameters: ReadonlyMap<string, string> = new Map();

const tries = new Map<string, RestTrie>();

/** Built at the first request to the service. */
export function restTrie(service: string): RestTrie {
  let trie = tries.get(service);
  if (!trie) {
    trie = new RestTrie(routes[service]?.operations ?? "", service === "s3");
    tries.set(service, trie);
  }
  return trie;
}
