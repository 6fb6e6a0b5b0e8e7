import type { Principal } from "../../identity.ts";

/*
 * Whom a resource's policy reaches. The policy has one statement for everything on the account's resource; the caller
 * has no policies of its own. Derived from the pages of the IAM User Guide that each group names.
 */

export const own = "123456789012";
export const other = "444455556666";

const roots = (account: string): Principal => ({
  arn: `arn:aws:iam::${account}:root`,
  account,
  userId: account,
  kind: "root",
});

export const callers = {
  root: roots(own),
  bob: {
    arn: `arn:aws:iam::${own}:user/Bob`,
    account: own,
    userId: "AIDAEXAMPLEBOB0000001",
    kind: "user",
  },
  session: {
    arn: `arn:aws:sts::${own}:assumed-role/Admin/first`,
    account: own,
    userId: "AROAEXAMPLEADMIN00001:first",
    kind: "role-session",
    issuerArn: `arn:aws:iam::${own}:role/path/Admin`,
  },
  federated: {
    arn: `arn:aws:sts::${own}:federated-user/Bob`,
    account: own,
    userId: `${own}:Bob`,
    kind: "federated",
    issuerArn: `arn:aws:iam::${own}:user/Broker`,
  },
  stranger: roots(other),
  strangerUser: {
    arn: `arn:aws:iam::${other}:user/Eve`,
    account: other,
    userId: "AIDAEXAMPLEEVE0000001",
    kind: "user",
  },
  service: { arn: "sns.amazonaws.com", account: own, userId: "sns.amazonaws.com", kind: "service" },
  anonymous: { arn: "*", account: "anonymous", userId: "anonymous", kind: "anonymous" },
  web: {
    arn: "cognito-identity.amazonaws.com",
    account: "anonymous",
    userId: "us-east-1:1234",
    kind: "anonymous",
    federatedProvider: "cognito-identity.amazonaws.com",
  },
} as const satisfies Record<string, Principal>;

export type CallerName = keyof typeof callers;

type Element = string | Readonly<Record<string, string | readonly string[]>>;

/** What the statement says (a Not form in front), who calls, and the decision. */
export type PrincipalCase = readonly [
  statement: "Allow" | "Deny" | "Deny Not",
  element: Element,
  caller: CallerName,
  decision: "allow" | "explicitDeny" | "implicitDeny",
];

const arn = (rest: string): string => `arn:aws:iam::${own}:${rest}`;

