import type {
  FoundAccess,
  KnownResource,
  Need,
  OperationAccess,
  ServiceAccess,
} from "#kernel/authorization/access.ts";
import { contextOf } from "#kernel/authorization/request-context.ts";
import { parseCopySource } from "./copy-source.ts";

/*
 * What each operation needs to be allowed. Source: Amazon S3 User Guide, using-with-s3-policy-actions, "Required
 * permissions for Amazon S3 API operations". Resources are made here and never from a template: a key may look like
 * anything, an ARN included.
 */

interface Input {
  readonly Bucket: string;
  readonly Key?: string;
  readonly VersionId?: string | undefined;
  readonly Tagging?: unknown;
  readonly CopySource?: string;
  readonly BypassGovernanceRetention?: boolean;
  readonly Delete?: { readonly Objects: readonly ObjectIdentifier[] };
}

interface ObjectIdentifier {
  readonly Key: string;
  readonly VersionId?: string | undefined;
}

const bucketArn = ({ Bucket: bucket }: Input): string => `arn:aws:s3:::${bucket}`;
const objectArn = (input: Input): string => `${bucketArn(input)}/${input.Key ?? ""}`;

function access(action: string, resource: string, input: Input): FoundAccess {
  return { action: `s3:${action}`, resource, input: { ...input } };
}

function finding(rules: (input: Input) => readonly FoundAccess[]): OperationAccess {
  return { rules };
}

const onBucket = (action: string): OperationAccess =>
  finding((input) => [access(action, bucketArn(input), input)]);
const onObject = (action: string): OperationAccess =>
  finding((input) => [access(action, objectArn(input), input)]);

/** Versions have actions of their own: s3:GetObject, s3:GetObjectVersion. */
const onVersion = (action: string, ofVersion = `${action}Version`): OperationAccess =>
  finding((input) => [
    access(input.VersionId === undefined ? action : ofVersion, objectArn(input), input),
  ]);

const writing = finding((input) => [
  access("PutObject", objectArn(input), input),
  ...(input.Tagging === undefined ? [] : [access("PutObjectTagging", objectArn(input), input)]),
]);

const copying = finding((input) => {
  const source: Input = parseCopySource(input.CopySource ?? "");
  const isVersion = source.VersionId !== undefined;
  return [
    access(isVersion ? "GetObjectVersion" : "GetObject", objectArn(source), source),
    access("PutObject", objectArn(input), input),
    ...(input.Tagging === undefined ? [] : [access("PutObjectTagging", objectArn(input), input)]),
  ];
});

const deletingMany = finding((input) =>
  (input.Delete?.Objects ?? []).map(({ Key, VersionId }) => {
    const one = { Bucket: input.Bucket, Key, VersionId };
    const action = VersionId === undefined ? "DeleteObject" : "DeleteObjectVersion";
    return access(action, objectArn(one), one);
  }),
);

/** Whoever wants to pass over a lock in governance mode needs a right of its own on each object. */
function bypassing({ rules }: OperationAccess): OperationAccess {
  const find = rules as (input: Input) => readonly FoundAccess[];
  return finding((input) => {
    const found = find(input);
    if (input.BypassGovernanceRetention !== true) return found;
    const bypass = "s3:BypassGovernanceRetention";
    return [...found, ...found.map((one) => ({ ...one, action: bypass }))];
  });
}

const readingAttributes = finding((input) =>
  input.VersionId === undefined
    ? ["GetObject", "GetObjectAttributes"].map((action) => access(action, objectArn(input), input))
    : ["GetObjectVersion", "GetObjectVersionAttributes"].map((action) =>
        access(action, objectArn(input), input),
      ),
);

