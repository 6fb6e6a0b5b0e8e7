import type {
  FoundAccess,
  KnownResource,
  Need,
  OperationAccess,
  ServiceAccess,
} from "#kernel/authorization/access.ts";
import { contextOf } from "#kernel/authorization/request-context.ts";
import type { Context } from "#kernel/context.ts";
import type { Tag } from "#models/secretsmanager.ts";
import type { Snapshot } from "#store/store.ts";
import { findSecret } from "./open-secret.ts";

/*
 * What each operation needs to be allowed. Source: Service Authorization Reference, "Actions, resources, and condition
 * keys for AWS Secrets Manager". Secrets are named by name or ARN; policies speak of ARNs with six characters at the end.
 */

type Input = Readonly<Record<string, unknown>>;

const resourceOf = (secretId: unknown): string => {
  const text = typeof secretId === "string" ? secretId : "*";
  return text.startsWith("arn:") || text === "*" ? text : `secret:${text}`;
};

function onSecret(action: string): OperationAccess {
  const rules = (input: Input): FoundAccess[] => [
    { action: `secretsmanager:${action}`, resource: resourceOf(input["SecretId"]), input },
  ];
  return { rules, isCrossAccount: true };
}

const onAll = (action: string): OperationAccess => ({
  rules: [{ action: `secretsmanager:${action}`, resource: "*" }],
});

const creating: OperationAccess = {
  rules: (input: Input): FoundAccess[] => {
    const resource = resourceOf(input["Name"]);
    const create = { action: "secretsmanager:CreateSecret", resource, input };
    const tagging = { action: "secretsmanager:TagResource", resource, input };
    return input["Tags"] === undefined ? [create] : [create, tagging];
  },
};

const batch: OperationAccess = {
  rules: (input: Input): FoundAccess[] => [
    { action: "secretsmanager:BatchGetSecretValue", resource: "*", input },
    ...((input["SecretIdList"] as string[] | undefined) ?? ["*"]).map((SecretId) => ({
      action: "secretsmanager:GetSecretValue",
      resource: resourceOf(SecretId),
      input: { SecretId },
    })),
  ],
};

export const secretsManagerAccess: ServiceAccess = {
  resource: knownSecret,
  operations: {
    CreateSecret: creating,
    BatchGetSecretValue: batch,
    ListSecrets: onAll("ListSecrets"),
    GetRandomPassword: onAll("GetRandomPassword"),
    ...Object.fromEntries(
      [
        "CancelRotateSecret",
        "DeleteResourcePolicy",
        "DeleteSecret",
        "DescribeSecret",
        "GetResourcePolicy",
        "GetSecretValue",
        "ListSecretVersionIds",
        "PutResourcePolicy",
        "PutSecretValue",
        "RemoveRegionsFromReplication",
        "ReplicateSecretToRegions",
        "RestoreSecret",
        "RotateSecret",
        "StopReplicationToReplica",
        "TagResource",
        "UntagResource",
        "UpdateSecret",
        "UpdateSecretVersionStage",
        "ValidateResourcePolicy",
      ].map((action) => [action, onSecret(action)]),
    ),
  },
};

/** The policy that speaks for a secret, and keys for conditions. */
function knownSecret(snapshot: Snapshot, ctx: Context, need: Need): KnownResource {
  const given = need.input;
  const tags = (given["Tags"] ?? []) as readonly Tag[];
  const id = (given["SecretId"] ?? given["Name"]) as string | undefined;
  const secret = id === undefined ? undefined : findSecret(snapshot, ctx, id);
  const text = (name: string): string | undefined => {
    const value = given[name];
    if (typeof value === "string") return value;
    return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
  };
  const keys = contextOf({
    "secretsmanager:SecretId": secret?.arn,
    "secretsmanager:Name": text("Name"),
    "secretsmanager:Description": text("Description"),
    "secretsmanager:KmsKeyId": text("KmsKeyId"),
    "secretsmanager:VersionId": text("VersionId"),
    "secretsmanager:VersionStage": text("VersionStage"),
    "secretsmanager:RecoveryWindowInDays": text("RecoveryWindowInDays"),
    "secretsmanager:ForceDeleteWithoutRecovery": text("ForceDeleteWithoutRecovery"),
    "secretsmanager:BlockPublicPolicy": text("BlockPublicPolicy"),
    ...ofTags("aws:ResourceTag", secret?.tags ?? []),
    ...ofTags("secretsmanager:ResourceTag", secret?.tags ?? []),
    ...ofTags("aws:RequestTag", tags),
    "aws:TagKeys": tags.length === 0 ? undefined : tags.map(({ Key = "" }) => Key),
  });
  return { policy: secret?.policy, resource: secret?.arn, keys };
}

function ofTags(prefix: string, tags: readonly Tag[]): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key, Value = "" }) => [`${prefix}/${Key}`, Value]));
}
