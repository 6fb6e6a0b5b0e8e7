import type { CORSRule } from "#models/s3.ts";

/** What a browser asks of a bucket, before or with its real request. */
export interface CrossOriginAsk {
  readonly origin: string;
  readonly method: string;
  /** Lower case. */
  readonly headers: readonly string[];
}

/** The first rule that allows it all. */
export function ruleFor(rules: readonly CORSRule[], ask: CrossOriginAsk): CORSRule | undefined {
  return rules.find(
    ({ AllowedOrigins, AllowedMethods, AllowedHeaders = [] }) =>
      AllowedMethods.includes(ask.method) &&
      AllowedOrigins.some((each) => matches(each, ask.origin)) &&
      ask.headers.every((name) => AllowedHeaders.some((each) => matches(each.toLowerCase(), name))),
  );
}

/** The headers that tell a browser so. As recorded. */
export function headersOf(rule: CORSRule, ask: CrossOriginAsk): Record<string, string> {
  const headers: Record<string, string> = {
    "access-control-allow-methods": rule.AllowedMethods.join(", "),
    vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
  if (rule.AllowedOrigins.includes("*")) headers["access-control-allow-origin"] = "*";
  else {
    headers["access-control-allow-origin"] = ask.origin;
    headers["access-control-allow-credentials"] = "true";
  }
  if (ask.headers.length > 0) headers["access-control-allow-headers"] = ask.headers.join(", ");
  if (rule.ExposeHeaders !== undefined && rule.ExposeHeaders.length > 0) {
    headers["access-control-expose-headers"] = rule.ExposeHeaders.join(", ");
  }
  if (rule.MaxAgeSeconds !== undefined) {
    headers["access-control-max-age"] = String(rule.MaxAgeSeconds);
  }
  return headers;
}

/** One "*" in a pattern stands for any characters. */
function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === text;
  const before = pattern.slice(0, star);
  const after = pattern.slice(star + 1);
  return (
    text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after)
  );
}
