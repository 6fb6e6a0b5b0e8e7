import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { GetRandomPasswordRequest, SecretsManager } from "#models/secretsmanager.ts";

/** Source: API reference, GetRandomPassword. */
const lowercase = "abcdefghijklmnopqrstuvwxyz";
const uppercase = lowercase.toUpperCase();
const numbers = "0123456789";
const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const defaultLength = 32;

export const randomPassword = {
  GetRandomPassword(ctx, input) {
    const length = input.PasswordLength ?? defaultLength;
    const kinds = kindsOf(input);
    const all = kinds.join("");
    if (all === "") {
      throw ctx.error("InvalidRequestException", "All characters of the password are excluded.");
    }
    const required = input.RequireEachIncludedType === false ? [] : kinds;
    if (required.length > length) {
      throw ctx.error(
        "InvalidParameterException",
        `PasswordLength ${length} is too short for the required types of characters.`,
      );
    }
    const chosen = required.map((kind) => pick(ctx, kind));
    while (chosen.length < length) chosen.push(pick(ctx, all));
    return { RandomPassword: shuffled(ctx, chosen).join("") };
  },
} satisfies Handlers<SecretsManager>;

function kindsOf(input: GetRandomPasswordRequest): string[] {
  const excluded = new Set(input.ExcludeCharacters);
  const kinds = [
    input.ExcludeLowercase === true ? "" : lowercase,
    input.ExcludeUppercase === true ? "" : uppercase,
    input.ExcludeNumbers === true ? "" : numbers,
    input.ExcludePunctuation === true ? "" : punctuation,
    input.IncludeSpace === true ? " " : "",
  ];
  return kinds
    .map((kind) =>
      Array.from(kind)
        .filter((character) => !excluded.has(character))
        .join(""),
    )
    .filter((kind) => kind !== "");
}

/** Each as likely as the others. */
function below(ctx: Context, bound: number): number {
  const limit = 65_536 - (65_536 % bound);
  for (;;) {
    const number = ctx.random.bytes(2).readUInt16BE();
    if (number < limit) return number % bound;
  }
}

const pick = (ctx: Context, characters: string): string =>
  characters[below(ctx, characters.length)]!;

function shuffled(ctx: Context, characters: readonly string[]): string[] {
  const mixed = [...characters];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = below(ctx, last + 1);
    [mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!];
  }
  return mixed;
}
