import type { FormAnswer, FormUpload, UploadedForm } from "#kernel/service.ts";
import type { PutObjectOutput, PutObjectRequest } from "#models/s3.ts";
import type { BodyInput } from "../bodies.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { checkPostPolicy, type SizeRange } from "./post-policy.ts";

/** Fields that stand for headers of PutObject. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */
const headers: ReadonlySet<string> = new Set([
  "cache-control",
  "content-type",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
  "if-none-match",
]);

/** What browsers upload with a form, in place of PutObject. */
export const formUpload: FormUpload = {
  operation: "PutObject",

  headersOf({ fields }) {
    const found: Record<string, string> = {};
    for (const [name, value] of fields) {
      if (name === "acl") found["x-amz-acl"] = value;
      else if (name === "tagging") found["x-amz-tagging"] = taggingHeader(value);
      else if (headers.has(name) || name.startsWith("x-amz-")) found[name] = value;
    }
    return found;
  },

  keyOf({ fields, file }) {
    const key = fields.get("key");
    if (key === undefined || key === "") throw missing("key");
    if (file === undefined) {
      const message = "POST requires exactly one file upload per request.";
      throw invalidArgument(message, "file", "0");
    }
    // Recorded: a file without a name has none to put in place of this.
    return file.name ? key.replaceAll("${filename}", file.name) : key;
  },

  inputOf({ fields, isSigned }, input, nowMs) {
    const policy = fields.get("policy");
    if (isSigned && policy === undefined) throw missing("policy");
    const bucket = (input as PutObjectRequest).Bucket;
    const size =
      policy === undefined
        ? undefined
        : checkPostPolicy(policy, new Map([...fields, ["bucket", bucket]]), nowMs);
    const { Body, ...rest } = input as PutObjectRequest;
    const body = Body as AsyncIterable<Uint8Array>;
    const formInput: PutObjectRequest & BodyInput = {
      ...rest,
      Body: size === undefined ? body : within(body, size),
      endsWithForm: true,
    };
    return formInput;
  },

  answerTo({ fields }, input, output) {
    const { Bucket, Key } = input as PutObjectRequest;
    return answerTo(fields, Bucket, Key, output as PutObjectOutput);
  },
};

function answerTo(
  fields: UploadedForm["fields"],
  bucket: string,
  key: string,
  { ETag: etag = "", VersionId: versionId }: PutObjectOutput,
): FormAnswer {
  const path = key.split("/").map(encodeURIComponent).join("/");
  const common = {
    etag,
    ...(versionId !== undefined && { "x-amz-version-id": versionId }),
  };
  const redirect = fields.get("success_action_redirect") ?? fields.get("redirect");
  const target = redirect === undefined ? null : URL.parse(redirect);
  if (target !== null) {
    target.searchParams.append("bucket", bucket);
    target.searchParams.append("key", key);
    target.searchParams.append("etag", etag);
    return { status: 303, headers: { ...common, location: target.href } };
  }
  const location = `https://${bucket}.s3.amazonaws.com/${path}`;
  const all = { ...common, location };
  switch (fields.get("success_action_status")) {
    case "200":
      return { status: 200, headers: all };
    case "201":
      return {
        status: 201,
        headers: all,
        element: {
          name: "PostResponse",
          members: { Location: location, Bucket: bucket, Key: key, ETag: etag },
        },
      };
    default:
      return { status: 204, headers: all };
  }
}

async function* within(
  bytes: AsyncIterable<Uint8Array>,
  { least, most }: SizeRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  let count = 0;
  for await (const some of bytes) {
    count += some.length;
    if (count <= most) yield some;
  }
  // To the end: the answer says how much it was.
  if (count > most) {
    throw s3Error("EntityTooLarge", {
      members: { ProposedSize: String(count), MaxSizeAllowed: String(most) },
    });
  }
  if (count < least) {
    throw s3Error("EntityTooSmall", {
      members: { ProposedSize: String(count), MinSizeAllowed: String(least) },
    });
  }
}

/** Tags come as the XML of PutObjectTagging. */
function taggingHeader(xml: string): string {
  const unescaped = (text = ""): string =>
    text
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&quot;", '"')
      .replaceAll("&apos;", "'")
      .replaceAll("&amp;", "&");
  const tags = Array.from(
    xml.matchAll(/<Tag>\s*<Key>([^<]*)<\/Key>\s*<Value>([^<]*)<\/Value>\s*<\/Tag>/g),
    ([, key, value]) =>
      `${encodeURIComponent(unescaped(key))}=${encodeURIComponent(unescaped(value))}`,
  );
  if (tags.length === 0 && !/<TagSet\s*\/>|<TagSet>\s*<\/TagSet>/.test(xml)) {
    throw s3Error("MalformedXML");
  }
  return tags.join("&");
}

/** Words as recorded, two spaces included. */
const missing = (name: string): Error =>
  invalidArgument(
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    name,
    "",
  );
