import { parseAddressRange } from "#kernel/authorization/ip-ranges.ts";
import {
  parsePolicyDocument,
  type ConditionElement,
  type Statement,
} from "#kernel/authorization/policy-document.ts";

/*
 * Whether a bucket's policy is public: whether any of its Allows reaches whoever asks. Fixed values of these keys make
 * a statement that names everybody one that does not.
 * Source: Amazon S3 User Guide, access-control-block-public-access, "The meaning of public".
 */
const fixingKeys: ReadonlySet<string> = new Set([
  "aws:sourcearn",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:sourceowner",
  "aws:sourceaccount",
  "aws:sourceip",
  "aws:userid",
  "aws:principalorgid",
  "aws:principalarn",
  "aws:principalaccount",
  "s3:x-amz-server-side-encryption-aws-kms-key-id",
  "s3:dataaccesspointarn",
  "s3:dataaccesspointaccount",
]);

export function isPublicPolicy(text: string): boolean {
  return parsePolicyDocument(text, "resource").statements.some(isPublicStatement);
}

function isPublicStatement({ effect, principals, conditions }: Statement): boolean {
  if (effect !== "Allow" || principals?.byType.get("AWS")?.includes("*") !== true) return false;
  return !conditions.some(fixes);
}

function fixes({ operator, key, values }: ConditionElement): boolean {
  const name = key.toLowerCase();
  if (!fixingKeys.has(name) || /Not|IfExists|Null/i.test(operator)) return false;
  if (name === "aws:sourceip") return values.every(isNarrow);
  // An account point's ARN may end in a wildcard, as long as it names the account.
  if (name === "s3:dataaccesspointarn") return values.every((value) => /:\d{12}:/.test(value));
  return values.every((value) => !/[*?]|\$\{/.test(value));
}

/** Ranges of more than a /8 (or /32 of IPv6) are as good as everybody. */
function isNarrow(value: string): boolean {
  if (parseAddressRange(value) === undefined) return false;
  const bits = value.split("/")[1];
  return bits === undefined || Number(bits) >= (value.includes(":") ? 32 : 8);
}
