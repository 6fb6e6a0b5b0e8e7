import { s3Error } from "./errors.ts";
import type { ObjectVersion } from "./version-record.ts";

/** Conditions under which a request wants its answer (RFC 9110, 13), and S3's own conditions for writes. */

export interface ReadConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
  readonly IfModifiedSince?: number | undefined;
  readonly IfUnmodifiedSince?: number | undefined;
}

type Dated = Pick<ObjectVersion, "etag" | "modifiedMs">;

/** HTTP's dates have no fractions. */
export const wholeSecondMs = (ms: number): number => Math.floor(ms / 1000) * 1000;

/** The condition that does not hold, by its header; undefined if all do. `nowMs`: dates ahead of it say nothing. */
export function brokenCondition(
  object: Dated,
  conditions: ReadConditions,
  nowMs: number,
): "If-Match" | "If-Unmodified-Since" | "If-None-Match" | "If-Modified-Since" | undefined {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions;
  const modifiedMs = wholeSecondMs(object.modifiedMs);
  if (IfMatch !== undefined) {
    if (!namesEtag(IfMatch, object.etag)) return "If-Match";
  } else if (IfUnmodifiedSince !== undefined && modifiedMs > IfUnmodifiedSince) {
    return "If-Unmodified-Since";
  }
  if (IfNoneMatch !== undefined) {
    if (namesEtag(IfNoneMatch, object.etag)) return "If-None-Match";
  } else if (
    IfModifiedSince !== undefined &&
    IfModifiedSince <= nowMs &&
    modifiedMs <= IfModifiedSince
  ) {
    return "If-Modified-Since";
  }
  return undefined;
}

/** For GET and HEAD: 304 for what the client has already, 412 for what it does not want. */
export function checkReadConditions(
  object: Dated,
  conditions: ReadConditions,
  nowMs: number,
): void {
  const broken = brokenCondition(object, conditions, nowMs);
  if (broken === undefined) return;
  if (broken === "If-None-Match" || broken === "If-Modified-Since") {
    const modified = new Date(wholeSecondMs(object.modifiedMs)).toUTCString();
    const headers = { etag: `"${object.etag}"`, "last-modified": modified };
    throw s3Error("NotModified", { headers });
  }
  throw s3Error("PreconditionFailed", { members: { Condition: broken } });
}

/** Quotes may be missing, as S3 allows. */
function namesEtag(header: string, etag: string): boolean {
  return header.split(",").some((each) => {
    const name = each.trim().replace(/^W\//, "").replaceAll('"', "");
    return name === "*" || name === etag;
  });
}

export interface WriteConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/** The values that S3 takes for writes; before anything is read. Words as recorded. */
export function checkWriteHeaders({ IfMatch, IfNoneMatch }: WriteConditions): void {
  const refuse = (name: string): Error => {
    const additionalMessage = `We don't accept the provided value of ${name} header for this API`;
    return s3Error("NotImplemented", { members: { Header: name, additionalMessage } });
  };
  if (IfNoneMatch !== undefined && IfNoneMatch !== "*") throw refuse("If-None-Match");
  if (IfMatch === "*") throw refuse("If-Match");
  if (IfMatch !== undefined && IfNoneMatch !== undefined) {
    const message = "A header you provided implies functionality that is not implemented";
    const additionalMessage = "Multiple conditional request headers present in the request";
    throw s3Error("NotImplemented", {
      message,
      members: { Header: "If-Match,If-None-Match", additionalMessage },
    });
  }
}

/** `current`: what the write would replace. */
export function checkWriteConditions(
  current: ObjectVersion | undefined,
  key: string,
  { IfMatch, IfNoneMatch }: WriteConditions,
): void {
  if (IfNoneMatch !== undefined && current !== undefined) {
    throw s3Error("PreconditionFailed", { members: { Condition: "If-None-Match" } });
  }
  if (IfMatch === undefined) return;
  if (current === undefined) throw s3Error("NoSuchKey", { members: { Key: key } });
  if (!namesEtag(IfMatch, current.etag)) {
    throw s3Error("PreconditionFailed", { members: { Condition: "If-Match" } });
  }
}
