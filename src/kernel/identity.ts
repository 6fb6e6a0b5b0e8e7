/** Who asks: what policies are evaluated for. */
export interface Principal {
  /**
   * "arn:aws:iam::000000000000:root", ".../user/path/name", "arn:aws:sts::000000000000:assumed-role/role/session",
   * "arn:aws:sts::000000000000:federated-user/name"; of a service, its name: "dynamodb.amazonaws.com".
   */
  readonly arn: string;
  readonly account: string;
  /** The unique id that STS GetCallerIdentity calls `UserId`: for root, the account; "AROA...:session" for a session. */
  readonly userId: string;
  readonly kind: "root" | "user" | "role-session" | "federated" | "service" | "anonymous";
  /** The long-term key that was used, if it is IAM's. */
  readonly accessKeyId?: string;
  /** Of a role's session, the role's ARN with its path; of a federated user, the ARN of the user who vouched. */
  readonly issuerArn?: string;
  /** The tags of the user or role, and those of the session. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly sourceIdentity?: string;
  /** "cognito-identity.amazonaws.com", or the ARN of a provider. */
  readonly federatedProvider?: string;
  /** What the provider told of it, for conditions: by key in lower case, "accounts.google.com:sub". */
  readonly federationKeys?: Readonly<Record<string, string | readonly string[]>>;
  /** Of temporary credentials: when they were issued, and what limits them beside the policies of whom they stand for. */
  readonly session?: PrincipalSession;
  /** Undefined with long-term keys: the request then says nothing of it. */
  readonly hasMultiFactor?: boolean;
}

export interface PrincipalSession {
  /** Milliseconds since 1970. */
  readonly issuedAtMs: number;
  /** Undefined where the session was given no policies of its own. */
  readonly policies?: readonly string[] | undefined;
  /** ARNs of managed policies that limit the session as well. */
  readonly policyArns?: readonly string[] | undefined;
  /** Of the tags, those that further sessions inherit. */
  readonly transitiveTagKeys?: readonly string[] | undefined;
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

/** Who signs nothing, where that is allowed: in no account. */
export const anonymous: Principal = {
  arn: "anonymous",
  account: "anonymous",
  userId: "anonymous",
  kind: "anonymous",
};

/** A service that calls another one on behalf of an account. */
export function serviceIn(account: string, service: string): Principal {
  const arn = `${service}.amazonaws.com`;
  return { arn, account, userId: arn, kind: "service" };
}
