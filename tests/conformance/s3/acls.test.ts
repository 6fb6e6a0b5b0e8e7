import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateBucketCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketOwnershipControlsCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  type ObjectOwnership,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const allUsers = "http://acs.amazonaws.com/groups/global/AllUsers";
const logDelivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/** A bucket that obeys lists, and keeps nothing from the public. */
async function start(ownership: ObjectOwnership = "ObjectWriter") {
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket, ObjectOwnership: ownership }));
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const { Owner } = await s3.send(new GetBucketAclCommand({ Bucket }));
  const id = Owner!.ID!;
  return { s3, Bucket, id, own: own(id) };
}

const own = (id: string) => ({
  Grantee: { ID: id, Type: "CanonicalUser" },
  Permission: "FULL_CONTROL",
});
const toGroup = (URI: string, Permission: string) => ({
  Grantee: { Type: "Group", URI },
  Permission,
});

async function idOf(s3: S3Client): Promise<string> {
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  return (await s3.send(new GetBucketAclCommand({ Bucket }))).Owner!.ID!;
}

const textOf = async (s3: S3Client, Bucket: string, Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();

const denied = { name: "AccessDenied", message: "Access Denied" };

test("a bucket that its owner enforces has no lists", async () => {
  covers("s3.GetBucketAcl", "s3.PutBucketAcl", "s3.PutObjectAcl", "s3.PutObject");
  covers("s3.GetBucketOwnershipControls");
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const { OwnershipControls } = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
  assert.deepEqual(OwnershipControls, { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] });
  const { Owner, Grants } = await s3.send(new GetBucketAclCommand({ Bucket }));
  assert.deepEqual(Grants, [own(Owner!.ID!)]);
  const refused = {
    name: "AccessControlListNotSupported",
    message: "The bucket does not allow ACLs",
  };
  await assert.rejects(s3.send(new PutBucketAclCommand({ Bucket, ACL: "public-read" })), refused);
  await assert.rejects(
    s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "", ACL: "public-read" })),
    refused,
  );
  await s3.send(
    new PutObjectCommand({ Bucket, Key: "a", Body: "", ACL: "bucket-owner-full-control" }),
  );
  await assert.rejects(
    s3.send(new PutObjectAclCommand({ Bucket, Key: "a", ACL: "public-read" })),
    refused,
  );
  const other = newBucket();
  await assert.rejects(s3.send(new CreateBucketCommand({ Bucket: other, ACL: "public-read" })), {
    name: "InvalidBucketAclWithObjectOwnership",
    message: "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  });
  await assert.rejects(
    s3.send(
      new CreateBucketCommand({
        Bucket: other,
        ACL: "public-read",
        ObjectOwnership: "ObjectWriter",
      }),
    ),
    { name: "InvalidBucketAclWithBlockPublicAccessError" },
  );
});

test("a bucket's list says what was granted", async () => {
  covers("s3.GetBucketAcl", "s3.PutBucketAcl");
  // Recorded.
  const { s3, Bucket, own: full, id } = await start();
  const grants = async () => (await s3.send(new GetBucketAclCommand({ Bucket }))).Grants;
  await s3.send(new PutBucketAclCommand({ Bucket, ACL: "public-read" }));
  assert.deepEqual(await grants(), [full, toGroup(allUsers, "READ")]);
  await s3.send(new PutBucketAclCommand({ Bucket, ACL: "private" }));
  assert.deepEqual(await grants(), [full]);
  await s3.send(new PutBucketAclCommand({ Bucket, GrantRead: `uri="${logDelivery}"` }));
  assert.deepEqual(await grants(), [toGroup(logDelivery, "READ")]);
  const Grants = [full, toGroup(logDelivery, "WRITE")] as never;
  await s3.send(
    new PutBucketAclCommand({ Bucket, AccessControlPolicy: { Grants, Owner: { ID: id } } }),
  );
  assert.deepEqual(await grants(), [full, toGroup(logDelivery, "WRITE")]);
  await assert.rejects(s3.send(new PutBucketAclCommand({ Bucket, GrantRead: `id="nobody"` })), {
    name: "InvalidArgument",
    message: "Invalid id",
  });
  await assert.rejects(
    s3.send(new PutBucketAclCommand({ Bucket, ACL: "private", GrantRead: `uri="${logDelivery}"` })),
    { message: "Specifying both Canned ACLs and Header Grants is not allowed" },
  );
});

