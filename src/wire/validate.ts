/**
 * Validation by the model: required members, lengths, ranges, patterns and enumerations, reported all at once with the
 * words of AWS's validator: "2 validation errors detected: Value null at 'tableName' failed to satisfy constraint:
 * Member must not be null; ...". What a service checks beyond its model, its handlers check.
 *
 * The order is the model's unless a correction says otherwise; within a value pattern before length. Where a service has
 * other words for a member, models/corrections.json has them: there is no service's name in here.
 */
import { isNestedDeeper } from "#base/nesting.ts";
import { allConstraints, brokenConstraints, isValid, lengthOf } from "./constraints.ts";
import { WireProblem } from "./protocol.ts";
import type { Member, OperationModel, Shape } from "./shapes.ts";

// AWS reports no more; it also bounds what a hostile request can make us write.
const mostProblems = 10;

/** Throws the `WireProblem` that AWS would answer if the decoded input breaks a constraint of the model. */
export function validate(operation: OperationModel, input: unknown): void {
  const shape = operation.input;
  if (!shape || !shape.constrained) return;
  const problems: string[] = [];
  const code = operation.service.metadata.validationCode ?? "ValidationException";
  if (!isObject(input)) throw new WireProblem("SerializationException");
  const whole = wholeMessage(input, shape, operation.service.metadata.ownWordsLevels);
  if (whole !== undefined) throw new WireProblem(code, whole);
  checkMembers(input, shape, "", problems, operation.service.metadata.validatesBodyOnly);
  if (problems.length === 0) return;
  const fixed = operation.service.metadata.validationMessage;
  if (fixed !== undefined) throw new WireProblem(code, fixed);
  const errors =
    problems.length === 1 ? "1 validation error" : `${problems.length} validation errors`;
  throw new WireProblem(code, `${errors} detected: ${problems.join("; ")}`);
}

/** What the service answers instead of a list of all problems: the first of the members that have such a message. */
function wholeMessage(
  input: Record<string, unknown>,
  shape: Shape,
  deepest: number | undefined,
): string | undefined {
  const { outspokenMembers: members } = shape;
  if (members.length === 0) return undefined;
  const isMissing = ({ name }: Member): boolean =>
    input[name] === undefined || input[name] === null;
  for (const member of members) {
    if (member.model.missing !== undefined && isMissing(member)) return member.model.missing;
  }
  let found: string | undefined;
  for (const { name, shape: inner, model } of members) {
    const value = input[name];
    if (value === undefined || value === null) continue;
    if (model.empty !== undefined && lengthOf(value) === 0) found = model.empty;
    else if (model.invalid !== undefined && !isValid(value, inner, model.max))
      found = model.invalid;
    if (found !== undefined) break;
  }
  if (found === undefined) return undefined;
  // The service looks at what is missing before that, and lists everything if something is.
  if (shape.members.some((each) => each.required && isMissing(each))) return undefined;
  return deepest !== undefined && isNestedDeeper(input, deepest) ? undefined : found;
}

function checkMembers(
  value: Record<string, unknown>,
  shape: Shape,
  path: string,
  problems: string[],
  bodyOnly = false,
): void {
  for (const member of shape.checkedMembers) {
    if (bodyOnly && member.bound) {
      if (member.required && value[member.name] === undefined) throw missingHeader(member);
      continue;
    }
    const { model, shape: inner, name, required } = member;
    if (!required && !inner.constrained && model.max === undefined) continue;
    if (model.weak && problems.length > 0) continue;
    const each = value[name];
    if (each === undefined || each === null) {
      if (required) report(problems, "null", path + lowerFirst(name), "Member must not be null");
    } else if (model.plain && !isValid(each, inner, model.max)) {
      const whole = path === "" ? name : path.charAt(0).toUpperCase() + path.slice(1) + name;
      for (const constraint of brokenConstraints(each, inner, model.max)) {
        report(problems, "", whole, constraint, true);
      }
    } else check(each, inner, model.max, path + lowerFirst(name), problems);
    if (problems.length >= mostProblems) return;
  }
}

function missingHeader({ name, model }: Member): WireProblem {
  const named = (model.locationName ?? name).toLowerCase();
  return new WireProblem("InvalidRequest", `Missing required header for this request: ${named}`);
}

