import type { Tag } from "#models/s3.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import type { Tags } from "./version-record.ts";

/*
 * The rules for tags of buckets and objects. Codes, messages and their order as recorded; characters and sizes:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
 */
const allowedText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const longestKey = 128;
const longestValue = 256;

export interface TagRules {
  readonly atMost: number;
  /** What is said to who uses the prefix that is AWS's own. */
  readonly reserved: string;
}

export const objectTagRules: TagRules = {
  atMost: 10,
  reserved: "Your TagKey cannot be prefixed with aws:",
};
export const bucketTagRules: TagRules = {
  atMost: 50,
  reserved: "System tags cannot be added/updated by requester",
};

export function checkTags(given: readonly Tag[], rules: TagRules): Tags {
  const tags: Record<string, string> = {};
  for (const { Key: key, Value: value } of given) {
    if (key === "" || key.length > longestKey || !allowedText.test(key)) {
      const message = "The TagKey you have provided is invalid";
      throw s3Error("InvalidTag", { message, members: { TagKey: key } });
    }
    if (value.length > longestValue || !allowedText.test(value)) {
      const message = "The TagValue you have provided is invalid";
      throw s3Error("InvalidTag", { message, members: { TagKey: key, TagValue: value } });
    }
    if (key.startsWith("aws:")) {
      throw s3Error("InvalidTag", { message: rules.reserved, members: { TagKey: key } });
    }
    if (Object.hasOwn(tags, key)) {
      const message = "Cannot provide multiple Tags with the same key";
      throw s3Error("InvalidTag", { message, members: { TagKey: key } });
    }
    tags[key] = value;
  }
  if (given.length > rules.atMost) {
    const what = rules === objectTagRules ? "Object" : "Bucket";
    throw s3Error("BadRequest", { message: `${what} tags cannot be greater than ${rules.atMost}` });
  }
  return tags;
}

/** Tags as the header x-amz-tagging has them: a URL's query. Undefined for none. */
export function tagsOfHeader(header: string | undefined): Tags | undefined {
  if (header === undefined || header === "") return undefined;
  const malformed = (): Error =>
    invalidArgument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      "x-amz-tagging",
      header,
    );
  const tags: Tag[] = [];
  for (const pair of header.split("&")) {
    const [name = "", value = "", ...more] = pair.split("=");
    if (more.length > 0) throw malformed();
    try {
      const [Key, Value] = [name, value].map((text) =>
        decodeURIComponent(text.replaceAll("+", " ")),
      );
      tags.push({ Key: Key!, Value: Value! });
    } catch {
      throw malformed();
    }
  }
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) throw malformed();
  return checkTags(tags, objectTagRules);
}

export const tagSet = (tags: Tags | undefined): Tag[] =>
  Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
