import { defineService } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import type { S3Control } from "#models/s3control.ts";
import { bucketAcls } from "./access-control/bucket-acl.ts";
import { bucketPolicies } from "./access-control/bucket-policy.ts";
import { objectAcls } from "./access-control/object-acl.ts";
import { ownershipControls } from "./access-control/ownership-controls.ts";
import { publicAccessBlock } from "./access-control/public-access-block.ts";
import { s3Access } from "./access.ts";
import { applyLifecycle } from "./apply-lifecycle.ts";
import { bucketAcceleration } from "./bucket-acceleration.ts";
import { bucketLogging } from "./bucket-logging.ts";
import { notificationConfiguration } from "./notifications/notification-configuration.ts";
import { bucketCors, crossOrigin } from "./bucket-cors.ts";
import { bucketEncryption } from "./encryption/bucket-encryption.ts";
import { bucketLifecycle } from "./bucket-lifecycle.ts";
import { bucketTagging } from "./bucket-tagging.ts";
import { bucketVersioning } from "./bucket-versioning.ts";
import { buckets } from "./buckets.ts";
import { completeUpload } from "./complete-upload.ts";
import { controlAccess } from "./control/access.ts";
import { accountBlock } from "./control/account-block.ts";
import { resourceTags } from "./control/resource-tags.ts";
import { copyObject } from "./copy-object.ts";
import { deleteObject } from "./delete-object.ts";
import { deleteObjects } from "./delete-objects.ts";
import { getObject } from "./get-object.ts";
import { releasePieces } from "./layouts.ts";
import { listObjects } from "./list-objects.ts";
import { listVersions } from "./list-versions.ts";
import { multipartUploads } from "./multipart-uploads.ts";
import { objectAttributes } from "./object-attributes.ts";
import { objectLock } from "./object-lock.ts";
import { objectTagging } from "./object-tagging.ts";
import { formUpload } from "./post-forms/form-upload.ts";
import { putObject } from "./put-object.ts";
import { replicationConfiguration } from "./replication/replication-configuration.ts";
import { replicateVersion } from "./replication/replicate-version.ts";
import { requestPayment } from "./request-payment.ts";
import { sweepBucket } from "./sweep-bucket.ts";
import { sweepUpload } from "./sweep-upload.ts";
import { websites } from "./websites/website.ts";
import { websiteConfiguration } from "./websites/website-configuration.ts";
import { uploadParts } from "./upload-parts.ts";

export const s3 = defineService<S3>({
  name: "s3",
  access: s3Access,
  operations: {
    ...buckets,
    ...bucketAcls,
    ...bucketPolicies,
    ...objectAcls,
    ...bucketAcceleration,
    ...bucketLogging,
    ...notificationConfiguration,
    ...replicationConfiguration,
    ...requestPayment,
    ...websiteConfiguration,
    ...ownershipControls,
    ...publicAccessBlock,
    ...bucketCors,
    ...bucketEncryption,
    ...bucketLifecycle,
    ...bucketTagging,
    ...bucketVersioning,
    ...putObject,
    ...getObject,
    ...copyObject,
    ...deleteObject,
    ...deleteObjects,
    ...objectAttributes,
    ...objectLock,
    ...objectTagging,
    ...listObjects,
    ...listVersions,
    ...multipartUploads,
    ...uploadParts,
    ...completeUpload,
  },
  crossOrigin,
  formUpload,
  website: websites,
  jobs: { applyLifecycle, releasePieces, replicateVersion, sweepBucket, sweepUpload },
});

/** What S3 has for a whole account. */
export const s3control = defineService<S3Control>({
  name: "s3control",
  stateOf: "s3",
  access: controlAccess,
  operations: { ...accountBlock, ...resourceTags },
});
