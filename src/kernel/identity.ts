/** Who asks. Policies will be evaluated for this; until there are users and roles, everyone is an account's root. */
export interface Principal {
  /** "arn:aws:iam::000000000000:root", or "dynamodb.amazonaws.com" for a service. */
  readonly arn: string;
  readonly account: string;
  /** The unique id that STS GetCallerIdentity calls `UserId`: for root, the account. */
  readonly userId: string;
  readonly kind: "root" | "service";
}

const roots = new Map<string, Principal>();

/** The root of an account. */
export function rootOf(account: string): Principal {
  let root = roots.get(account);
  if (root === undefined) {
    root = { arn: `arn:aws:iam::${account}:root`, account, userId: account, kind: "root" };
    // Bounded: account ids come from access keys that anybody can write.
    if (roots.size >= 10_000) roots.clear();
    roots.set(account, root);
  }
  return root;
}

/** A service that calls another one on behalf of an account. */
export function serviceIn(account: string, service: string): Principal {
  const arn = `${service}.amazonaws.com`;
  return { arn, account, userId: arn, kind: "service" };
}
