import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { openObject } from "./get-object.ts";
import { checkTags, objectTagRules, tagSet } from "./tags.ts";
import { rewriteVersion } from "./versions.ts";

export const objectTagging = {
  async GetObjectTagging(ctx, input) {
    const { bucket, object } = await ctx.read((snapshot) =>
      openObject(snapshot, ctx, input, "GET"),
    );
    return {
      TagSet: tagSet(object.tags),
      ...(bucket.versioning !== undefined && { VersionId: object.versionId }),
    };
  },

  PutObjectTagging(ctx, input) {
    const tags = checkTags(input.Tagging.TagSet, objectTagRules);
    return ctx.transact((tx) => {
      const { bucket, object } = openObject(tx, ctx, input, "PUT");
      rewriteVersion(tx, ctx, bucket, {
        ...object,
        tags: Object.keys(tags).length === 0 ? undefined : tags,
      });
      return bucket.versioning === undefined ? {} : { VersionId: object.versionId };
    });
  },

  DeleteObjectTagging(ctx, input) {
    return ctx.transact((tx) => {
      const { bucket, object } = openObject(tx, ctx, input, "DELETE");
      rewriteVersion(tx, ctx, bucket, { ...object, tags: undefined });
      return bucket.versioning === undefined ? {} : { VersionId: object.versionId };
    });
  },
} satisfies Handlers<S3>;
