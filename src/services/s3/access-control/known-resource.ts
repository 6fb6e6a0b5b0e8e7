import type { KnownResource, Need } from "#kernel/authorization/access.ts";
import type { ContextValue, RequestContext } from "#kernel/authorization/request-context.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { arnOfBucket, type BucketRecord } from "../bucket-record.ts";
import { s3Error } from "../errors.ts";
import { findBucket } from "../open-bucket.ts";
import { canonicalUserOf } from "../owners.ts";
import type { ObjectVersion } from "../version-record.ts";
import { findVersion } from "../versions.ts";
import { authenticatedUsers, isPublicGroup, type Grants, type Permission } from "./acl.ts";
import { bucketPolicy } from "./bucket-policy.ts";
import { grantsOfObject } from "./object-acl.ts";
import { grantsOfBucket, objectOwner, obeysLists } from "./ownership-controls.ts";
import { effectiveBlock } from "./public-access-block.ts";
import { isPublicPolicy } from "./public-policies.ts";

/*
 * What is known of a bucket or an object when somebody asks for it: whose it is, the policy that speaks for it, and
 * keys for conditions. What lists grant to who asks is said as statements of that policy: so one engine decides.
 */

/** Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping */
const bucketActions: Readonly<Record<Permission, readonly string[]>> = {
  READ: ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"],
  WRITE: ["s3:PutObject", "s3:DeleteObject"],
  READ_ACP: ["s3:GetBucketAcl"],
  WRITE_ACP: ["s3:PutBucketAcl"],
  FULL_CONTROL: [],
};
const objectActions: Readonly<Record<Permission, readonly string[]>> = {
  READ: ["s3:GetObject", "s3:GetObjectVersion"],
  WRITE: [],
  READ_ACP: ["s3:GetObjectAcl", "s3:GetObjectVersionAcl"],
  WRITE_ACP: ["s3:PutObjectAcl", "s3:PutObjectVersionAcl"],
  FULL_CONTROL: [],
};
const allPermissions = ["READ", "WRITE", "READ_ACP", "WRITE_ACP"] as const;

/** These are the bucket's, whoever owns the object. */
const ofBucketOwner: ReadonlySet<string> = new Set([
  "s3:PutObject",
  "s3:PutObjectTagging",
  "s3:DeleteObject",
  "s3:DeleteObjectVersion",
  "s3:AbortMultipartUpload",
  "s3:ListMultipartUploadParts",
]);

export function knownResource(snapshot: Snapshot, ctx: Context, need: Need): KnownResource {
  const { Bucket: name, Key: key, VersionId: versionId } = need.input as NamedInput;
  const bucket = name === undefined ? undefined : findBucket(snapshot, ctx, name);
  if (bucket === undefined) {
    // Whose bucket it would be nobody can say.
    if (name === undefined || need.operation === "CreateBucket") return { keys: keysOf(need) };
    throw s3Error("NoSuchBucket", { members: { BucketName: name } });
  }
  const found = key === undefined ? undefined : findVersion(snapshot, ctx, bucket, key, versionId);
  const object = found?.isDeleteMarker ? undefined : found;
  const isOfBucket = ofBucketOwner.has(need.action) || isListOfNew(need);
  const account = isOfBucket || object === undefined ? bucket.account : objectOwner(bucket, object);
  return {
    account,
    keys: keysOf(need, object),
    policyName: arnOfBucket(bucket.name),
    policy: policyFor(snapshot, ctx, bucket, isOfBucket ? undefined : object, need),
  };
}

/** Who may write an object may say at once whom else it is for. */
function isListOfNew({ action, operation }: Need): boolean {
  return action === "s3:PutObjectAcl" && operation !== "PutObjectAcl";
}

interface NamedInput {
  readonly Bucket?: string;
  readonly Key?: string;
  readonly VersionId?: string;
}

function policyFor(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  object: ObjectVersion | undefined,
  need: Need,
): string | undefined {
  const block = effectiveBlock(snapshot, ctx, bucket);
  const own = bucket.hasPolicy === true ? bucketPolicy.read(snapshot, ctx, bucket) : undefined;
  const { kind, account } = ctx.caller;
  const isStranger = kind === "anonymous" || (kind !== "service" && account !== bucket.account);
  const isRestricted =
    own !== undefined && isStranger && block.RestrictPublicBuckets && isPublicPolicy(own);
  const policy = isRestricted ? onlyDenials(own) : own;
  // A foreign object's owner has not signed the bucket's policy, but the bucket's owner may still keep others out.
  const isForeign = object !== undefined && objectOwner(bucket, object) !== bucket.account;
  const spoken = isForeign && policy !== undefined ? onlyDenials(policy) : policy;
  if (!obeysLists(bucket)) return spoken;
  const granted = [
    ...statementsOf(
      ctx,
      grantsOfBucket(snapshot, ctx, bucket),
      isListOfNew(need) ? { ...bucketActions, WRITE: [need.action] } : bucketActions,
      block,
    ),
    ...(object === undefined
      ? []
      : statementsOf(ctx, grantsOfObject(bucket, object), objectActions, block)),
  ];
  if (granted.length === 0) return spoken;
  const { Version = "2008-10-17", Statement = [] } = JSON.parse(spoken ?? "{}") as Document;
  return JSON.stringify({ Version, Statement: [Statement, granted].flat() });
}

