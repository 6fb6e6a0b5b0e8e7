import type { Context } from "#kernel/context.ts";
import { aliasCodec } from "./alias-record.ts";
import { putAlias } from "./aliases.ts";
import { newKey, putKey } from "./keys.ts";
import { makeMaterial } from "./materials.ts";
import { aliasKey } from "./keyspace.ts";
import { parseKeyName } from "./open-key.ts";
import { firstRotation } from "./rotation.ts";

/*
 * Keys that AWS manages: one for each service, made when it is first needed. Users see them and cannot use them but
 * through the service. Source: KMS Developer Guide, concepts ("AWS managed keys"), aws-managed-policies of such keys.
 */

/** What the services are called that have such a key, and what their key's description calls them. */
const services: ReadonlyMap<string, string> = new Map([
  ["acm", "ACM"],
  ["backup", "AWS Backup"],
  ["dynamodb", "DynamoDB"],
  ["ebs", "EBS volumes"],
  ["elasticfilesystem", "EFS filesystems"],
  ["es", "OpenSearch Service"],
  ["glue", "Glue"],
  ["kinesis", "Kinesis streams"],
  ["kinesisvideo", "Kinesis Video streams"],
  ["lambda", "Lambda functions"],
  ["rds", "RDS databases"],
  ["redshift", "Redshift clusters"],
  ["s3", "S3 objects"],
  ["secretsmanager", "Secrets Manager secrets"],
  ["sns", "SNS topics"],
  ["sqs", "SQS queues"],
  ["ssm", "SSM parameters"],
  ["xray", "X-Ray traces"],
]);

/** Makes the AWS managed key that `text` names, if it is one that is missing and whoever asks brings it about. */
export async function withManagedKey(ctx: Context, text: string): Promise<void> {
  if (!text.includes("alias/aws/")) return;
  const { name, kind, account, region } = parseKeyName(text);
  const isHere = (account ?? ctx.account) === ctx.account && (region ?? ctx.region) === ctx.region;
  const service = name.slice("alias/aws/".length);
  const what = services.get(service);
  if (kind !== "alias" || !isHere || what === undefined) return;
  // Source: API reference, DescribeKey: it makes the key of a predefined alias.
  if (ctx.operation !== "DescribeKey" && ctx.caller.kind !== "service") return;
  const known = await ctx.read((snapshot) => snapshot.get(aliasKey(ctx, name)) !== undefined);
  if (known) return;
  const fresh = await makeMaterial(ctx, { kind: "bytes", length: 32 });
  const { key, material } = newKey(ctx, {
    id: ctx.random.uuid(),
    spec: "SYMMETRIC_DEFAULT",
    usage: "ENCRYPT_DECRYPT",
    origin: "AWS_KMS",
    manager: "AWS",
    fresh,
  });
  const description = `Default key that protects my ${what} when no other key is defined`;
  const policy = managedPolicy(ctx, service);
  await ctx.transact((tx) => {
    if (tx.record(aliasKey(ctx, name), aliasCodec) !== undefined) return;
    // Source: rotate-keys: AWS managed keys are rotated every year.
    const rotation = firstRotation(tx, ctx, key.id, 365);
    putKey(tx, ctx, { ...key, description, policy, rotation }, material);
    putAlias(tx, ctx, { name, keyId: key.id, createdAtMs: ctx.now(), updatedAtMs: ctx.now() });
  });
}

function managedPolicy({ account, region }: Context, service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Id: `auto-${service}-1`,
    Statement: [
      {
        Sid: `Allow access through ${service} for all principals in the account that are authorized to use it`,
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: [
          "kms:Encrypt",
          "kms:Decrypt",
          "kms:ReEncrypt*",
          "kms:GenerateDataKey*",
          "kms:CreateGrant",
          "kms:DescribeKey",
        ],
        Resource: "*",
        Condition: {
          StringEquals: {
            "kms:CallerAccount": account,
            "kms:ViaService": `${service}.${region}.amazonaws.com`,
          },
        },
      },
      {
        Sid: "Allow direct access to key metadata to the account",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        Resource: "*",
      },
    ],
  });
}
