import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import type { Snapshot } from "#store/store.ts";
import type { BucketRecord } from "../bucket-record.ts";
import { s3Error } from "../errors.ts";
import { openObject } from "../get-object.ts";
import { canonicalUserOf, ownerOf } from "../owners.ts";
import type { ObjectVersion } from "../version-record.ts";
import { rewriteVersion } from "../versions.ts";
import {
  askedAcl,
  type AskedAcl,
  type Grants,
  grantsOf,
  isPublicAcl,
  privateGrants,
  wireGrants,
} from "./acl.ts";
import { objectOwner, obeysLists } from "./ownership-controls.ts";
import { effectiveBlock } from "./public-access-block.ts";
import { publicRefusal } from "./refusals.ts";

export const objectAcls = {
  async GetObjectAcl(ctx, input) {
    const { bucket, object } = await ctx.read((snapshot) =>
      openObject(snapshot, ctx, input, "GET"),
    );
    const owner = objectOwner(bucket, object);
    const grants = obeysLists(bucket) ? grantsOfObject(bucket, object) : privateGrants(owner);
    return { Owner: ownerOf(owner), Grants: wireGrants(grants) };
  },

  async PutObjectAcl(ctx, input) {
    const asked = askedAcl(input);
    if (asked === undefined) throw s3Error("MissingSecurityHeader");
    await ctx.transact((tx) => {
      const { bucket, object } = openWithAcl(tx, ctx, input);
      const owner = objectOwner(bucket, object);
      if ("ownerId" in asked && asked.ownerId !== canonicalUserOf(owner)) {
        throw s3Error("AccessDenied");
      }
      if (!obeysLists(bucket) && !saysNoMore(asked)) {
        throw s3Error("AccessControlListNotSupported");
      }
      const grants = grantsOf(asked, { owner, bucketOwner: bucket.account });
      checkPublic(tx, ctx, bucket, object.key, grants);
      rewriteVersion(tx, ctx, bucket, { ...object, acl: grants });
    });
    return {};
  },
} satisfies Handlers<S3>;

/** Recorded: a delete marker on top is refused as such, not as a key without an object. */
function openWithAcl(snapshot: Snapshot, ctx: Context, input: Parameters<typeof openObject>[2]) {
  try {
    return openObject(snapshot, ctx, input, "PUT");
  } catch (failure) {
    const { code, headers } = failure as { code?: string; headers?: Record<string, string> };
    if (code !== "NoSuchKey" || headers?.["x-amz-delete-marker"] !== "true") throw failure;
    const members = { Method: "PUT", ResourceType: "DeleteMarker" };
    throw s3Error("MethodNotAllowed", { members, headers: { ...headers, allow: "DELETE" } });
  }
}

export function grantsOfObject(bucket: BucketRecord, object: ObjectVersion): Grants {
  return object.acl ?? privateGrants(objectOwner(bucket, object));
}

/** These say what is so without any lists. */
function saysNoMore(asked: AskedAcl): boolean {
  return (
    "canned" in asked &&
    (asked.canned === "private" || asked.canned === "bucket-owner-full-control")
  );
}

/** Who owns a new object, and whom its list lets in: what goes into its record. */
export function ownershipOf(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  key: string,
  asked: AskedAcl | undefined,
): Pick<ObjectVersion, "owner" | "acl"> {
  if (!obeysLists(bucket)) {
    if (asked === undefined || saysNoMore(asked)) return {};
    throw s3Error("AccessControlListNotSupported");
  }
  const writer = ctx.caller.kind === "service" ? bucket.account : ctx.caller.account;
  const isGivenAway =
    bucket.ownership === "BucketOwnerPreferred" &&
    asked !== undefined &&
    "canned" in asked &&
    asked.canned === "bucket-owner-full-control";
  const owner = isGivenAway ? bucket.account : writer;
  const acl = asked && grantsOf(asked, { owner, bucketOwner: bucket.account });
  if (acl !== undefined) checkPublic(snapshot, ctx, bucket, key, acl);
  return { ...(owner !== bucket.account && { owner }), ...(acl && { acl }) };
}

function checkPublic(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  key: string,
  grants: Grants,
): void {
  if (!isPublicAcl(grants) || !effectiveBlock(snapshot, ctx, bucket).BlockPublicAcls) return;
  throw publicRefusal(ctx, ctx.operation, `${bucket.name}/${key}`, "BlockPublicAcls");
}
