import { nearest } from "#base/nearest.ts";
import { PageProblem } from "./page.ts";

/** What a member of a request's body may be: reads it, or says what it must be. */
export interface MemberKind<T> {
  readonly parse: (value: unknown) => T | undefined;
  /** What is allowed, to finish the sentence "... must be". */
  readonly allowed: string;
}

type Members<Kinds> = {
  readonly [Name in keyof Kinds]?: Kinds[Name] extends MemberKind<infer T> ? T : never;
};

/** Reads a JSON object with these members and no others: a word misspelt must not be a wish that nobody hears. */
export function membersOf<Kinds extends Readonly<Record<string, MemberKind<unknown>>>>(
  body: Buffer,
  kinds: Kinds,
): Members<Kinds> {
  const names = Object.keys(kinds);
  const read: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(objectOf(body))) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      const meant = nearest(name, names);
      const hint = meant === undefined ? `there are ${names.join(", ")}` : `did you mean ${meant}?`;
      throw new PageProblem(400, `there is no member ${JSON.stringify(name)}; ${hint}`);
    }
    if (value === null) continue;
    const parsed = kind.parse(value);
    if (parsed === undefined) {
      throw new PageProblem(400, `${name} must be ${kind.allowed}, not ${JSON.stringify(value)}`);
    }
    read[name] = parsed;
  }
  return read as Members<Kinds>;
}

function objectOf(body: Buffer): object {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
  } catch {
    throw new PageProblem(400, "the body must be JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new PageProblem(400, "the body must be one JSON object");
  }
  return value;
}

export function text<T>(parse: (value: string) => T | undefined, allowed: string): MemberKind<T> {
  return { parse: (value) => (typeof value === "string" ? parse(value) : undefined), allowed };
}

export const flag: MemberKind<boolean> = {
  parse: (value) => (typeof value === "boolean" ? value : undefined),
  allowed: "true or false",
};
