import { askedAcl } from "./access-control/acl.ts";
import { ownershipOf } from "./access-control/object-acl.ts";
import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { expirationMember, lifecycleRules } from "./bucket-lifecycle.ts";
import { checksumMembers, receiveBody } from "./bodies.ts";
import { encryptionFor, encryptionMembers } from "./encryption/object-encryption.ts";
import { checkWriteConditions, checkWriteHeaders } from "./conditions.ts";
import { checkKey, describeObject } from "./object-headers.ts";
import { locksIn, locksOf } from "./object-lock.ts";
import { openBucket } from "./open-bucket.ts";
import { refuseUnbuiltOptions } from "./unbuilt-options.ts";
import { currentObject, putVersion } from "./versions.ts";

export const putObject = {
  async PutObject(ctx, input) {
    refuseUnbuiltOptions(input);
    checkKey(input.Key);
    checkWriteHeaders(input);
    const described = describeObject(input);
    const asked = locksOf(ctx, input);
    const acl = askedAcl(input);
    // Before the body: a client that asks first (Expect: 100-continue) need not send it.
    const found = await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    const encryption = await encryptionFor(ctx, found, input.Key, input);
    const received = await receiveBody(ctx, input, { key: encryption?.key });
    const { blob, etag, nonce, checksum: computed } = received;
    const checksum = { ...computed, type: "FULL_OBJECT" as const };
    const random = ctx.random.bytes(16);
    const modifiedMs = ctx.now();
    const version = await blob.commit((tx, id) => {
      const bucket = openBucket(tx, ctx, input);
      checkWriteConditions(currentObject(tx, ctx, bucket, input.Key), input.Key, input);
      const rules = lifecycleRules(tx, ctx, bucket);
      const { versionId } = putVersion(tx, ctx, bucket, random, {
        key: input.Key,
        modifiedMs,
        sizeBytes: blob.sizeBytes,
        ...locksIn(tx, ctx, bucket, asked, modifiedMs),
        ...ownershipOf(tx, ctx, bucket, input.Key, acl),
        etag,
        pieces:
          blob.sizeBytes === 0 ? [] : [{ blob: id, offset: 0, length: blob.sizeBytes, nonce }],
        encryption: encryption?.stored,
        checksum,
        ...described,
      });
      if (blob.sizeBytes === 0) ctx.blobs.release(tx, id);
      const { sizeBytes } = blob;
      const filtered = { key: input.Key, sizeBytes, tags: described.tags, modifiedMs };
      return { versionId, bucket, expiration: expirationMember(rules, filtered) };
    });
    return {
      ETag: `"${etag}"`,
      ...checksumMembers(checksum),
      ...encryptionMembers(encryption?.stored, input),
      ...version.expiration,
      ...(version.bucket.versioning === "Enabled" && { VersionId: version.versionId }),
    };
  },
} satisfies Handlers<S3>;