test("lists let in whom they name", async () => {
  covers("s3.PutBucketAcl", "s3.PutObjectAcl", "s3.GetObjectAcl");
  const { s3, Bucket, own: full, id } = await start();
  const stranger = tule.s3();
  const strangerId = await idOf(stranger);
  await s3.send(new PutObjectCommand({ Bucket, Key: "open", Body: "1", ACL: "public-read" }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "shut", Body: "2" }));
  assert.equal(await textOf(stranger, Bucket, "open"), "1");
  await assert.rejects(textOf(stranger, Bucket, "shut"), denied);
  await s3.send(
    new PutObjectAclCommand({
      Bucket,
      Key: "shut",
      AccessControlPolicy: {
        Owner: { ID: id },
        Grants: [
          full as never,
          { Grantee: { ID: strangerId, Type: "CanonicalUser" }, Permission: "READ" },
        ],
      },
    }),
  );
  assert.equal(await textOf(stranger, Bucket, "shut"), "2");
  await assert.rejects(textOf(tule.s3(), Bucket, "shut"), denied);
  const read = await s3.send(new GetObjectAclCommand({ Bucket, Key: "shut" }));
  assert.deepEqual(
    read.Grants?.map(({ Permission }) => Permission),
    ["FULL_CONTROL", "READ"],
  );
  // Recorded: what everybody may write, everybody may delete.
  await s3.send(new PutBucketAclCommand({ Bucket, ACL: "public-read-write" }));
  await stranger.send(new PutObjectCommand({ Bucket, Key: "theirs", Body: "3" }));
  await stranger.send(new DeleteObjectCommand({ Bucket, Key: "open" }));
  await assert.rejects(textOf(s3, Bucket, "open"), { name: "NoSuchKey" });
});

test("objects are their writer's, unless the bucket's owner prefers to own them", async () => {
  covers("s3.PutBucketOwnershipControls", "s3.DeleteBucketOwnershipControls", "s3.GetObjectAcl");
  const { s3, Bucket, id } = await start();
  const stranger = tule.s3();
  await s3.send(new PutBucketAclCommand({ Bucket, ACL: "public-read-write" }));
  await stranger.send(new PutObjectCommand({ Bucket, Key: "theirs", Body: "x" }));
  await assert.rejects(textOf(s3, Bucket, "theirs"), denied);
  assert.equal(await textOf(stranger, Bucket, "theirs"), "x");
  await stranger.send(
    new PutObjectAclCommand({ Bucket, Key: "theirs", ACL: "bucket-owner-full-control" }),
  );
  assert.equal(await textOf(s3, Bucket, "theirs"), "x");
  const prefer = (ownership: ObjectOwnership) =>
    s3.send(
      new PutBucketOwnershipControlsCommand({
        Bucket,
        OwnershipControls: { Rules: [{ ObjectOwnership: ownership }] },
      }),
    );
  await prefer("BucketOwnerPreferred");
  const given = { Bucket, Key: "given" };
  await stranger.send(
    new PutObjectCommand({ ...given, Body: "y", ACL: "bucket-owner-full-control" }),
  );
  const acl = await s3.send(new GetObjectAclCommand(given));
  assert.equal(acl.Owner!.ID, id);
  await assert.rejects(textOf(stranger, Bucket, "given"), denied);
  // With a list that lets others in, the owner cannot be made the only one.
  await assert.rejects(prefer("BucketOwnerEnforced"), {
    name: "InvalidBucketAclWithObjectOwnership",
  });
  await s3.send(new PutBucketAclCommand({ Bucket, ACL: "private" }));
  await prefer("BucketOwnerEnforced");
  assert.equal(await textOf(s3, Bucket, "theirs"), "x");
  await assert.rejects(textOf(stranger, Bucket, "theirs"), denied);
  await s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
  await assert.rejects(s3.send(new GetBucketOwnershipControlsCommand({ Bucket })), {
    name: "OwnershipControlsNotFoundError",
  });
});

test("what ownership controls must say, and of what there is no list", async () => {
  covers("s3.PutBucketOwnershipControls", "s3.PutObjectAcl", "s3.GetObjectAcl");
  // Recorded.
  const { s3, Bucket } = await start();
  const put = (Rules: object[]) =>
    s3.send(
      new PutBucketOwnershipControlsCommand({
        Bucket,
        OwnershipControls: { Rules: Rules as never },
      }),
    );
  const rule = { ObjectOwnership: "ObjectWriter" };
  for (const rules of [[rule, rule], [{ ObjectOwnership: "RandomValue" }], [{}]]) {
    await assert.rejects(put(rules), { name: "MalformedXML" });
  }
  await assert.rejects(
    s3.send(
      new CreateBucketCommand({ Bucket: newBucket(), ObjectOwnership: "RandomValue" as never }),
    ),
    { name: "InvalidArgument", message: "Invalid x-amz-object-ownership header: RandomValue" },
  );
  await s3.send(
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
  );
  const Key = "k";
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: "1" }));
  const { VersionId } = await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  const notAllowed = { name: "MethodNotAllowed" };
  await assert.rejects(
    s3.send(new PutObjectAclCommand({ Bucket, Key, ACL: "private" })),
    notAllowed,
  );
  await assert.rejects(
    s3.send(new PutObjectAclCommand({ Bucket, Key, VersionId, ACL: "private" })),
    notAllowed,
  );
  await assert.rejects(s3.send(new GetObjectAclCommand({ Bucket, Key })), { name: "NoSuchKey" });
  await assert.rejects(s3.send(new GetObjectAclCommand({ Bucket, Key, VersionId })), notAllowed);
});
