/** The parts of a request's path and query that a REST operation's input names. */
import { WireProblem } from "./protocol.ts";
import { parseScalar } from "./scalar-text.ts";
import type { Member, OperationModel, Shape } from "./shapes.ts";

/** The error for what cannot be read of a request's head. */
export const badRequest = "SerializationException";

export function fromQuery(
  query: ReadonlyMap<string, string[]>,
  { shape }: Member,
  name: string,
  input: Shape,
  operation: OperationModel,
): unknown {
  if (shape.type === "map") return mapFromQuery(query, shape, input, operation);
  const values = query.get(name);
  if (!values) return undefined;
  const element = shape.element?.shape;
  if (shape.type === "list" && element)
    return values.map((each) => parseScalar(each, element, badRequest));
  return parseScalar(values[0] ?? "", shape, badRequest);
}

/** All parameters that no other member and not the template names. */
function mapFromQuery(
  query: ReadonlyMap<string, string[]>,
  shape: Shape,
  input: Shape,
  operation: OperationModel,
): Record<string, unknown> | undefined {
  const taken = new Set(
    operation.requestUri
      .split("?")[1]
      ?.split("&")
      .map((part) => part.split("=", 1)[0] ?? part),
  );
  for (const { name, model } of input.members)
    if (model.location === "querystring") taken.add(model.locationName ?? name);
  const entries = [...query].filter(
    ([name]) => !taken.has(name) && !name.toLowerCase().startsWith("x-amz-"),
  );
  if (entries.length === 0) return undefined;
  const isOfLists = shape.element?.shape.type === "list";
  return Object.fromEntries(
    entries.map(([name, values]) => [name, isOfLists ? values : values[0]]),
  );
}

export function parseQuery(text: string): ReadonlyMap<string, string[]> {
  const result = new Map<string, string[]>();
  for (const part of text === "" ? [] : text.split("&")) {
    const equals = part.indexOf("=");
    const name = decodeText(equals < 0 ? part : part.slice(0, equals), true);
    const value = equals < 0 ? "" : decodeText(part.slice(equals + 1), true);
    const values = result.get(name);
    if (values) values.push(value);
    else result.set(name, [value]);
  }
  return result;
}

const templates = new WeakMap<OperationModel, { form: RegExp; names: string[] }>();

export function labelsOf(operation: OperationModel, path: string): ReadonlyMap<string, string> {
  let template = templates.get(operation);
  if (!template) {
    const names: string[] = [];
    const [uri = ""] = operation.requestUri.split("?");
    const form = uri
      .split(/(\{[^}]+\})/)
      .map((part) => {
        if (!part.startsWith("{")) return part.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&");
        const isGreedy = part.endsWith("+}");
        names.push(part.slice(1, isGreedy ? -2 : -1));
        return isGreedy ? "(.+)" : "([^/]+)";
      })
      .join("");
    // A slash at the end belongs to a greedy label, and says nothing elsewhere.
    template = {
      form: new RegExp(`^${form.replace(/\/$/, "")}${form.endsWith("(.+)") ? "" : "/*"}$`, "s"),
      names,
    };
    templates.set(operation, template);
  }
  const values = template.form.exec(path);
  return new Map(
    template.names.map((name, index) => [name, decodeText(values?.[index + 1] ?? "", false)]),
  );
}

function decodeText(text: string, isQuery: boolean): string {
  const spaced = isQuery && text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw new WireProblem(badRequest, "The request's path or query is not well-formed");
  }
}
