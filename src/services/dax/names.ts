import type { Context } from "#kernel/context.ts";

const letters = /^[a-z][a-z0-9-]*$/i;

/**
 * The name as it is stored: in lower case. Letters, digits and hyphens, a letter first, no hyphen last or twice.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_dax_CreateCluster.html
 */
export function checkName(
  ctx: Context<"InvalidParameterValueException">,
  member: string,
  name: string,
  longest = 255,
): string {
  const isGood =
    name.length <= longest && letters.test(name) && !name.endsWith("-") && !name.includes("--");
  if (!isGood) {
    throw ctx.error(
      "InvalidParameterValueException",
      `The parameter ${member} must be 1 to ${longest} letters, digits or hyphens, begin with a letter, and must not end with a hyphen or contain two consecutive hyphens.`,
    );
  }
  return name.toLowerCase();
}
