import type { FoundAccess, OperationAccess, ServiceAccess } from "#kernel/authorization/access.ts";
import { knownResource } from "./access-control/known-resource.ts";
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
  readonly ACL?: string;
  readonly GrantFullControl?: string;
  readonly GrantRead?: string;
  readonly GrantReadACP?: string;
  readonly GrantWriteACP?: string;
  readonly ObjectLockMode?: string;
  readonly ObjectLockRetainUntilDate?: number;
  readonly ObjectLockLegalHoldStatus?: string;
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
  return { rules, isCrossAccount: true };
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

/** Who may not list a bucket is not told that a key has no object. */
function concealing(operation: OperationAccess): OperationAccess {
  const rules = ({ Bucket }: Input): readonly FoundAccess[] => [
    access("ListBucket", bucketArn({ Bucket }), { Bucket }),
  ];
  return { ...operation, conceals: { code: "NoSuchKey", rules } };
}

/** What an object is given besides its bytes needs rights of its own. */
const besides = (input: Input): readonly FoundAccess[] => [
  ...(input.Tagging === undefined ? [] : [access("PutObjectTagging", objectArn(input), input)]),
  ...(givesAcl(input) ? [access("PutObjectAcl", objectArn(input), input)] : []),
  ...(input.ObjectLockMode === undefined && input.ObjectLockRetainUntilDate === undefined
    ? []
    : [access("PutObjectRetention", objectArn(input), input)]),
  ...(input.ObjectLockLegalHoldStatus === undefined
    ? []
    : [access("PutObjectLegalHold", objectArn(input), input)]),
];

function givesAcl(input: Input): boolean {
  const { ACL, GrantFullControl, GrantRead, GrantReadACP, GrantWriteACP } = input;
  return [ACL, GrantFullControl, GrantRead, GrantReadACP, GrantWriteACP].some(
    (each) => each !== undefined,
  );
}

const writing = finding((input) => [
  access("PutObject", objectArn(input), input),
  ...besides(input),
]);

const copying = finding((input) => {
  const source: Input = parseCopySource(input.CopySource ?? "");
  const isVersion = source.VersionId !== undefined;
  return [
    access(isVersion ? "GetObjectVersion" : "GetObject", objectArn(source), source),
    access("PutObject", objectArn(input), input),
    ...besides(input),
  ];
});

const deletingMany: OperationAccess = {
  ...finding((input) =>
    (input.Delete?.Objects ?? []).map(({ Key, VersionId }) => {
      const one = { Bucket: input.Bucket, Key, VersionId };
      const action = VersionId === undefined ? "DeleteObject" : "DeleteObjectVersion";
      return access(action, objectArn(one), one);
    }),
  ),
  decidesEach: true,
};

/** Whoever wants to pass over a lock in governance mode needs a right of its own on each object. */
function bypassing(operation: OperationAccess): OperationAccess {
  const find = operation.rules as (input: Input) => readonly FoundAccess[];
  const rules = (input: Input): readonly FoundAccess[] => {
    const found = find(input);
    if (input.BypassGovernanceRetention !== true) return found;
    const bypass = "s3:BypassGovernanceRetention";
    return [...found, ...found.map((one) => ({ ...one, action: bypass }))];
  };
  return { ...operation, rules };
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
  denial: { code: "AccessDenied", status: 403, quotesResource: true, toStrangers: "Access Denied" },
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
    GetBucketPolicy: onBucket("GetBucketPolicy"),
    PutBucketPolicy: onBucket("PutBucketPolicy"),
    DeleteBucketPolicy: onBucket("DeleteBucketPolicy"),
    GetBucketPolicyStatus: onBucket("GetBucketPolicyStatus"),
    GetPublicAccessBlock: onBucket("GetBucketPublicAccessBlock"),
    PutPublicAccessBlock: onBucket("PutBucketPublicAccessBlock"),
    DeletePublicAccessBlock: onBucket("PutBucketPublicAccessBlock"),
    GetBucketOwnershipControls: onBucket("GetBucketOwnershipControls"),
    PutBucketOwnershipControls: onBucket("PutBucketOwnershipControls"),
    DeleteBucketOwnershipControls: onBucket("PutBucketOwnershipControls"),
    GetBucketAcl: onBucket("GetBucketAcl"),
    PutBucketAcl: onBucket("PutBucketAcl"),
    GetBucketAccelerateConfiguration: onBucket("GetAccelerateConfiguration"),
    PutBucketAccelerateConfiguration: onBucket("PutAccelerateConfiguration"),
    GetBucketLogging: onBucket("GetBucketLogging"),
    PutBucketLogging: onBucket("PutBucketLogging"),
    GetBucketNotificationConfiguration: onBucket("GetBucketNotification"),
    PutBucketNotificationConfiguration: onBucket("PutBucketNotification"),
    GetBucketReplication: onBucket("GetReplicationConfiguration"),
    PutBucketReplication: onBucket("PutReplicationConfiguration"),
    DeleteBucketReplication: onBucket("PutReplicationConfiguration"),
    GetBucketRequestPayment: onBucket("GetBucketRequestPayment"),
    PutBucketRequestPayment: onBucket("PutBucketRequestPayment"),
    GetBucketWebsite: onBucket("GetBucketWebsite"),
    PutBucketWebsite: onBucket("PutBucketWebsite"),
    DeleteBucketWebsite: onBucket("DeleteBucketWebsite"),
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
    GetObject: concealing(onVersion("GetObject")),
    HeadObject: concealing(onVersion("GetObject")),
    CopyObject: copying,
    DeleteObject: bypassing(onVersion("DeleteObject")),
    DeleteObjects: bypassing(deletingMany),
    GetObjectAttributes: readingAttributes,
    GetObjectAcl: onVersion("GetObjectAcl", "GetObjectVersionAcl"),
    PutObjectAcl: onVersion("PutObjectAcl", "PutObjectVersionAcl"),
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
