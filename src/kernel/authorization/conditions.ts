import { PolicyProblem, type ConditionElement } from "./policy-document.ts";
import { textPattern, type TextPattern } from "./policy-text.ts";
import { isInRange, parseAddressRange } from "./ip-ranges.ts";
import type { ContextValue, RequestContext } from "./request-context.ts";

/*
 * The Condition element. Source: IAM User Guide, reference_policies_elements_condition_operators and
 * reference_policies_condition-single-vs-multi-valued-context-keys.
 *
 * C1. All operators and all keys of a statement must hold; of an operator's values one must match, of a negated
 *     operator's none.
 * C2. A key that the request does not have fulfils negated operators and ...IfExists, and no others.
 * C3. ForAllValues holds if each value of the request matches, and so if there is none. ForAnyValue holds if some
 *     value matches, and so not if there is none.
 */
export type Condition = (context: RequestContext) => boolean;

/** Whether one value of the request is as one value of the policy asks for. */
type Test = (value: string, context: RequestContext) => boolean;

interface Operator {
  readonly isNegated: boolean;
  /** Makes the test for one value of the policy; throws for what the operator cannot compare. */
  test(wanted: string, hasVariables: boolean): Test;
}

const setOperator = /^(ForAllValues|ForAnyValue):/;

export function compileCondition(element: ConditionElement, hasVariables: boolean): Condition {
  const set = setOperator.exec(element.operator)?.[1];
  const named = element.operator.replace(setOperator, "");
  const key = element.key.toLowerCase();
  if (named === "Null") return nullCondition(key, element.values);
  const mayBeAbsent = named.endsWith("IfExists");
  const operator = operators.get(mayBeAbsent ? named.slice(0, -8) : named);
  if (operator === undefined) {
    throw new PolicyProblem(`Invalid Condition type : ${element.operator}`);
  }
  const tests = element.values.map((value) => operator.test(value, hasVariables));
  const { isNegated } = operator;
  const matchesOne: Test = (value, context) => {
    for (const test of tests) if (test(value, context)) return !isNegated;
    return isNegated;
  };
  return (context) => {
    const found = context.get(key);
    if (found === undefined || found.length === 0) {
      if (found === "") return matchesOne("", context);
      return mayBeAbsent || set === "ForAllValues" || (set === undefined && isNegated);
    }
    if (typeof found === "string") return matchesOne(found, context);
    // Without a set operator AWS leaves many values undefined: some must match, and none must be excluded.
    const needsAll = set === "ForAllValues" || (set === undefined && isNegated);
    return needsAll
      ? found.every((value) => matchesOne(value, context))
      : found.some((value) => matchesOne(value, context));
  };
}

/** `"true"`: the key must be absent; `"false"`: it must be there. */
function nullCondition(key: string, values: readonly string[]): Condition {
  const wanted = new Set(values.map((value) => value.toLowerCase() === "true"));
  return (context) => wanted.has(isAbsent(context.get(key)));
}

function isAbsent(value: ContextValue | undefined): boolean {
  return value === undefined || (typeof value !== "string" && value.length === 0);
}

function textTest(options: { readonly hasWildcards: boolean; readonly ignoresCase?: boolean }) {
  return (wanted: string, hasVariables: boolean): Test => {
    const pattern = textPattern(wanted, { ...options, hasVariables });
    return (value, context) => pattern.matches(value, context);
  };
}

/** Each of an ARN's six parts is compared for itself, and each may have wildcards. */
function arnTest(wanted: string, hasVariables: boolean): Test {
  const patterns = arnParts(wanted).map((part): TextPattern =>
    textPattern(part, { hasVariables, hasWildcards: true }),
  );
  if (patterns.length !== 6) {
    // A variable may stand for a whole ARN: `${aws:PrincipalArn}`.
    if (!hasVariables || !wanted.includes("${")) return () => false;
    const whole = textPattern(wanted, { hasVariables, hasWildcards: true });
    return (value, context) => whole.matches(value, context);
  }
  return (value, context) => {
    const parts = arnParts(value);
    return (
      parts.length === 6 && patterns.every((pattern, at) => pattern.matches(parts[at]!, context))
    );
  };
}

/** Split at its first five colons, none of which stands within a variable. */
function arnParts(arn: string): string[] {
  const parts = [""];
  let isInVariable = false;
  for (let at = 0; at < arn.length; at += 1) {
    const character = arn[at]!;
    if (character === "$" && arn[at + 1] === "{") isInVariable = true;
    if (character === "}") isInVariable = false;
    if (character === ":" && !isInVariable && parts.length < 6) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}

function orderTest(
  read: (text: string) => number | undefined,
  holds: (value: number, wanted: number) => boolean,
) {
  return (wanted: string): Test => {
    const bound = read(wanted);
    return (value) => {
      const number = read(value);
      return bound !== undefined && number !== undefined && holds(number, bound);
    };
  };
}

function numberOf(text: string): number | undefined {
  const number = Number(text);
  return text.trim() === "" || Number.isNaN(number) ? undefined : number;
}

/** ISO 8601, or seconds since 1970. Answers milliseconds. */
function timeOf(text: string): number | undefined {
  if (/^-?\d{5,}(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

function addressTest(wanted: string): Test {
  const range = parseAddressRange(wanted);
  if (range === undefined) throw new PolicyProblem(`Invalid IP address in policy: ${wanted}`);
  return (value) => isInRange(range, value);
}

function binaryTest(wanted: string): Test {
  const bytes = Buffer.from(wanted, "base64");
  return (value) => Buffer.from(value, "base64").equals(bytes);
}

function booleanTest(wanted: string): Test {
  const expected = wanted.toLowerCase();
  return (value) => value.toLowerCase() === expected;
}

const operators = new Map<string, Operator>();

function define(name: string, negation: string | undefined, test: Operator["test"]): void {
  operators.set(name, { isNegated: false, test });
  if (negation !== undefined) operators.set(negation, { isNegated: true, test });
}

define("StringEquals", "StringNotEquals", textTest({ hasWildcards: false }));
define(
  "StringEqualsIgnoreCase",
  "StringNotEqualsIgnoreCase",
  textTest({ hasWildcards: false, ignoresCase: true }),
);
define("StringLike", "StringNotLike", textTest({ hasWildcards: true }));
for (const [kind, read] of [
  ["Numeric", numberOf],
  ["Date", timeOf],
] as const) {
  define(
    `${kind}Equals`,
    `${kind}NotEquals`,
    orderTest(read, (value, wanted) => value === wanted),
  );
  define(
    `${kind}LessThan`,
    undefined,
    orderTest(read, (value, wanted) => value < wanted),
  );
  define(
    `${kind}LessThanEquals`,
    undefined,
    orderTest(read, (value, wanted) => value <= wanted),
  );
  define(
    `${kind}GreaterThan`,
    undefined,
    orderTest(read, (value, wanted) => value > wanted),
  );
  define(
    `${kind}GreaterThanEquals`,
    undefined,
    orderTest(read, (value, wanted) => value >= wanted),
  );
}
define("Bool", undefined, booleanTest);
define("BinaryEquals", undefined, binaryTest);
define("IpAddress", "NotIpAddress", addressTest);
define("ArnEquals", "ArnNotEquals", arnTest);
define("ArnLike", "ArnNotLike", arnTest);
