import {
  parsePolicyDocument,
  PolicyProblem,
  type PolicyDocument,
} from "#kernel/authorization/policy-document.ts";
import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { arnOfBucket, bucketCodec } from "../bucket-record.ts";
import { BucketSetting } from "../bucket-settings.ts";
import { s3Error } from "../errors.ts";
import { bucketKey } from "../keyspace.ts";
import { openBucket } from "../open-bucket.ts";
import { isPublicAcl } from "./acl.ts";
import { grantsOfBucket, obeysLists } from "./ownership-controls.ts";
import { isPublicPolicy } from "./public-policies.ts";
import { effectiveBlock } from "./public-access-block.ts";
import { publicRefusal } from "./refusals.ts";

/** The document as it was put. */
export const bucketPolicy = new BucketSetting<string>("policy");

/** Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html */
const longestBytes = 20 * 1024;

export const bucketPolicies = {
  async GetBucketPolicy(ctx, input) {
    const policy = await ctx.read((snapshot) =>
      bucketPolicy.read(snapshot, ctx, openBucket(snapshot, ctx, input)),
    );
    if (policy === undefined) throw noPolicy(input.Bucket);
    return { Policy: policy };
  },

  async PutBucketPolicy(ctx, input) {
    const { Policy: policy = "" } = input;
    checkPolicy(policy, input.Bucket);
    const isPublic = isPublicPolicy(policy);
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      if (isPublic && effectiveBlock(tx, ctx, bucket).BlockPublicPolicy) {
        throw publicRefusal(ctx, "PutBucketPolicy", bucket.name, "BlockPublicPolicy");
      }
      bucketPolicy.put(tx, ctx, bucket, policy);
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, { ...bucket, hasPolicy: true });
    });
  },

  async DeleteBucketPolicy(ctx, input) {
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      bucketPolicy.delete(tx, ctx, bucket);
      const { hasPolicy: _, ...without } = bucket;
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, without);
    });
  },

  async GetBucketPolicyStatus(ctx, input) {
    const isPublic = await ctx.read((snapshot) => {
      const bucket = openBucket(snapshot, ctx, input);
      const policy = bucketPolicy.read(snapshot, ctx, bucket);
      if (policy === undefined) throw noPolicy(input.Bucket);
      const block = effectiveBlock(snapshot, ctx, bucket);
      const byList = obeysLists(bucket) && isPublicAcl(grantsOfBucket(snapshot, ctx, bucket));
      return (
        (isPublicPolicy(policy) && !block.RestrictPublicBuckets) ||
        (byList && !block.IgnorePublicAcls)
      );
    });
    return { PolicyStatus: { IsPublic: isPublic } };
  },
} satisfies Handlers<S3>;

const noPolicy = (name: string): Error =>
  s3Error("NoSuchBucketPolicy", { members: { BucketName: name } });

const malformed = (message: string): Error => s3Error("MalformedPolicy", { message });

/** Words as recorded, or as https://repost.aws/knowledge-center/s3-access-denied-bucket-policy and its like quote them. */
function checkPolicy(text: string, bucket: string): void {
  if (!text.startsWith("{")) throw s3Error("MalformedPolicy");
  if (Buffer.byteLength(text) > longestBytes) {
    throw s3Error("PolicyTooLarge");
  }
  const json = parsedOrRefused(text);
  if (json["Statement"] === undefined) throw malformed("Missing required field Statement");
  let document: PolicyDocument;
  try {
    document = parsePolicyDocument(text, "resource");
  } catch (problem) {
    if (!(problem instanceof PolicyProblem)) throw problem;
    throw malformed(wordsFor(problem));
  }
  for (const { resources, actions } of document.statements) {
    const arn = arnOfBucket(bucket);
    for (const resource of resources?.values ?? []) {
      if (!mayBeOf(arn, resource)) throw malformed("Policy has invalid resource");
    }
    for (const action of actions.values) {
      if (action !== "*" && !/^s3(express)?:/i.test(action)) {
        throw malformed("Policy has invalid action");
      }
    }
  }
}

function parsedOrRefused(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw s3Error("MalformedPolicy");
  }
}

function wordsFor({ fault, message }: PolicyProblem): string {
  if (fault === "resources") return "Missing required field Resource";
  if (fault === "principals") {
    return message.startsWith("Missing") ? message : "Invalid principal in policy";
  }
  if (message.includes("contain actions")) return "Missing required field Action";
  return message.startsWith("Resource ") ? "Policy has invalid resource" : message;
}

/** A bucket's policy speaks of that bucket and what is in it. Wildcards may stand for the name. */
function mayBeOf(arn: string, resource: string): boolean {
  const [head = ""] = resource.split("/");
  if (head === arn) return true;
  if (!/[*?]|\$\{/.test(head)) return false;
  const pattern = head
    .replaceAll(/\$\{[^}]*\}/g, "*")
    .replaceAll(/[.+^$()[\]{}|\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${pattern}$`).test(arn);
}