export const principalCases: Readonly<Record<string, readonly PrincipalCase[]>> = {
  // "AWS account principals": the account may then allow its own.
  "reference_policies_elements_principal#principal-accounts": [
    ["Allow", { AWS: own }, "root", "allow"],
    ["Allow", { AWS: arn("root") }, "root", "allow"],
    ["Allow", { AWS: own }, "bob", "implicitDeny"],
    ["Allow", { AWS: arn("root") }, "session", "implicitDeny"],
    ["Allow", { AWS: other }, "stranger", "allow"],
    ["Allow", { AWS: `arn:aws:iam::${other}:root` }, "stranger", "allow"],
    ["Allow", { AWS: other }, "strangerUser", "implicitDeny"],
    ["Allow", { AWS: other }, "bob", "implicitDeny"],
    ["Allow", { AWS: ["111122223333", other] }, "stranger", "allow"],
    ["Allow", { AWS: "111122223333" }, "stranger", "implicitDeny"],
    ["Deny", { AWS: own }, "bob", "explicitDeny"],
    ["Deny", { AWS: own }, "session", "explicitDeny"],
    ["Deny", { AWS: own }, "root", "explicitDeny"],
    ["Deny", { AWS: other }, "stranger", "explicitDeny"],
    ["Deny", { AWS: other }, "root", "allow"],
  ],
  // "IAM role principals" and "Role session principals"
  "reference_policies_elements_principal#principal-roles": [
    ["Allow", { AWS: arn("role/path/Admin") }, "session", "allow"],
    ["Allow", { AWS: arn("role/Other") }, "session", "implicitDeny"],
    ["Allow", { AWS: "AROAEXAMPLEADMIN00001" }, "session", "allow"],
    ["Allow", { AWS: `arn:aws:sts::${own}:assumed-role/Admin/first` }, "session", "allow"],
    ["Allow", { AWS: `arn:aws:sts::${own}:assumed-role/Admin/second` }, "session", "implicitDeny"],
    ["Deny", { AWS: arn("role/path/Admin") }, "session", "explicitDeny"],
    ["Deny", { AWS: `arn:aws:sts::${own}:assumed-role/Admin/first` }, "session", "explicitDeny"],
  ],
  // "IAM user principals" and "AWS STS federated user session principals"
  "reference_policies_elements_principal#principal-users": [
    ["Allow", { AWS: arn("user/Bob") }, "bob", "allow"],
    ["Allow", { AWS: arn("user/bob") }, "bob", "implicitDeny"],
    ["Allow", { AWS: "AIDAEXAMPLEBOB0000001" }, "bob", "allow"],
    ["Allow", { AWS: arn("user/Bob") }, "federated", "implicitDeny"],
    ["Allow", { AWS: `arn:aws:sts::${own}:federated-user/Bob` }, "federated", "allow"],
    ["Allow", { AWS: arn("user/Broker") }, "federated", "allow"],
    ["Allow", { AWS: `arn:aws:iam::${other}:user/Eve` }, "strangerUser", "implicitDeny"],
    ["Deny", { AWS: arn("user/Bob") }, "bob", "explicitDeny"],
    ["Deny", { AWS: arn("user/Bob") }, "root", "allow"],
  ],
  // "AWS service principals" and "Web identity principals"
  "reference_policies_elements_principal#principal-services": [
    ["Allow", { Service: "sns.amazonaws.com" }, "service", "allow"],
    ["Allow", { Service: "sqs.amazonaws.com" }, "service", "implicitDeny"],
    ["Allow", { Service: ["sqs.amazonaws.com", "sns.amazonaws.com"] }, "service", "allow"],
    ["Allow", { AWS: own }, "service", "implicitDeny"],
    ["Allow", { Service: "sns.amazonaws.com" }, "bob", "implicitDeny"],
    ["Deny", { Service: "sns.amazonaws.com" }, "service", "explicitDeny"],
    ["Allow", { Federated: "cognito-identity.amazonaws.com" }, "web", "allow"],
    ["Allow", { Federated: "accounts.google.com" }, "web", "implicitDeny"],
  ],
  // "All principals"
  "reference_policies_elements_principal#principal-anonymous": [
    ["Allow", "*", "bob", "allow"],
    ["Allow", "*", "session", "allow"],
    ["Allow", { AWS: "*" }, "bob", "allow"],
    ["Allow", "*", "stranger", "allow"],
    ["Allow", "*", "strangerUser", "implicitDeny"],
    ["Allow", "*", "anonymous", "allow"],
    ["Allow", { AWS: own }, "anonymous", "implicitDeny"],
    ["Deny", "*", "root", "explicitDeny"],
    ["Deny", "*", "anonymous", "explicitDeny"],
  ],
  // Every form of the principal has to be named.
  reference_policies_elements_notprincipal: [
    ["Deny Not", { AWS: [arn("user/Bob"), arn("root")] }, "bob", "implicitDeny"],
    ["Deny Not", { AWS: [arn("user/Bob"), arn("root")] }, "session", "explicitDeny"],
    ["Deny Not", { AWS: [arn("user/Bob"), arn("root")] }, "root", "allow"],
    ["Deny Not", { AWS: arn("user/Bob") }, "bob", "explicitDeny"],
    ["Deny Not", { AWS: arn("root") }, "bob", "explicitDeny"],
    [
      "Deny Not",
      {
        AWS: [`arn:aws:sts::${own}:assumed-role/Admin/first`, arn("role/path/Admin"), arn("root")],
      },
      "session",
      "implicitDeny",
    ],
    ["Deny Not", { AWS: [arn("role/path/Admin"), arn("root")] }, "session", "explicitDeny"],
    ["Deny Not", { AWS: [arn("user/Bob"), own] }, "stranger", "explicitDeny"],
    ["Deny Not", { Service: "sns.amazonaws.com" }, "service", "implicitDeny"],
    ["Deny Not", { Service: "sns.amazonaws.com" }, "root", "explicitDeny"],
  ],
};