function check(
  value: unknown,
  shape: Shape,
  memberMax: number | undefined,
  path: string,
  problems: string[],
): void {
  if (!isValid(value, shape, memberMax)) {
    for (const constraint of brokenConstraints(value, shape, memberMax)) {
      report(problems, shown(value, shape), path, constraint, shape.model.sensitive);
    }
  }
  if (shape.model.verbatim) return;
  if (shape.type === "structure") {
    if (isObject(value)) checkMembers(value, shape, `${path}.`, problems);
  } else checkWithin(value, shape, path, problems);
}

/** Structures in a list are checked one by one; for scalars and lists AWS names the list and all they must satisfy. */
function checkElements(
  value: unknown[],
  element: Member,
  shape: Shape,
  path: string,
  problems: string[],
): void {
  const { shape: inner } = element;
  if (inner.type === "structure") {
    if (!inner.constrained) return;
    for (let index = 0; index < value.length && problems.length < mostProblems; index++) {
      check(value[index], inner, undefined, `${path}.${index + 1}.member`, problems);
    }
    return;
  }
  const nullAt = inner.type === "list" || inner.type === "map" ? -1 : value.indexOf(null);
  if (nullAt >= 0)
    report(problems, "null", `${path}.${nullAt + 1}.member`, "Member must not be null");
  else if (inner.constrained && value.some((each) => !isValid(each, inner, undefined))) {
    report(
      problems,
      shown(value, shape),
      path,
      `Member must satisfy constraint: ${allConstraints(inner)}`,
    );
  }
  if (inner.type !== "list" && inner.type !== "map") return;
  for (let index = 0; index < value.length && problems.length < mostProblems; index++) {
    checkWithin(value[index], inner, `${path}.${index + 1}.member`, problems);
  }
}

function checkEntries(
  value: Record<string, unknown>,
  element: Member,
  shape: Shape,
  path: string,
  problems: string[],
): void {
  const key = shape.key?.shape;
  if (key?.constrained && Object.keys(value).some((each) => !isValid(each, key, undefined))) {
    report(
      problems,
      shown(value, shape),
      path,
      `Map keys must satisfy constraint: ${allConstraints(key)}`,
    );
  }
  const { shape: inner } = element;
  if (!inner.constrained || inner.model.verbatim) return;
  const values = Object.values(value);
  if (
    inner.type !== "structure" &&
    values.some((each) => each !== null && !isValid(each, inner, undefined))
  ) {
    report(
      problems,
      shown(value, shape),
      path,
      `Map value must satisfy constraint: ${allConstraints(inner)}`,
    );
  }
  for (const [name, each] of Object.entries(value)) {
    if (problems.length >= mostProblems) return;
    checkWithin(each, inner, `${path}.${name}.member`, problems);
  }
}

/** What lies inside a value whose own constraints have been reported with its container. */
function checkWithin(value: unknown, shape: Shape, path: string, problems: string[]): void {
  if (shape.type === "structure") check(value, shape, undefined, path, problems);
  else if (shape.type === "list" && Array.isArray(value) && shape.element) {
    checkElements(value, shape.element, shape, path, problems);
  } else if (shape.type === "map" && isObject(value) && shape.element) {
    checkEntries(value, shape.element, shape, path, problems);
  }
}

function report(
  problems: string[],
  value: string,
  path: string,
  constraint: string,
  sensitive = false,
): void {
  if (problems.length >= mostProblems) return;
  const what = sensitive ? "Value" : `Value ${value}`;
  problems.push(`${what} at '${path}' failed to satisfy constraint: ${constraint}`);
}

const shown = (value: unknown, shape: Shape): string =>
  value === null || value === undefined
    ? "null"
    : `'${shape.model.shownAsJson ? JSON.stringify(value) : javaText(value, shape)}'`;

/** As Java prints it: `[a, b]`, `{key=value}`, `KeySchemaElement(attributeName=pk, keyType=HASH)`. */
function javaText(value: unknown, shape: Shape): string {
  if (value === null || value === undefined) return "null";
  if (value instanceof Uint8Array) {
    return `java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]`;
  }
  const element = shape.element?.shape ?? shape;
  if (Array.isArray(value)) return `[${value.map((each) => javaText(each, element)).join(", ")}]`;
  if (!isObject(value)) return typeof value === "string" ? value : JSON.stringify(value);
  if (shape.type === "map") {
    const entries = Object.entries(value).map(([key, each]) => `${key}=${javaText(each, element)}`);
    return `{${entries.join(", ")}}`;
  }
  const members = shape.checkedMembers.map(
    (member) => `${lowerFirst(member.name)}=${javaText(value[member.name], member.shape)}`,
  );
  return `${shape.name}(${members.join(", ")})`;
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !(value instanceof Uint8Array);
