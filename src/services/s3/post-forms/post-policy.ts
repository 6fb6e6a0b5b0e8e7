import { s3Error } from "../errors.ts";

/*
 * What the maker of a form lets its users upload: a document, signed and sent along. Words as recorded.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */

export interface SizeRange {
  readonly least: number;
  readonly most: number;
}

type Condition = readonly [operator: string, name: string, value: string];

/** Fields that need no condition. */
const unconditioned: ReadonlySet<string> = new Set([
  "policy",
  "file",
  "awsaccesskeyid",
  "signature",
  "x-amz-signature",
  "x-amz-checksum-algorithm",
]);

/** Throws for fields that the policy does not let through. Answers which sizes it does. `fields`: names in lower case. */
export function checkPostPolicy(
  text: string,
  fields: ReadonlyMap<string, string>,
  nowMs: number,
): SizeRange | undefined {
  const { expiration, conditions } = parsePolicy(text);
  if (expiration <= nowMs) throw refusal("Policy expired.");
  let size: SizeRange | undefined;
  const named = new Set<string>();
  for (const [operator, name, value] of conditions) {
    const failed = (): Error =>
      refusal(`Policy Condition failed: ["${operator}", "${name}", "${value}"]`);
    if (operator === "content-length-range") {
      if (!/^\d+$/.test(name) || !/^\d+$/.test(value)) throw failed();
      size = { least: Number(name), most: Number(value) };
      continue;
    }
    const field = name.slice(1).toLowerCase();
    named.add(field);
    const given = fields.get(field) ?? "";
    const holds = operator === "eq" ? given === value : given.startsWith(value);
    if (!name.startsWith("$") || !holds) throw failed();
  }
  const extra = [...fields.keys()].filter(
    (name) => !named.has(name) && !unconditioned.has(name) && !name.startsWith("x-ignore-"),
  );
  // The bucket stands in the path as well, so a condition on it is optional.
  const refused = extra.filter((name) => name !== "bucket");
  if (refused.length > 0) throw refusal(`Extra input fields: ${refused.join(", ")}`);
  return size;
}

function parsePolicy(text: string): { expiration: number; conditions: Condition[] } {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(text, "base64").toString("utf8"));
  } catch {
    throw invalid("Invalid JSON.");
  }
  const { expiration, conditions } = Object(json) as Record<string, unknown>;
  if (expiration === undefined) throw invalid("Policy missing expiration.");
  const expirationMs = typeof expiration === "string" ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(expirationMs))
    throw invalid(`Invalid 'expiration' value: ${JSON.stringify(expiration)}`);
  if (!Array.isArray(conditions)) throw invalid("Policy missing conditions.");
  return { expiration: expirationMs, conditions: conditions.flatMap(conditionsOf) };
}

function conditionsOf(given: unknown): Condition[] {
  if (Array.isArray(given)) {
    const [operator, name, value] = given.map(String);
    const known = operator?.toLowerCase();
    const isKnown = known === "eq" || known === "starts-with" || known === "content-length-range";
    if (!isKnown || name === undefined || value === undefined) throw invalid("Invalid Condition.");
    return [[known, name, value]];
  }
  if (typeof given !== "object" || given === null) throw invalid("Invalid Condition.");
  return Object.entries(given).map(([name, value]) => ["eq", `$${name}`, String(value)]);
}

const refusal = (what: string): Error =>
  s3Error("AccessDenied", { message: `Invalid according to Policy: ${what}` });
const invalid = (what: string): Error =>
  s3Error("InvalidPolicyDocument", { message: `Invalid Policy: ${what}` });
