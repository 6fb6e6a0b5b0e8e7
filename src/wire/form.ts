/**
 * Forms of the query protocols to typed input: `Tags.member.1.Key=a&Tags.member.1.Value=b`. The names are made into a
 * tree first, so that the work is linear in what was sent.
 */
import { WireProblem } from "./protocol.ts";
import { parseScalar } from "./scalar-text.ts";
import type { Member, Shape } from "./shapes.ts";

interface FormNode {
  value: string | undefined;
  children: Map<string, FormNode>;
}

const mostParameters = 100_000;
const deepestName = 64;

/** `text`: a form, from a body or a URL's query. */
export function decodeForm(text: string, shape: Shape, isEc2: boolean): unknown {
  const root: FormNode = { value: undefined, children: new Map() };
  const parts = text.split("&");
  if (parts.length > mostParameters) throw malformed("Too many parameters");
  for (const part of parts) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = unescapeForm(equals < 0 ? part : part.slice(0, equals));
    const names = name.split(".", deepestName + 1);
    if (names.length > deepestName)
      throw malformed(`The parameter ${name.slice(0, 100)} is not valid`);
    let node = root;
    for (const each of names) {
      let child = node.children.get(each);
      if (!child) {
        child = { value: undefined, children: new Map() };
        node.children.set(each, child);
      }
      node = child;
    }
    node.value = equals < 0 ? "" : unescapeForm(part.slice(equals + 1));
  }
  return structure(root, shape, isEc2);
}

function structure(node: FormNode, shape: Shape, isEc2: boolean): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const member of shape.members) {
    const value = memberValue(node, member, isEc2);
    if (value !== undefined) result[member.name] = value;
  }
  return result;
}

function memberValue(node: FormNode, member: Member, isEc2: boolean): unknown {
  const { shape, model } = member;
  const flattened = isEc2 || (model.flattened ?? shape.model.flattened) === true;
  const element = shape.element?.model;
  // A flattened list whose elements have a name goes by the elements' name.
  const byElement =
    flattened && !isEc2 && shape.type === "list" ? element?.locationName : undefined;
  const child = node.children.get(byElement ?? nameOf(member, isEc2));
  return child && decode(child, shape, flattened, isEc2);
}

// EC2 capitalizes the names that its answers have in lower case.
function nameOf({ name, model }: Member, isEc2: boolean): string {
  if (!isEc2) return model.locationName ?? name;
  if (model.queryName !== undefined) return model.queryName;
  const { locationName } = model;
  return locationName === undefined
    ? name
    : locationName.charAt(0).toUpperCase() + locationName.slice(1);
}

function decode(node: FormNode, shape: Shape, flattened: boolean, isEc2: boolean): unknown {
  switch (shape.type) {
    case "structure":
      return structure(node, shape, isEc2);
    case "list": {
      const element = shape.element;
      if (!element) return [];
      const items = flattened ? node : node.children.get(element.model.locationName ?? "member");
      // `List=` alone says: the list is there, and empty.
      if (!items) return [];
      return numbered(items).map((item) => decode(item, element.shape, isEc2, isEc2));
    }
    case "map": {
      const { element, key } = shape;
      const entries = flattened ? node : node.children.get("entry");
      if (!element || !entries) return {};
      const keyName = key?.model.locationName ?? "key";
      const valueName = element.model.locationName ?? "value";
      return Object.fromEntries(
        numbered(entries).map((entry) => {
          const name = entry.children.get(keyName)?.value ?? "";
          const value = entry.children.get(valueName) ?? emptyNode;
          return [name, decode(value, element.shape, isEc2, isEc2)];
        }),
      );
    }
    default:
      return parseScalar(node.value ?? "", shape, "MalformedInput");
  }
}

const emptyNode: FormNode = { value: "", children: new Map() };

/** Elements in the order of their numbers, which may have gaps. */
function numbered(node: FormNode): FormNode[] {
  return [...node.children]
    .filter(([name]) => /^\d{1,9}$/.test(name))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, child]) => child);
}

function unescapeForm(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw malformed("The request is not a well-formed form");
  }
}

const malformed = (message: string): WireProblem =>
  new WireProblem("MalformedQueryString", message);
