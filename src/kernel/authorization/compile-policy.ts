import { compileCondition, type Condition } from "./conditions.ts";
import {
  parsePolicyDocument,
  PolicyProblem,
  type Listed,
  type PolicyKind,
  type Statement,
} from "./policy-document.ts";
import { textPattern, type TextPattern } from "./policy-text.ts";
import { compilePrincipals, type PrincipalMatcher } from "./principals.ts";
import { emptyContext, type RequestContext } from "./request-context.ts";

/** A document made ready for questions. Compiled once, asked for each request. */
export interface CompiledPolicy {
  /** How explanations name it: an ARN, or the name of an inline policy. */
  readonly name: string;
  readonly statements: readonly CompiledStatement[];
  /** Those that can concern actions of the service, by its prefix in lower case. */
  statementsOn(service: string): readonly CompiledStatement[];
}

export interface CompiledStatement {
  readonly sid: string | undefined;
  /** Counted from 0 in its document. */
  readonly position: number;
  readonly effect: "Allow" | "Deny";
  /** `action`: in lower case. */
  matchesAction(action: string): boolean;
  matchesResource(resource: string, context: RequestContext): boolean;
  readonly conditions: readonly Condition[];
  /** The keys that the conditions ask for, in lower case, and how they ask. */
  readonly conditionKeys: ReadonlyMap<string, readonly string[]>;
  readonly principals: PrincipalMatcher | undefined;
  readonly source: Statement;
}

/** Throws a `PolicyProblem` for a document that is none. */
export function compilePolicy(text: string, kind: PolicyKind, name: string): CompiledPolicy {
  const { version, statements } = parsePolicyDocument(text, kind);
  const hasVariables = version === "2012-10-17";
  const compiled = statements.map((statement, position) =>
    compileStatement(statement, position, hasVariables),
  );
  // A policy for many services has few statements for each; there are only so many services.
  const byService = new Map<string, readonly CompiledStatement[]>();
  return {
    name,
    statements: compiled,
    statementsOn(service) {
      let found = byService.get(service);
      if (found === undefined) {
        found = compiled.filter(({ source }) => canConcern(source, service));
        if (byService.size >= servicesKept) byService.clear();
        byService.set(service, found);
      }
      return found;
    },
  };
}

const servicesKept = 500;

function canConcern({ actions }: Statement, service: string): boolean {
  return (
    actions.isNegated ||
    actions.values.some((action) => {
      const [vendor = ""] = action.split(":");
      return vendor.includes("*") || vendor.toLowerCase() === service;
    })
  );
}

function compileStatement(
  statement: Statement,
  position: number,
  hasVariables: boolean,
): CompiledStatement {
  const { sid, effect, principals, conditions } = statement;
  const conditionKeys = new Map<string, string[]>();
  for (const { key, operator } of conditions) {
    const name = key.toLowerCase();
    conditionKeys.set(name, [...(conditionKeys.get(name) ?? []), operator]);
  }
  return {
    sid,
    position,
    effect,
    matchesAction: actionMatcher(statement.actions),
    matchesResource: resourceMatcher(statement.resources, hasVariables),
    conditions: conditions.map((condition) => compileCondition(condition, hasVariables)),
    conditionKeys,
    principals: principals && compilePrincipals(principals),
    source: statement,
  };
}

/** Actions are not sensitive to case. Most have no wildcard: those are looked up. */
function actionMatcher({ isNegated, values }: Listed): (action: string) => boolean {
  const exact = new Set<string>();
  const patterns: TextPattern[] = [];
  for (const value of values) {
    const action = value.toLowerCase();
    if (/[*?]/.test(action)) {
      patterns.push(textPattern(action, { hasVariables: false, hasWildcards: true }));
    } else {
      exact.add(action);
    }
  }
  return (action) => {
    const isListed =
      exact.has(action) || patterns.some((pattern) => pattern.matches(action, emptyContext));
    return isListed !== isNegated;
  };
}

function resourceMatcher(
  listed: Listed | undefined,
  hasVariables: boolean,
): CompiledStatement["matchesResource"] {
  if (listed === undefined) return () => true;
  const { isNegated, values } = listed;
  const patterns = values.map((value) =>
    textPattern(value, { hasVariables, hasWildcards: true, isArn: true }),
  );
  return (resource, context) => {
    for (const pattern of patterns) if (pattern.matches(resource, context)) return !isNegated;
    return isNegated;
  };
}

/** What a document comes to: the policy, or what is wrong with it. */
type Compiled = CompiledPolicy | PolicyProblem;

/** Compiled documents by their text, the least recently used ones forgotten: policies change rarely. */
export class PolicyCache {
  readonly #atMost: number;
  readonly #known = new Map<string, Compiled>();

  constructor(atMost = 5_000) {
    this.#atMost = atMost;
  }

  get(text: string, kind: PolicyKind, name: string): CompiledPolicy {
    const key = `${kind} ${name} ${text}`;
    let compiled = this.#known.get(key);
    if (compiled === undefined) {
      compiled = compiledOrProblem(text, kind, name);
      if (this.#known.size >= this.#atMost) this.#known.delete(this.#known.keys().next().value!);
    } else {
      this.#known.delete(key);
    }
    this.#known.set(key, compiled);
    if (compiled instanceof PolicyProblem) throw compiled;
    return compiled;
  }
}

function compiledOrProblem(text: string, kind: PolicyKind, name: string): Compiled {
  try {
    return compilePolicy(text, kind, name);
  } catch (problem) {
    if (problem instanceof PolicyProblem) return problem;
    throw problem;
  }
}
