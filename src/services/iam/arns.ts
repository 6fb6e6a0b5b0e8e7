/** ARNs of IAM's own: no region, and the path before the name. */

export type ArnKind =
  | "user"
  | "group"
  | "role"
  | "policy"
  | "instance-profile"
  | "server-certificate";

export function arnOf(
  account: string,
  kind: ArnKind,
  { path = "/", name }: { readonly path?: string; readonly name: string },
): string {
  return `arn:aws:iam::${account}:${kind}${path}${name}`;
}

const arnForm = /^arn:aws:iam::(\d{12}|aws):([a-z-]+)(\/(?:.*\/)?)([^/]+)$/;

export interface NamedArn {
  /** "aws" for what AWS manages. */
  readonly account: string;
  readonly kind: string;
  readonly path: string;
  readonly name: string;
}

/** Undefined for what is no ARN of IAM's. */
export function parseArn(arn: string): NamedArn | undefined {
  const [, account, kind, path, name] = arnForm.exec(arn) ?? [];
  if (account === undefined || kind === undefined || path === undefined || name === undefined) {
    return undefined;
  }
  return { account, kind, path, name };
}
