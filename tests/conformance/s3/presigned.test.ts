import assert from "node:assert/strict";
import test from "node:test";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const root = {
  accessKeyId: "AKIATULEPRESIGNED001",
  secretAccessKey: "a secret that is known here",
};
const tule = await startTule({ rootKey: root });

test("whoever has a presigned URL puts and gets the object, until a byte of it is changed", async () => {
  covers("s3.PutObject", "s3.GetObject");
  const s3 = tule.s3(undefined, { credentials: root });
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const Key = "a folder/käse.txt";
  const putUrl = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }), { expiresIn: 60 });
  const put = await fetch(putUrl, { method: "PUT", body: "anybody's" });
  assert.equal(put.status, 200, await put.text());
  const getUrl = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 });
  assert.equal(await (await fetch(getUrl)).text(), "anybody's");
  const forged = await fetch(getUrl.replace("X-Amz-Expires=60", "X-Amz-Expires=61"));
  assert.equal(forged.status, 403);
  assert.match(await forged.text(), /<Code>SignatureDoesNotMatch<\/Code>/);
});
