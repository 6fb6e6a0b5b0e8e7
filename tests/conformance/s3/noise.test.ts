import assert from "node:assert/strict";
import test from "node:test";
import { seededRandom } from "#world/seeded-random.ts";
import { routes } from "#models/routes.ts";
import { newBucket, scopeOfS3 } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const account = tule.newAccount();
const random = seededRandom(3);
const oneOf = <T>(from: readonly T[]): T => from[random.below(from.length)]!;

/** What the model's requests look like: method, path and the parameters that tell operations apart. */
const shapes = (routes["s3"]?.operations ?? "").split("\n").map((line) => {
  const [, method = "GET", uri = "/"] = line.split(" ");
  return { method, uri };
});

const bucket = newBucket();
const keys = ["a", "a/b", "%F0%9F%98%80", "..%2F..", "%00", "%ff", "+", "a%20b", "k".repeat(1100)];
const buckets = [bucket, bucket, bucket, "none", "UPPER", "%2e%2e", "a..b", "x"];
const values = [
  "",
  "1",
  "-1",
  "0",
  "99999999999999999999",
  "abc",
  "null",
  "%ff",
  "2",
  "1000",
  "url",
];
const parameters = (
  "max-keys prefix delimiter marker encoding-type continuation-token start-after key-marker " +
  "version-id-marker versionId partNumber uploadId max-parts part-number-marker max-uploads " +
  "response-expires response-content-type fetch-owner list-type"
).split(" ");
const headers: readonly [string, readonly string[]][] = [
  ["range", ["bytes=0-", "bytes=-5", "bytes=5-1", "bytes=99999999999999999-", "x"]],
  ["if-match", ["*", '"x"', ""]],
  ["if-none-match", ["*", '"x"', ","]],
  ["if-modified-since", ["Sat, 01 Jan 2000 00:00:00 GMT", "yesterday"]],
  ["x-amz-copy-source", [`${bucket}/a`, "/", "%zz", "a", `${bucket}/a?versionId=x`]],
  ["x-amz-copy-source-range", ["bytes=0-1", "bytes=a-b"]],
  ["x-amz-metadata-directive", ["COPY", "REPLACE", "x"]],
  ["x-amz-storage-class", ["STANDARD_IA", "NONE"]],
  ["x-amz-tagging", ["a=b", "=", "a=b&a=c", "%ff=1"]],
  ["x-amz-checksum-crc32", ["AAAAAA==", "x"]],
  ["x-amz-sdk-checksum-algorithm", ["CRC32", "XXHASH64", "none"]],
  ["x-amz-object-lock-mode", ["GOVERNANCE", "x"]],
  ["x-amz-object-lock-retain-until-date", ["2040-01-01T00:00:00Z", "soon"]],
  ["x-amz-object-attributes", ["ETag", "", "None", "Checksum,ObjectParts"]],
  ["x-amz-expected-bucket-owner", [account, "1"]],
  [
    "x-amz-content-sha256",
    ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-X"],
  ],
  ["x-amz-decoded-content-length", ["0", "5", "x"]],
  ["x-amz-trailer", ["x-amz-checksum-crc32"]],
  ["content-md5", ["XrY7u+Ae7tCTyyK7j1rNww==", "x"]],
  ["content-encoding", ["gzip", "aws-chunked"]],
];
const bodies = [
  "",
  "hello",
  "<",
  "<Delete/>",
  "<Delete><Object><Key>a</Key></Object></Delete>",
  "<Delete><Object/></Delete>",
  "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
  "<CompleteMultipartUpload><Part/></CompleteMultipartUpload>",
  "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>",
  "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
  "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Days>x</Days></Expiration></Rule></LifecycleConfiguration>",
  "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
  "<CreateBucketConfiguration><LocationConstraint>mars</LocationConstraint></CreateBucketConfiguration>",
  "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2040-01-01T00:00:00Z</RetainUntilDate></Retention>",
  "<ServerSideEncryptionConfiguration><Rule/></ServerSideEncryptionConfiguration>",
  "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
];

function noise() {
  const { method, uri } = oneOf(shapes);
  const [template = "/", literal = ""] = uri.split("?");
  const path = template.replace("{Bucket}", oneOf(buckets)).replace("{Key+}", oneOf(keys));
  const query = [literal];
  for (let count = random.below(4); count > 0; count--) {
    query.push(`${oneOf(parameters)}=${oneOf(values)}`);
  }
  const sent: Record<string, string> = scopeOfS3(account);
  for (let count = random.below(4); count > 0; count--) {
    const [name, texts] = oneOf(headers);
    sent[name] = oneOf(texts);
  }
  const joined = query.filter((each) => each !== "").join("&");
  return {
    method,
    path: joined === "" ? path : `${path}?${joined}`,
    headers: sent,
    body: oneOf(bodies),
  };
}

test("whatever is asked, the answer is an answer: what was done, or whose mistake it was", async () => {
  await tule.raw({ method: "PUT", path: `/${bucket}`, headers: scopeOfS3(account), body: "" });
  for (let round = 0; round < 1500; round++) {
    const request = noise();
    const { status, text } = await tule.raw(request);
    assert.ok(status < 500 || status === 501, `${status} ${JSON.stringify(request)}: ${text}`);
  }
});
