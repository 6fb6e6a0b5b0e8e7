import type { Redirect, RoutingRule, WebsiteConfiguration } from "#models/s3.ts";

/*
 * Where a website sends its visitors on to.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html
 */

/** How the visitor came: what a redirect leaves out stays. */
export interface Visit {
  readonly protocol: "http" | "https";
  /** With its port. */
  readonly host: string;
}

export interface Redirection {
  readonly status: number;
  readonly location: string;
}

/** Of a website that is nothing but a redirect. */
export function redirectAll(
  { RedirectAllRequestsTo: to }: WebsiteConfiguration,
  { protocol }: Visit,
  path: string,
): Redirection | undefined {
  if (to === undefined) return undefined;
  return { status: 301, location: `${to.Protocol ?? protocol}://${to.HostName}${path}` };
}

/** By the first rule that fits. `error`: the status that the object's request ended with; undefined before it is made. */
export function redirectBy(
  rules: readonly RoutingRule[] | undefined,
  visit: Visit,
  key: string,
  error: number | undefined,
): Redirection | undefined {
  const rule = rules?.find(({ Condition: condition }) => {
    const { HttpErrorCodeReturnedEquals: code, KeyPrefixEquals: prefix = "" } = condition ?? {};
    const isTime = code === undefined ? error === undefined : Number(code) === error;
    return isTime && key.startsWith(prefix);
  });
  if (rule === undefined) return undefined;
  const { Protocol = visit.protocol, HostName = visit.host, HttpRedirectCode } = rule.Redirect;
  const target = replaced(key, rule.Redirect, rule.Condition?.KeyPrefixEquals ?? "");
  const path = target.split("/").map(encodeURIComponent).join("/");
  return { status: Number(HttpRedirectCode ?? 301), location: `${Protocol}://${HostName}/${path}` };
}

function replaced(key: string, redirect: Redirect, prefix: string): string {
  if (redirect.ReplaceKeyWith !== undefined) return redirect.ReplaceKeyWith;
  if (redirect.ReplaceKeyPrefixWith === undefined) return key;
  return redirect.ReplaceKeyPrefixWith + key.slice(prefix.length);
}
