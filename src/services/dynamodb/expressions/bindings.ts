import type { AttributeValue } from "../items/attribute-values.ts";
import { checkValue, nullMustBeTrue, utf8Bytes } from "../items/item-size.ts";
import { ExpressionProblem, ValidationProblem } from "../validation-problem.ts";

const maximumSubstitutionBytes = 2 * 1024 * 1024;

/** What placeholders stand for; undefined if for nothing. */
export interface Placeholders {
  name(placeholder: string): string | undefined;
  value(placeholder: string): AttributeValue | undefined;
}

/**
 * The placeholders of one request: ExpressionAttributeNames and ExpressionAttributeValues, checked.
 * All expressions of the request draw on the same object, which knows at the end what none used.
 */
export class Bindings implements Placeholders {
  readonly #names: Record<string, string> | undefined;
  readonly #values: Record<string, AttributeValue> | undefined;
  readonly #used = new Set<string>();

  /** Checks and normalizes the values in place; throws on the first that is wrong. */
  constructor(
    names: Record<string, string> | undefined,
    values: Record<string, AttributeValue> | undefined,
  ) {
    this.#names = names;
    this.#values = values;
    if (names !== undefined) checkNames(names);
    if (values !== undefined) checkValues(values);
  }

  /** The attribute name that `#placeholder` stands for. */
  name(placeholder: string): string | undefined {
    if (this.#names === undefined || !Object.hasOwn(this.#names, placeholder)) return undefined;
    this.#used.add(placeholder);
    return this.#names[placeholder];
  }

  /** The value that `:placeholder` stands for. */
  value(placeholder: string): AttributeValue | undefined {
    if (this.#values === undefined || !Object.hasOwn(this.#values, placeholder)) return undefined;
    this.#used.add(placeholder);
    return this.#values[placeholder];
  }

  /** To be called when all expressions of the request are parsed. */
  assertAllUsed(): void {
    this.#assertUsed(this.#names, "ExpressionAttributeNames");
    this.#assertUsed(this.#values, "ExpressionAttributeValues");
  }

  #assertUsed(given: object | undefined, parameter: string): void {
    if (given === undefined) return;
    const unused = Object.keys(given).filter((placeholder) => !this.#used.has(placeholder));
    if (unused.length > 0) {
      throw new ExpressionProblem(
        `Value provided in ${parameter} unused in expressions: keys: {${unused.join(", ")}}`,
      );
    }
  }
}

const namePlaceholder = /^#[0-9a-zA-Z_]+$/;
const valuePlaceholder = /^:[0-9a-zA-Z_]+$/;

function checkNames(names: Record<string, string | null>): void {
  checkKeys(names, namePlaceholder, "ExpressionAttributeNames");
  let bytes = 0;
  for (const placeholder in names) {
    const name = names[placeholder];
    if (!name) {
      throw new ExpressionProblem(
        // Source: DynamoDB Local 3.3.1.
        `ExpressionAttributeNames contains invalid value: Empty attribute name for key ${placeholder}`,
      );
    }
    bytes += placeholder.length + utf8Bytes(name);
  }
  checkTotal(bytes, "ExpressionAttributeNames");
}

function checkValues(values: Record<string, AttributeValue>): void {
  checkKeys(values, valuePlaceholder, "ExpressionAttributeValues");
  let bytes = 0;
  for (const placeholder in values) {
    bytes += placeholder.length + checkNamedValue(placeholder, values[placeholder]!);
  }
  checkTotal(bytes, "ExpressionAttributeValues");
}

function checkNamedValue(placeholder: string, value: AttributeValue): number {
  try {
    return checkValue(value);
  } catch (problem) {
    if (!(problem instanceof ValidationProblem)) throw problem;
    // AWS reports this one without the wrapper.
    if (problem.message === nullMustBeTrue) throw problem;
    throw new ExpressionProblem(
      `ExpressionAttributeValues contains invalid value: ${problem.message} for key ${placeholder}`,
      problem.newerMessage,
    );
  }
}

function checkKeys(given: object, syntax: RegExp, parameter: string): void {
  let isEmpty = true;
  for (const placeholder in given) {
    isEmpty = false;
    if (!syntax.test(placeholder)) {
      throw new ExpressionProblem(
        `${parameter} contains invalid key: Syntax error; key: "${placeholder}"`,
      );
    }
  }
  if (isEmpty) throw new ExpressionProblem(`${parameter} must not be empty`);
}

function checkTotal(bytes: number, parameter: string): void {
  if (bytes > maximumSubstitutionBytes) {
    throw new ExpressionProblem(`${parameter} exceeds max size`);
  }
}
