/** The constraints of a single shape (length, range, pattern, enumeration) and AWS's words for them. */
import { compilePattern } from "./patterns.ts";
import type { Shape } from "./shapes.ts";

// Patterns are only tried on texts that could be legal or are not much longer: some backtrack.
const longestPatternInput = 8192;

/** Whether a value satisfies the constraints of its own shape; `memberMax` is a member's own upper bound. */
export function isValid(value: unknown, shape: Shape, memberMax: number | undefined): boolean {
  const { model } = shape;
  const max = memberMax ?? model.max;
  if (
    model.min === undefined &&
    max === undefined &&
    model.pattern === undefined &&
    model.enum === undefined
  ) {
    return true;
  }
  return brokenConstraints(value, shape, memberMax).length === 0;
}

const none: readonly string[] = [];

/** The constraints that a value breaks, in AWS's words and order: pattern before length. */
export function brokenConstraints(
  value: unknown,
  shape: Shape,
  memberMax: number | undefined,
): readonly string[] {
  const { min, enum: values, arnMax, emptyMin } = shape.model;
  let max = memberMax ?? shape.model.max;
  if (typeof value === "string") {
    if (values) return values.includes(value) ? none : [enumConstraint(values)];
    if (value === "" && emptyMin !== undefined) return [minLength(emptyMin)];
    const isArn = arnMax !== undefined && value.startsWith("arn:");
    if (isArn) max = arnMax;
    const length = codePoints(value);
    let broken: string[] | undefined;
    const pattern = isArn ? undefined : patternOf(shape);
    // A text that is missing altogether breaks its length, not also its form, if nothing may be there at all.
    if (
      pattern &&
      value.length <= longestPatternInput &&
      !(length === 0 && min === 1) &&
      !pattern.test(value)
    ) {
      (broken ??= []).push(patternConstraint(shape));
    }
    if (min !== undefined && length < min) (broken ??= []).push(minLength(min));
    if (max !== undefined && length > max) (broken ??= []).push(maxLength(max));
    return broken ?? none;
  }
  if (typeof value === "number") {
    if (min !== undefined && value < min)
      return [`Member must have value greater than or equal to ${min}`];
    if (max !== undefined && value > max)
      return [`Member must have value less than or equal to ${max}`];
    return none;
  }
  if (min === undefined && max === undefined) return none;
  const length = lengthOf(value);
  if (min !== undefined && length < min) return [minLength(min)];
  if (max !== undefined && length > max) return [maxLength(max)];
  return none;
}

/** All that a shape demands, as AWS lists it for the elements of lists and maps: the upper bound first. */
export function allConstraints(shape: Shape): string {
  const { min, max, pattern, enum: values } = shape.model;
  if (values) return `[${enumConstraint(values)}]`;
  const constraints: string[] = [];
  const isNumber =
    shape.type === "integer" ||
    shape.type === "long" ||
    shape.type === "float" ||
    shape.type === "double";
  if (max !== undefined) {
    constraints.push(
      isNumber ? `Member must have value less than or equal to ${max}` : maxLength(max),
    );
  }
  if (min !== undefined) {
    constraints.push(
      isNumber ? `Member must have value greater than or equal to ${min}` : minLength(min),
    );
  }
  if (pattern !== undefined) constraints.push(patternConstraint(shape));
  return `[${constraints.join(", ")}]`;
}

const minLength = (min: number): string =>
  `Member must have length greater than or equal to ${min}`;
const maxLength = (max: number): string => `Member must have length less than or equal to ${max}`;
const enumConstraint = (values: readonly string[]): string =>
  `Member must satisfy enum value set: [${values.join(", ")}]`;
const patternConstraint = (shape: Shape): string =>
  `Member must satisfy regular expression pattern: ${shape.model.pattern}`;

const compiledPatterns = new WeakMap<Shape, { pattern: RegExp | undefined }>();

function patternOf(shape: Shape): RegExp | undefined {
  const pattern = shape.model.safePattern ?? shape.model.pattern;
  if (pattern === undefined) return undefined;
  let compiled = compiledPatterns.get(shape);
  if (!compiled) {
    compiled = { pattern: compilePattern(pattern) };
    compiledPatterns.set(shape, compiled);
  }
  return compiled.pattern;
}

/** As the models count: characters (not UTF-16 units), bytes, elements, keys. */
export function lengthOf(value: unknown): number {
  if (typeof value === "string") return codePoints(value);
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  return isObject(value) ? Object.keys(value).length : 0;
}

function codePoints(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length; at++) {
    // A lead surrogate with its trail counts once.
    if (
      (text.charCodeAt(at) & 0xfc00) === 0xd800 &&
      (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00
    ) {
      count--;
      at++;
    }
  }
  return count;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
