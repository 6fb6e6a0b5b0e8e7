/** From botocore's model to ours: prose and client-only traits dropped, unreachable shapes dropped, corrections applied. */
import type { MemberModel, Model, OperationModel, ShapeModel } from "#models/shape-table.ts";

// What a server has no use for: prose, and hints for clients about endpoints and deprecation.
const dropped = new Set([
  "documentation",
  "documentationUrl",
  "deprecated",
  "deprecatedMessage",
  "deprecatedSince",
  "contextParam",
  "staticContextParams",
  "operationContextParams",
  "endpointdiscovery",
  "endpointoperation",
  "endpoint",
  "hostLabel",
  "retryable",
  "synthetic",
  "box",
  "wrapper",
  "xmlOrder",
  "readonly",
  "idempotent",
  "requestcompression",
]);

const keptMetadata = [
  "apiVersion",
  "endpointPrefix",
  "protocol",
  "protocols",
  "jsonVersion",
  "serviceId",
  "serviceFullName",
  "signingName",
  "targetPrefix",
  "xmlNamespace",
  "awsQueryCompatible",
];

export interface Correction {
  /** Slash-separated path into the model; a member of the last object is created if missing. */
  path: string;
  /** Merged into what stands at the path: objects deeply, other values replace; null deletes. */
  merge: unknown;
  why: string;
  source: string;
}

export function compact(raw: unknown, source: string): Model {
  const { metadata, operations, shapes } = raw as Model;
  const model: Model = {
    source,
    metadata: Object.fromEntries(
      keptMetadata
        .filter((key) => key in metadata)
        .map((key) => [key, metadata[key as keyof typeof metadata]]),
    ) as unknown as Model["metadata"],
    operations: sorted(operations, (operation) => ({
      ...(stripped(operation) as OperationModel),
      name: undefined,
    })),
    shapes: {},
  };
  const reachable = reachableShapes(model.operations, shapes);
  model.shapes = sorted(
    Object.fromEntries(Object.entries(shapes).filter(([name]) => reachable.has(name))),
    strippedShape,
  );
  return JSON.parse(JSON.stringify(model)) as Model;
}

export function correct(model: Model, corrections: readonly Correction[]): Model {
  const corrected = structuredClone(model) as unknown as Record<string, unknown>;
  for (const { path, merge } of corrections) {
    const steps = path.split("/");
    const last = steps.pop() ?? "";
    let at = corrected;
    for (const step of steps) {
      // A path that leads nowhere is a slip, or a correction that a newer model no longer needs.
      if (!Object.hasOwn(at, step))
        throw new Error(`the correction's path ${path} is not in the model`);
      at = at[step] as Record<string, unknown>;
    }
    at[last] = merged(at[last], merge);
    if (at[last] === undefined) delete at[last];
  }
  return corrected as unknown as Model;
}

function merged(before: unknown, change: unknown): unknown {
  if (change === null) return undefined;
  if (typeof change !== "object" || Array.isArray(change)) return change;
  const result: Record<string, unknown> =
    typeof before === "object" && before !== null && !Array.isArray(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(change)) {
    const after = merged(result[key], value);
    if (after === undefined) delete result[key];
    else result[key] = after;
  }
  return result;
}

function strippedShape(shape: ShapeModel): ShapeModel {
  const { members, ...rest } = shape;
  const result = stripped(rest) as ShapeModel;
  // A member may itself be called "documentation": names of members are never dropped.
  if (members) {
    result.members = Object.fromEntries(
      Object.entries(members).map(([name, member]) => [name, stripped(member) as MemberModel]),
    );
  }
  return result;
}

function stripped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !dropped.has(key))
      .map(([key, inner]) => [key, stripped(inner)]),
  );
}

function reachableShapes(
  operations: Record<string, OperationModel>,
  shapes: Record<string, ShapeModel>,
): Set<string> {
  const reached = new Set<string>();
  const waiting: string[] = [];
  for (const { input, output, errors } of Object.values(operations)) {
    for (const reference of [input, output, ...(errors ?? [])])
      if (reference) waiting.push(reference.shape);
  }
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    const shape = shapes[name];
    if (!shape) throw new Error(`shape ${name} is used but not defined`);
    for (const member of [
      ...Object.values(shape.members ?? {}),
      shape.member,
      shape.key,
      shape.value,
    ]) {
      if (member) waiting.push(member.shape);
    }
  }
  return reached;
}

function sorted<T>(of: Record<string, T>, change: (value: T) => T): Record<string, T> {
  const names = Object.keys(of).sort();
  return Object.fromEntries(names.map((name) => [name, change(of[name] as T)]));
}
