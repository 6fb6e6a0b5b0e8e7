/** Typed values to and from XML elements by shape: the answers of query and ec2, requests and answers of rest-xml. */
import { WireProblem } from "./protocol.ts";
import { formatScalar, parseScalar } from "./scalar-text.ts";
import type { Member, Shape } from "./shapes.ts";
import type { TimestampFormat } from "./timestamps.ts";
import { escapeXml, type XmlElement } from "./xml.ts";

export class XmlWriter {
  text = "";
  readonly #times: TimestampFormat;

  /** `times`: the form of those whose shape does not say. */
  constructor(times: TimestampFormat = "iso8601") {
    this.#times = times;
  }

  /** The members of a structure that live in the body, without an element around them. */
  members(value: unknown, shape: Shape): void {
    if (!isObject(value)) throw new TypeError(`${shape.name} wants an object`);
    for (const member of shape.members) {
      const inner = value[member.name];
      if (inner === undefined || inner === null || member.model.xmlAttribute) continue;
      if (member.bound) continue;
      this.member(inner, member);
    }
  }

  member(value: unknown, member: Member): void {
    const { shape, model } = member;
    const name = model.locationName ?? shape.model.locationName ?? member.name;
    const flattened = model.flattened ?? shape.model.flattened;
    if (shape.type === "list" && flattened)
      this.#flatList(value, shape, model.locationName ?? name);
    else if (shape.type === "map" && flattened) this.#entries(value, shape, name);
    else this.element(name, value, shape, namespaceOf(model.xmlNamespace));
  }

  element(
    name: string,
    value: unknown,
    shape: Shape,
    namespace = namespaceOf(shape.model.xmlNamespace),
  ): void {
    switch (shape.type) {
      case "structure":
        this.text += `<${name}${namespace}${attributesOf(value, shape)}>`;
        this.members(value, shape);
        break;
      case "list": {
        this.text += `<${name}${namespace}>`;
        const element = elementOf(shape);
        for (const inner of asArray(value, shape)) {
          this.element(element.model.locationName ?? "member", inner, element.shape);
        }
        break;
      }
      case "map":
        this.text += `<${name}${namespace}>`;
        this.#entries(value, shape, "entry");
        break;
      default:
        this.text += `<${name}${namespace}>${escapeXml(formatScalar(value, shape, this.#times))}`;
    }
    this.text += `</${name}>`;
  }

  #flatList(value: unknown, shape: Shape, name: string): void {
    const element = elementOf(shape);
    for (const inner of asArray(value, shape)) {
      this.element(element.model.locationName ?? name, inner, element.shape);
    }
  }

  #entries(value: unknown, shape: Shape, name: string): void {
    if (!isObject(value)) throw new TypeError(`${shape.name} wants an object`);
    const element = elementOf(shape);
    const keyName = shape.key?.model.locationName ?? "key";
    for (const [key, inner] of Object.entries(value)) {
      if (inner === undefined || inner === null) continue;
      this.text += `<${name}><${keyName}>${escapeXml(key)}</${keyName}>`;
      this.element(element.model.locationName ?? "value", inner, element.shape);
      this.text += `</${name}>`;
    }
  }
}

/** An element as a typed value of the shape. Elements that the model does not know are ignored. */
export function decodeXml(element: XmlElement, shape: Shape): unknown {
  switch (shape.type) {
    case "structure":
      return decodeMembers(element, shape);
    case "list":
      return element.children.map((child) => decodeXml(child, elementOf(shape).shape));
    case "map":
      return decodeEntries(element.children, shape);
    default:
      if (element.children.length > 0) throw malformed();
      return parseScalar(element.text, shape, "MalformedXML");
  }
}

/** The members of a structure that live in the body. */
export function decodeMembers(element: XmlElement, shape: Shape): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { name, shape: inner, model, bound } of shape.members) {
    if (bound) continue;
    if (model.xmlAttribute) {
      const attribute = element.attributes[model.locationName ?? name];
      if (attribute !== undefined) result[name] = parseScalar(attribute, inner, "MalformedXML");
      continue;
    }
    const flattened = model.flattened ?? inner.model.flattened;
    const wireName =
      (flattened && inner.type === "list" ? inner.element?.model.locationName : undefined) ??
      model.locationName ??
      name;
    if (flattened && (inner.type === "list" || inner.type === "map")) {
      const children = element.children.filter((child) => child.name === wireName);
      if (children.length === 0) continue;
      result[name] =
        inner.type === "list"
          ? children.map((child) => decodeXml(child, elementOf(inner).shape))
          : decodeEntries(children, inner);
    } else {
      const child = element.children.find((each) => each.name === wireName);
      if (child) result[name] = decodeXml(child, inner);
    }
  }
  return result;
}

function decodeEntries(entries: readonly XmlElement[], shape: Shape): Record<string, unknown> {
  const keyName = shape.key?.model.locationName ?? "key";
  const element = elementOf(shape);
  const valueName = element.model.locationName ?? "value";
  return Object.fromEntries(
    entries.map((entry) => {
      const key = entry.children.find(({ name }) => name === keyName);
      const value = entry.children.find(({ name }) => name === valueName);
      if (!key || !value) throw malformed();
      return [key.text, decodeXml(value, element.shape)];
    }),
  );
}

function attributesOf(value: unknown, shape: Shape): string {
  if (!isObject(value)) return "";
  let text = "";
  for (const { name, shape: inner, model } of shape.members) {
    const attribute = value[name];
    if (!model.xmlAttribute || attribute === undefined || attribute === null) continue;
    text += ` ${model.locationName ?? name}="${escapeXml(formatScalar(attribute, inner, "iso8601"))}"`;
  }
  return text;
}

export function namespaceOf(
  namespace: { uri: string; prefix?: string } | string | undefined,
): string {
  if (namespace === undefined) return "";
  if (typeof namespace === "string") return ` xmlns="${escapeXml(namespace)}"`;
  const prefix = namespace.prefix === undefined ? "" : `:${namespace.prefix}`;
  return ` xmlns${prefix}="${escapeXml(namespace.uri)}"`;
}

function elementOf(shape: Shape): Member {
  if (!shape.element) throw new TypeError(`${shape.name} has no elements`);
  return shape.element;
}

function asArray(value: unknown, shape: Shape): unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${shape.name} wants an array`);
  return value;
}

const malformed = (): WireProblem =>
  new WireProblem(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
  );

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