interface Document {
  readonly Version?: string;
  readonly Statement?: object | readonly object[];
}

function onlyDenials(policy: string): string | undefined {
  const document = JSON.parse(policy) as Document;
  const statements = [document.Statement ?? []].flat() as { readonly Effect?: string }[];
  const denials = statements.filter(({ Effect }) => Effect === "Deny");
  return denials.length === 0 ? undefined : JSON.stringify({ ...document, Statement: denials });
}

/** What a list grants to who asks. */
function statementsOf(
  ctx: Context,
  grants: Grants,
  actions: Readonly<Record<Permission, readonly string[]>>,
  { IgnorePublicAcls }: { readonly IgnorePublicAcls: boolean },
): object[] {
  const { kind, account } = ctx.caller;
  const callerId = canonicalUserOf(account);
  return grants.flatMap(({ to, permission }) => {
    let principal: string | undefined;
    if ("id" in to) principal = kind !== "anonymous" && to.id === callerId ? account : undefined;
    else if (isPublicGroup(to.uri) && !IgnorePublicAcls) {
      const needsSignature = to.uri === authenticatedUsers;
      principal = needsSignature && kind === "anonymous" ? undefined : "*";
    }
    const permissions = permission === "FULL_CONTROL" ? allPermissions : [permission];
    const Action = permissions.flatMap((each) => actions[each]);
    if (principal === undefined || Action.length === 0) return [];
    return [{ Effect: "Allow", Principal: { AWS: principal }, Action, Resource: "*" }];
  });
}

/** Source: Service Authorization Reference, "Condition keys for Amazon S3". */
const keysOfInput: Readonly<Record<string, string>> = {
  "s3:prefix": "Prefix",
  "s3:delimiter": "Delimiter",
  "s3:max-keys": "MaxKeys",
  "s3:versionid": "VersionId",
  "s3:x-amz-acl": "ACL",
  "s3:x-amz-grant-full-control": "GrantFullControl",
  "s3:x-amz-grant-read": "GrantRead",
  "s3:x-amz-grant-read-acp": "GrantReadACP",
  "s3:x-amz-grant-write": "GrantWrite",
  "s3:x-amz-grant-write-acp": "GrantWriteACP",
  "s3:x-amz-storage-class": "StorageClass",
  "s3:x-amz-server-side-encryption": "ServerSideEncryption",
  "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
  "s3:x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
  "s3:x-amz-copy-source": "CopySource",
  "s3:x-amz-metadata-directive": "MetadataDirective",
  "s3:x-amz-website-redirect-location": "WebsiteRedirectLocation",
  "s3:x-amz-object-ownership": "ObjectOwnership",
  "s3:object-lock-mode": "ObjectLockMode",
  "s3:object-lock-legal-hold": "ObjectLockLegalHoldStatus",
};

const existingTag = "s3:existingobjecttag/";
const requestTag = "s3:requestobjecttag/";

function keysOf({ input, account }: Need, object?: ObjectVersion): RequestContext {
  return {
    get(key): ContextValue | undefined {
      if (key === "s3:resourceaccount") return account;
      if (key.startsWith(existingTag)) return namedIgnoringCase(object?.tags, key, existingTag);
      if (key.startsWith(requestTag) || key === "s3:requestobjecttagkeys") {
        const tags = requestTags(input["Tagging"]);
        if (key === "s3:requestobjecttagkeys") return tags && Object.keys(tags);
        return namedIgnoringCase(tags, key, requestTag);
      }
      const value = input[keysOfInput[key] ?? ""];
      if (typeof value === "number") return String(value);
      return typeof value === "string" ? value : undefined;
    },
  };
}

function namedIgnoringCase(
  tags: Readonly<Record<string, string>> | undefined,
  key: string,
  prefix: string,
): string | undefined {
  const name = key.slice(prefix.length);
  return Object.entries(tags ?? {}).find(([tag]) => tag.toLowerCase() === name)?.[1];
}

/** Of a header, or of a body. */
function requestTags(tagging: unknown): Record<string, string> | undefined {
  if (typeof tagging === "string") return Object.fromEntries(new URLSearchParams(tagging));
  const set = (tagging as { TagSet?: { Key: string; Value: string }[] } | undefined)?.TagSet;
  return set && Object.fromEntries(set.map(({ Key, Value }) => [Key, Value]));
}
