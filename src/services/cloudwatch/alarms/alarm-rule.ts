import type { StateValue } from "#models/cloudwatch.ts";

/*
 * Rules of composite alarms: ALARM("one") AND (OK(two) OR NOT INSUFFICIENT_DATA("three")). Source: API reference,
 * PutCompositeAlarm, AlarmRule.
 */

export type AlarmRule =
  | { readonly kind: "constant"; readonly holds: boolean }
  | { readonly kind: "state"; readonly state: StateValue; readonly alarm: string }
  | { readonly kind: "not"; readonly of: AlarmRule }
  | { readonly kind: "and" | "or"; readonly parts: readonly AlarmRule[] }
  /** At least so many of the alarms are in the state. */
  | {
      readonly kind: "atLeast";
      readonly count: number;
      readonly isPercentage: boolean;
      readonly state: StateValue;
      readonly isNot: boolean;
      readonly alarms: readonly string[];
    };

/** What is wrong with a rule, in words for its author. */
export class RuleProblem extends Error {
  override name = "RuleProblem";
}

/** Source: API reference, PutCompositeAlarm: as many alarms and elements as one rule may have. */
const alarmsAtMost = 100;
const elementsAtMost = 500;

const tokenPattern = /\s*(?:"((?:[^"\\]|\\.)*)"|([(),])|([^\s(),"]+))/y;

interface Token {
  readonly text: string;
  readonly isQuoted: boolean;
}

export function parseAlarmRule(text: string): AlarmRule {
  const parser = new RuleParser(tokensOf(text));
  const rule = parser.either();
  parser.end();
  if (new Set(alarmsIn(rule)).size > alarmsAtMost) {
    throw new RuleProblem(`A rule can name at most ${alarmsAtMost} alarms`);
  }
  return rule;
}

/** The names of the alarms that a rule looks at, once for each time. */
export function alarmsIn(rule: AlarmRule): string[] {
  switch (rule.kind) {
    case "constant":
      return [];
    case "state":
      return [rule.alarm];
    case "not":
      return alarmsIn(rule.of);
    case "atLeast":
      return [...rule.alarms];
    default:
      return rule.parts.flatMap(alarmsIn);
  }
}

/** `stateOf`: undefined for an alarm that does not exist. */
export function ruleHolds(
  rule: AlarmRule,
  stateOf: (alarm: string) => StateValue | undefined,
): boolean {
  switch (rule.kind) {
    case "constant":
      return rule.holds;
    case "state":
      return stateOf(rule.alarm) === rule.state;
    case "not":
      return !ruleHolds(rule.of, stateOf);
    case "and":
      return rule.parts.every((part) => ruleHolds(part, stateOf));
    case "or":
      return rule.parts.some((part) => ruleHolds(part, stateOf));
    case "atLeast": {
      const fitting = rule.alarms.filter(
        (alarm) => (stateOf(alarm) === rule.state) !== rule.isNot,
      ).length;
      const needed = rule.isPercentage ? (rule.count / 100) * rule.alarms.length : rule.count;
      return fitting >= needed;
    }
  }
}

/** An alarm is named or given by its ARN. */
export function alarmNameOf(nameOrArn: string): string {
  const [, name] = /^arn:[^:]*:cloudwatch:[^:]*:[^:]*:alarm:(.+)$/s.exec(nameOrArn) ?? [];
  return name ?? nameOrArn;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(tokenPattern);
  const end = text.trimEnd().length;
  while (pattern.lastIndex < end) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new RuleProblem(`Syntax error at position ${at + 1}`);
    const [, quoted, sign, word] = match;
    const isQuoted = quoted !== undefined;
    tokens.push({ isQuoted, text: quoted?.replaceAll(/\\(.)/g, "$1") ?? sign ?? word! });
    if (tokens.length > elementsAtMost * 4) throw new RuleProblem("The rule is too long");
  }
  return tokens;
}

const states: ReadonlySet<string> = new Set(["OK", "ALARM", "INSUFFICIENT_DATA"]);

class RuleParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  end(): void {
    const left = this.#tokens[this.#at];
    if (left !== undefined) throw new RuleProblem(`Syntax error at '${left.text}'`);
  }

  either(): AlarmRule {
    const parts = [this.#both()];
    while (this.#take("OR")) parts.push(this.#both());
    return parts.length === 1 ? parts[0]! : { kind: "or", parts };
  }

  #both(): AlarmRule {
    const parts = [this.#part()];
    while (this.#take("AND")) parts.push(this.#part());
    return parts.length === 1 ? parts[0]! : { kind: "and", parts };
  }

  #part(): AlarmRule {
    this.#depth += 1;
    if (this.#depth > 100) throw new RuleProblem("The rule is nested too deeply");
    try {
      return this.#readPart();
    } finally {
      this.#depth -= 1;
    }
  }

  #readPart(): AlarmRule {
    if (this.#take("NOT")) return { kind: "not", of: this.#part() };
    if (this.#take("(")) {
      const inner = this.either();
      this.#expect(")");
      return inner;
    }
    const word = this.#word();
    if (word === "TRUE" || word === "FALSE") return { kind: "constant", holds: word === "TRUE" };
    if (word === "AT_LEAST") return this.#atLeast();
    if (!states.has(word)) throw new RuleProblem(`Syntax error at '${word}'`);
    this.#expect("(");
    const alarm = alarmNameOf(this.#name());
    this.#expect(")");
    return { kind: "state", state: word as StateValue, alarm };
  }

  /** AT_LEAST(2, ALARM, (one, two, three)), AT_LEAST(50%, NOT OK, (...)) */
  #atLeast(): AlarmRule {
    this.#expect("(");
    const [, digits, percent] = /^(\d+)(%?)$/.exec(this.#word()) ?? [];
    if (digits === undefined) throw new RuleProblem("AT_LEAST needs a number or a percentage");
    this.#expect(",");
    const isNot = this.#take("NOT");
    const state = this.#word();
    if (!states.has(state)) throw new RuleProblem(`Syntax error at '${state}'`);
    this.#expect(",");
    this.#expect("(");
    const alarms = [alarmNameOf(this.#name())];
    while (this.#take(",")) alarms.push(alarmNameOf(this.#name()));
    this.#expect(")");
    this.#expect(")");
    const isPercentage = percent === "%";
    return {
      kind: "atLeast",
      count: Number(digits),
      isPercentage,
      state: state as StateValue,
      isNot,
      alarms,
    };
  }

  #word(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new RuleProblem("The rule ends too early");
    if (token.isQuoted) throw new RuleProblem(`Syntax error at '${token.text}'`);
    this.#at += 1;
    return token.text;
  }

  /** In quotes or not; without them names may have no spaces. */
  #name(): string {
    const token = this.#tokens[this.#at];
    const isName = token !== undefined && (token.isQuoted || !/^[(),]$/.test(token.text));
    if (!isName) throw new RuleProblem("The name of an alarm is missing");
    this.#at += 1;
    return token.text;
  }

  #take(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.isQuoted || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new RuleProblem(`Syntax error: '${text}' expected`);
  }
}