export const s3Access: ServiceAccess = {
  place: () => "arn:aws:s3:::",
  denial: { code: "AccessDenied", status: 403, quotesResource: true },
  resource: knownResource,
  operations: {
    ListBuckets: { rules: [{ action: "s3:ListAllMyBuckets", resource: "*" }] },
    CreateBucket: onBucket("CreateBucket"),
    DeleteBucket: onBucket("DeleteBucket"),
    HeadBucket: onBucket("ListBucket"),
    GetBucketLocation: onBucket("GetBucketLocation"),
    GetBucketTagging: onBucket("GetBucketTagging"),
    PutBucketTagging: onBucket("PutBucketTagging"),
    DeleteBucketTagging: onBucket("PutBucketTagging"),
    GetBucketVersioning: onBucket("GetBucketVersioning"),
    PutBucketVersioning: onBucket("PutBucketVersioning"),
    GetBucketLifecycleConfiguration: onBucket("GetLifecycleConfiguration"),
    PutBucketLifecycleConfiguration: onBucket("PutLifecycleConfiguration"),
    DeleteBucketLifecycle: onBucket("PutLifecycleConfiguration"),
    GetBucketCors: onBucket("GetBucketCORS"),
    PutBucketCors: onBucket("PutBucketCORS"),
    DeleteBucketCors: onBucket("PutBucketCORS"),
    GetBucketEncryption: onBucket("GetEncryptionConfiguration"),
    PutBucketEncryption: onBucket("PutEncryptionConfiguration"),
    DeleteBucketEncryption: onBucket("PutEncryptionConfiguration"),
    GetObjectLockConfiguration: onBucket("GetBucketObjectLockConfiguration"),
    PutObjectLockConfiguration: onBucket("PutBucketObjectLockConfiguration"),
    ListObjects: onBucket("ListBucket"),
    ListObjectsV2: onBucket("ListBucket"),
    ListObjectVersions: onBucket("ListBucketVersions"),
    ListMultipartUploads: onBucket("ListBucketMultipartUploads"),

    PutObject: writing,
    GetObject: onVersion("GetObject"),
    HeadObject: onVersion("GetObject"),
    CopyObject: copying,
    DeleteObject: bypassing(onVersion("DeleteObject")),
    DeleteObjects: bypassing(deletingMany),
    GetObjectAttributes: readingAttributes,
    GetObjectTagging: onVersion("GetObjectTagging", "GetObjectVersionTagging"),
    PutObjectTagging: onVersion("PutObjectTagging", "PutObjectVersionTagging"),
    DeleteObjectTagging: onVersion("DeleteObjectTagging", "DeleteObjectVersionTagging"),

    GetObjectRetention: onObject("GetObjectRetention"),
    PutObjectRetention: bypassing(onObject("PutObjectRetention")),
    GetObjectLegalHold: onObject("GetObjectLegalHold"),
    PutObjectLegalHold: onObject("PutObjectLegalHold"),

    CreateMultipartUpload: writing,
    UploadPart: onObject("PutObject"),
    UploadPartCopy: copying,
    CompleteMultipartUpload: onObject("PutObject"),
    AbortMultipartUpload: onObject("AbortMultipartUpload"),
    ListParts: onObject("ListMultipartUploadParts"),
  },
};

/** Keys for conditions: what a list is asked for, and which version. */
function knownResource(_snapshot: unknown, _ctx: unknown, { input }: Need): KnownResource {
  const textOf = (name: string): string | undefined => {
    const value = input[name];
    if (typeof value === "number") return String(value);
    return typeof value === "string" ? value : undefined;
  };
  return {
    keys: contextOf({
      "s3:prefix": textOf("Prefix"),
      "s3:delimiter": textOf("Delimiter"),
      "s3:max-keys": textOf("MaxKeys"),
      "s3:VersionId": textOf("VersionId"),
      "s3:x-amz-acl": textOf("ACL"),
      "s3:x-amz-storage-class": textOf("StorageClass"),
      "s3:x-amz-server-side-encryption": textOf("ServerSideEncryption"),
      "s3:x-amz-copy-source": textOf("CopySource"),
      "s3:x-amz-metadata-directive": textOf("MetadataDirective"),
    }),
  };
}
