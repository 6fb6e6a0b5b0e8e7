import { ServiceError } from "#kernel/errors.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DeletedObject, ErrorShape as DeleteError, ObjectIdentifier, S3 } from "#models/s3.ts";
import { checkWriteConditions } from "./conditions.ts";
import { deleteOne } from "./delete-object.ts";
import { s3Error } from "./errors.ts";
import { openBucket, type BucketInput } from "./open-bucket.ts";
import { numberOfVersionId } from "./version-ids.ts";
import { currentObject } from "./versions.ts";

const keysAtMost = 1000;
/** In one transaction: each may free some dozens of pieces. */
const keysAtOnce = 100;

export const deleteObjects = {
  async DeleteObjects(ctx, input) {
    const { Objects: objects, Quiet } = input.Delete;
    if (objects.length === 0 || objects.length > keysAtMost) throw s3Error("MalformedXML");
    const deleted: DeletedObject[] = [];
    const errors: DeleteError[] = [];
    for (let at = 0; at < objects.length; at += keysAtOnce) {
      const some = objects.slice(at, at + keysAtOnce);
      // What passes by a lock is decided on behind all that is deleted.
      const refused = some.map(
        (_, within) =>
          ctx.refusals?.get(at + within) ?? ctx.refusals?.get(objects.length + at + within),
      );
      const results = await deleteSome(ctx, input, some, refused);
      deleted.push(...results.deleted);
      errors.push(...results.errors);
    }
    return { ...(Quiet !== true && { Deleted: deleted }), Errors: errors };
  },
} satisfies Handlers<S3>;

function deleteSome(
  ctx: Context,
  input: BucketInput & { readonly BypassGovernanceRetention?: boolean | undefined },
  objects: readonly ObjectIdentifier[],
  refused: readonly (ServiceError | undefined)[],
): Promise<{ deleted: DeletedObject[]; errors: DeleteError[] }> {
  const randoms = objects.map(() => ctx.random.bytes(16));
  const modifiedMs = ctx.now();
  const bypass = input.BypassGovernanceRetention === true;
  return ctx.transact((tx) => {
    const bucket = openBucket(tx, ctx, input);
    const deleted: DeletedObject[] = [];
    const errors: DeleteError[] = [];
    for (const [at, { Key: key, VersionId: versionId, ETag }] of objects.entries()) {
      try {
        if (refused[at] !== undefined) throw refused[at];
        checkVersion(versionId);
        if (ETag !== undefined && ETag !== "*") {
          checkWriteConditions(currentObject(tx, ctx, bucket, key), key, { IfMatch: ETag });
        }
        const deletion = { key, versionId, random: randoms[at]!, modifiedMs, bypass };
        const answer = deleteOne(tx, ctx, bucket, deletion);
        deleted.push(describe({ Key: key, VersionId: versionId }, answer));
      } catch (failure) {
        // A key that cannot be deleted does not hold back the others.
        if (!(failure instanceof ServiceError)) throw failure;
        errors.push({
          Key: key,
          VersionId: versionId,
          Code: failure.code,
          Message: failure.message,
        });
      }
    }
    return { deleted, errors };
  });
}

function describe(
  named: Pick<ObjectIdentifier, "Key" | "VersionId">,
  answer: { DeleteMarker?: boolean | undefined; VersionId?: string | undefined },
): DeletedObject {
  if (answer.DeleteMarker !== true) return named;
  return { ...named, DeleteMarker: true, DeleteMarkerVersionId: answer.VersionId };
}

/** Recorded: here what was never an id is a version that is not there. */
function checkVersion(versionId: string | undefined): void {
  if (versionId === undefined || versionId === "null") return;
  if (numberOfVersionId(versionId) === undefined) throw s3Error("NoSuchVersion");
}
