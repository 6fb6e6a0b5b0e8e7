import type { CustomerKeyInput } from "./encryption/customer-keys.ts";
import type { BlobBody } from "#kernel/blobs/blobs.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { brokenCondition } from "./conditions.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import { checkReadable, openObject, type FoundObject } from "./get-object.ts";
import { layoutOf, type Layout } from "./layouts.ts";

export interface CopySourceInput {
  readonly CopySource: string;
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: number | undefined;
  readonly CopySourceIfUnmodifiedSince?: number | undefined;
  readonly ExpectedSourceBucketOwner?: string | undefined;
  readonly RequestPayer?: string | undefined;
}

/** What opens the source, as its reader would say it. */
export function sourceCustomerKey(input: {
  readonly CopySourceSSECustomerAlgorithm?: string | undefined;
  readonly CopySourceSSECustomerKey?: string | undefined;
  readonly CopySourceSSECustomerKeyMD5?: string | undefined;
}): CustomerKeyInput {
  return {
    SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm,
    SSECustomerKey: input.CopySourceSSECustomerKey,
    SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5,
  };
}

export interface CopySource extends FoundObject {
  readonly layout: Layout;
  readonly body: BlobBody;
  /** Of the answer. */
  readonly versionMember: { readonly CopySourceVersionId?: string };
}

/** The object that a copy is made of, if it is as the request wants it. */
export function openCopySource(
  snapshot: Snapshot,
  ctx: Context,
  input: CopySourceInput,
): CopySource {
  const named = parseCopySource(input.CopySource);
  const found = openSource(snapshot, ctx, {
    ...named,
    ExpectedBucketOwner: input.ExpectedSourceBucketOwner,
    RequestPayer: input.RequestPayer,
  });
  const { bucket, object } = found;
  checkReadable(object);
  const conditions = {
    IfMatch: input.CopySourceIfMatch,
    IfNoneMatch: input.CopySourceIfNoneMatch,
    IfModifiedSince: input.CopySourceIfModifiedSince,
    IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
  };
  const broken = brokenCondition(object, conditions, ctx.now());
  // Recorded: here all four are failures.
  if (broken !== undefined) {
    throw s3Error("PreconditionFailed", { members: { Condition: `x-amz-copy-source-${broken}` } });
  }
  const layout = layoutOf(snapshot, ctx, bucket, object);
  return {
    ...found,
    layout,
    body: ctx.blobs.body(snapshot, layout.pieces),
    versionMember: bucket.versioning === undefined ? {} : { CopySourceVersionId: object.versionId },
  };
}

interface NamedSource {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId: string | undefined;
  readonly ExpectedBucketOwner?: string | undefined;
  readonly RequestPayer?: string | undefined;
}

/** A copy may come from another region's bucket. */
function openSource(snapshot: Snapshot, ctx: Context, named: NamedSource): FoundObject {
  try {
    return openObject(snapshot, ctx, named, "GET");
  } catch (failure) {
    const region = regionOfRedirect(failure);
    if (region === undefined) throw failure;
    return openObject(snapshot, ctx.inRegion(region), named, "GET");
  }
}

function regionOfRedirect(failure: unknown): string | undefined {
  const { code, headers } = failure as { code?: string; headers?: Record<string, string> };
  return code === "PermanentRedirect" ? headers?.["x-amz-bucket-region"] : undefined;
}

/** `[/]bucket/key[?versionId=...]`, percent-encoded. */
export function parseCopySource(header: string): NamedSource {
  const malformed = (): Error =>
    invalidArgument(
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
      "x-amz-copy-source",
      header,
    );
  const [, path = "", versionId] = /^(.*?)(?:\?versionId=([^&]*))?$/s.exec(header) ?? [];
  let decoded: string;
  try {
    decoded = decodeURIComponent(path).replace(/^\//, "");
  } catch {
    throw malformed();
  }
  const slash = decoded.indexOf("/");
  if (slash < 1 || slash === decoded.length - 1) throw malformed();
  return { Bucket: decoded.slice(0, slash), Key: decoded.slice(slash + 1), VersionId: versionId };
}
