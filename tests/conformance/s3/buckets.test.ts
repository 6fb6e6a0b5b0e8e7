import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateBucketCommand,
  type CreateBucketConfiguration,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket, scopeOfS3 } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

test("a bucket is made, found, listed and deleted", async () => {
  covers("s3.CreateBucket", "s3.HeadBucket", "s3.ListBuckets", "s3.DeleteBucket");
  const s3 = tule.s3();
  const Bucket = newBucket();
  const BucketArn = `arn:aws:s3:::${Bucket}`;
  const made = await s3.send(new CreateBucketCommand({ Bucket }));
  assert.equal(made.Location, `/${Bucket}`);
  assert.equal(made.BucketArn, BucketArn);
  const head = await s3.send(new HeadBucketCommand({ Bucket }));
  assert.equal(head.BucketRegion, "us-east-1");
  assert.equal(head.BucketArn, BucketArn);
  const { Buckets, Owner } = await s3.send(new ListBucketsCommand({}));
  assert.deepEqual(
    Buckets?.map(({ Name, BucketRegion }) => [Name, BucketRegion]),
    [[Bucket, "us-east-1"]],
  );
  assert.match(Owner?.ID ?? "", /^[0-9a-f]{64}$/);
  await s3.send(new DeleteBucketCommand({ Bucket }));
  await assert.rejects(s3.send(new HeadBucketCommand({ Bucket })), { name: "NotFound" });
  assert.deepEqual((await s3.send(new ListBucketsCommand({}))).Buckets, []);
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket })), {
    name: "NoSuchBucket",
    message: "The specified bucket does not exist",
    BucketName: Bucket,
  });
});

test("a bucket with objects is not deleted", async () => {
  covers("s3.DeleteBucket");
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "" }));
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket })), {
    name: "BucketNotEmpty",
    message: "The bucket you tried to delete is not empty",
    BucketName: Bucket,
  });
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
  await s3.send(new DeleteBucketCommand({ Bucket }));
});

test("a name is one bucket's, over all accounts", async () => {
  covers("s3.CreateBucket");
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  await assert.rejects(tule.s3().send(new CreateBucketCommand({ Bucket })), {
    name: "BucketAlreadyExists",
    message:
      "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
    BucketName: Bucket,
  });
  await assert.rejects(tule.s3().send(new HeadBucketCommand({ Bucket })), (error: Error) => {
    assert.equal(
      (error as { $metadata?: { httpStatusCode: number } }).$metadata?.httpStatusCode,
      403,
    );
    return true;
  });
  // In us-east-1, and only there, an owner may ask again.
  await s3.send(new CreateBucketCommand({ Bucket }));
  const account = tule.newAccount();
  const west = tule.s3(account, { region: "us-west-2" });
  const there = { Bucket: newBucket(), CreateBucketConfiguration: constraint("us-west-2") };
  await west.send(new CreateBucketCommand(there));
  await assert.rejects(west.send(new CreateBucketCommand(there)), {
    name: "BucketAlreadyOwnedByYou",
    message: "Your previous request to create the named bucket succeeded and you already own it.",
  });
});

const constraint = (region: string): CreateBucketConfiguration => ({
  LocationConstraint: region as never,
});

test("names that no bucket may have are refused", async () => {
  covers("s3.CreateBucket");
  for (const Bucket of ["UPPER", "ab", "a_b", "10.1.2.3"]) {
    await assert.rejects(tule.s3().send(new CreateBucketCommand({ Bucket })), {
      name: "InvalidBucketName",
      message: "The specified bucket is not valid.",
      BucketName: Bucket,
    });
  }
});

test("a bucket is in the region that was asked, and nowhere else", async () => {
  covers("s3.CreateBucket", "s3.GetBucketLocation", "s3.HeadBucket");
  const account = tule.newAccount();
  const east = tule.s3(account);
  const ohio = tule.s3(account, { region: "us-east-2" });
  const incompatible = (what: string) => ({
    name: "IllegalLocationConstraintException",
    message: `The ${what} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  });
  const create = (s3: typeof east, region?: string) => {
    const Bucket = newBucket();
    const CreateBucketConfiguration = region === undefined ? undefined : constraint(region);
    return s3
      .send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }))
      .then(() => Bucket);
  };
  // Recorded.
  const unspecified = await tule.raw({
    method: "PUT",
    path: `/${newBucket()}`,
    headers: scopeOfS3(account, "us-east-2"),
    body: "",
  });
  assert.equal(unspecified.status, 400);
  assert.ok(unspecified.text.includes(incompatible("unspecified").message));
  await assert.rejects(create(ohio, "us-west-1"), incompatible("us-west-1"));
  await assert.rejects(create(east, "us-east-1"), {
    name: "InvalidLocationConstraint",
    message: "The specified location-constraint is not valid",
    LocationConstraint: "us-east-1",
  });
  const location = async (Bucket: string) =>
    (await east.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint;
  assert.equal(await location(await create(east)), undefined);
  const Bucket = await create(ohio, "us-east-2");
  assert.equal(await location(Bucket), "us-east-2");
  assert.equal(await location(await create(tule.s3(account, { region: "eu-west-1" }), "EU")), "EU");
  await assert.rejects(
    east.send(new PutObjectCommand({ Bucket, Key: "a", Body: "" })),
    (error: Error & { $response?: { headers: Record<string, string> } }) => {
      assert.equal(error.name, "PermanentRedirect");
      assert.equal(error.$response?.headers["x-amz-bucket-region"], "us-east-2");
      return true;
    },
  );
  await ohio.send(new PutObjectCommand({ Bucket, Key: "a", Body: "" }));
});

test("buckets are listed page by page, by prefix and by region", async () => {
  covers("s3.ListBuckets");
  const account = tule.newAccount();
  const s3 = tule.s3(account);
  const names = ["alpha-1", "alpha-2", "beta"].map((name) => `${name}-${account}`);
  for (const Bucket of names) await s3.send(new CreateBucketCommand({ Bucket }));
  const first = await s3.send(new ListBucketsCommand({ MaxBuckets: 2 }));
  assert.deepEqual(
    first.Buckets?.map(({ Name }) => Name),
    names.slice(0, 2),
  );
  const { ContinuationToken } = first;
  const second = await s3.send(new ListBucketsCommand({ MaxBuckets: 2, ContinuationToken }));
  assert.deepEqual(
    second.Buckets?.map(({ Name }) => Name),
    names.slice(2),
  );
  assert.equal(second.ContinuationToken, undefined);
  const alpha = await s3.send(new ListBucketsCommand({ Prefix: "alpha-" }));
  assert.equal(alpha.Buckets?.length, 2);
  assert.equal(alpha.Prefix, "alpha-");
  assert.deepEqual(
    (await s3.send(new ListBucketsCommand({ BucketRegion: "eu-west-1" }))).Buckets,
    [],
  );
});

test("who expects another owner is refused", async () => {
  covers("s3.HeadBucket", "s3.PutObject");
  const account = tule.newAccount();
  const s3 = tule.s3(account);
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const put = (ExpectedBucketOwner: string) =>
    s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "", ExpectedBucketOwner }));
  // Recorded.
  await assert.rejects(put("invalid"), {
    name: "InvalidBucketOwnerAWSAccountID",
    message:
      "The value of the expected bucket owner parameter must be an AWS Account ID... [invalid]",
  });
  await assert.rejects(put(tule.newAccount()), { name: "AccessDenied", message: "Access Denied" });
  await put(account);
});
