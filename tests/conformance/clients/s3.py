"""S3 through boto3 and the AWS CLI, with --auth strict: every signature, checksum and chunk is verified."""

import hashlib
import io
import json
import os
import time
import urllib.error
import urllib.request

import boto3
import urllib3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
from cases import aws_here, case, client, equal, refused, run

folder = os.environ["TULE_TEST_FOLDER"]
bucket = "photos"


def s3(**config):
    return client("s3", s3={"addressing_style": "path"}, **config)


def write(name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def body(key, **more):
    return s3().get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def http(method, url, content=None, headers={}):
    request = urllib.request.Request(url, method=method, data=content, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


large = bytes(range(256)) * 50_000


@case("boto3 makes a bucket and puts and gets objects of all kinds", "s3.CreateBucket", "s3.PutObject", "s3.GetObject",
      "s3.HeadObject", "s3.ListObjectsV2", "s3.DeleteObject")
def _():
    s3().create_bucket(Bucket=bucket)
    for key, content in {"a/b c+ü.txt": b"hello", "empty": b"", "large": large}.items():
        put = s3().put_object(Bucket=bucket, Key=key, Body=content, Metadata={"colour": "blue"})
        equal(put["ETag"], f'"{hashlib.md5(content).hexdigest()}"')
        equal(body(key), content)
        s3().put_object(Bucket=bucket, Key=key, Body=io.BytesIO(content))
        equal(s3().head_object(Bucket=bucket, Key=key)["ContentLength"], len(content))
    listed = s3().list_objects_v2(Bucket=bucket, Delimiter="/")
    equal([each["Key"] for each in listed["Contents"]], ["empty", "large"])
    equal(listed["CommonPrefixes"], [{"Prefix": "a/"}])
    s3().delete_object(Bucket=bucket, Key="empty")
    error = refused(ClientError, lambda: body("empty"))
    equal(error.response["Error"], {"Code": "NoSuchKey", "Message": "The specified key does not exist.", "Key": "empty"})


@case("boto3 waits, pages, transfers in parts and copies", "s3.CreateMultipartUpload", "s3.UploadPart", "s3.CopyObject",
      "s3.CompleteMultipartUpload", "s3.ListObjectsV2", "s3.DeleteObjects", "s3.UploadPartCopy")
def _():
    s3().get_waiter("bucket_exists").wait(Bucket=bucket)
    config = TransferConfig(multipart_threshold=5 * 1024 * 1024, multipart_chunksize=5 * 1024 * 1024)
    s3().upload_file(write("large.bin", large), bucket, "parts", Config=config)
    head = s3().head_object(Bucket=bucket, Key="parts")
    equal((head["ContentLength"], head["ETag"][-3:]), (len(large), '-3"'))
    s3().download_file(bucket, "parts", os.path.join(folder, "down.bin"), Config=config)
    equal(read(os.path.join(folder, "down.bin")), large)
    s3().copy({"Bucket": bucket, "Key": "parts"}, bucket, "copied", Config=config)
    equal(body("copied"), large)
    for number in range(25):
        s3().put_object(Bucket=bucket, Key=f"page/{number:02}", Body=b"")
    pages = s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="page/", PaginationConfig={"PageSize": 10})
    keys = [each["Key"] for page in pages for each in page["Contents"]]
    equal(keys, [f"page/{number:02}" for number in range(25)])
    deleted = s3().delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    equal(len(deleted["Deleted"]), 25)


@case("boto3's resources work", "s3.PutObject", "s3.GetObject", "s3.ListObjects", "s3.HeadObject")
def _():
    photos = boto3.resource("s3", config=Config(s3={"addressing_style": "path"})).Bucket(bucket)
    photos.put_object(Key="resource/one", Body=b"1")
    equal([each.key for each in photos.objects.filter(Prefix="resource/")], ["resource/one"])
    equal(photos.Object("resource/one").get()["Body"].read(), b"1")


@case("presigned URLs of both versions let anybody in, for a while", "s3.GetObject", "s3.PutObject")
def _():
    for version in ("s3", "s3v4"):
        signer = boto3.client("s3", config=Config(signature_version=version, s3={"addressing_style": "path"}))
        sign = signer.generate_presigned_url
        named = {"Bucket": bucket, "Key": "signed ü+"}
        put = sign("put_object", named)
        equal(http("PUT", put, b"signed", {"Content-Type": ""} if version == "s3" else {}), (200, b""))
        typed = sign("put_object", {**named, "ContentType": "text/plain", "Metadata": {"a": "b"}})
        headers = {"Content-Type": "text/plain", **({} if version == "s3" else {"x-amz-meta-a": "b"})}
        equal(http("PUT", typed, b"signed", headers)[0], 200)
        head = s3().head_object(**named)
        equal((head["ContentType"], head["Metadata"]), ("text/plain", {"a": "b"}))
        disposition = sign("get_object", {**named, "ResponseContentDisposition": 'attachment; filename="x y"'})
        equal(http("GET", disposition), (200, b"signed"))
        status, text = http("GET", sign("get_object", named).replace("signed", "other"))
        equal((status, b"<Code>SignatureDoesNotMatch</Code>" in text), (403, True))
        status, text = http("GET", sign("get_object", named, ExpiresIn=0))
        equal((status, b"<Message>Request has expired</Message>" in text), (403, True))
        equal(http("DELETE", sign("delete_object", named))[0], 204)


@case("forms whose policy boto3 signs, in both versions", "s3.PutObject")
def _():
    for version in ("s3", "s3v4"):
        signer = boto3.client("s3", config=Config(signature_version=version, s3={"addressing_style": "path"}))
        form = signer.generate_presigned_post(
            bucket, "forms/${filename}", Conditions=[["content-length-range", 1, 10]], ExpiresIn=60
        )
        fields = {**form["fields"], "file": ("käse.txt", b"posted")}
        answer = urllib3.request("POST", form["url"], fields=fields)
        equal((answer.status, answer.data), (204, b""))
        equal(s3().get_object(Bucket=bucket, Key="forms/käse.txt")["Body"].read(), b"posted")
        answer = urllib3.request("POST", form["url"], fields={**fields, "file": ("x", b"12345678901")})
        equal((answer.status, b"<Code>EntityTooLarge</Code>" in answer.data), (400, True))


def refused_as(code, call):
    error = refused(ClientError, call)
    equal(error.response["Error"]["Code"], code)


def s3control():
    """S3 Control, and the account. Its client puts the account before the host's name, which then is no address."""
    account = boto3.client("sts").get_caller_identity()["Account"]
    control = boto3.client("s3control", config=Config(inject_host_prefix=False))

    def without_account(request, **_):
        request.url = request.url.replace(f"//{account}.", "//", 1).replace("//999999999999.", "//", 1)

    control.meta.events.register_first("before-sign.s3-control", without_account)
    return control, account


@case("an account keeps what is in its buckets from the public", "s3control.PutPublicAccessBlock",
      "s3control.GetPublicAccessBlock", "s3control.DeletePublicAccessBlock")
def _():
    control, account = s3control()
    none = "NoSuchPublicAccessBlockConfiguration"
    refused_as(none, lambda: control.get_public_access_block(AccountId=account))
    everybody = json.dumps({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::accounts-bucket/*",
        }],
    })
    s3().create_bucket(Bucket="accounts-bucket")
    s3().delete_public_access_block(Bucket="accounts-bucket")
    s3().put_bucket_policy(Bucket="accounts-bucket", Policy=everybody)
    s3().put_object(Bucket="accounts-bucket", Key="a", Body=b"open")
    url = f"{s3().meta.endpoint_url}/accounts-bucket/a"
    equal(http("GET", url), (200, b"open"))
    control.put_public_access_block(
        AccountId=account, PublicAccessBlockConfiguration={"BlockPublicPolicy": True, "RestrictPublicBuckets": True}
    )
    block = control.get_public_access_block(AccountId=account)["PublicAccessBlockConfiguration"]
    equal([name for name, value in block.items() if value], ["BlockPublicPolicy", "RestrictPublicBuckets"])
    equal(http("GET", url)[0], 403)
    refused_as("AccessDenied", lambda: s3().put_bucket_policy(Bucket="accounts-bucket", Policy=everybody))
    control.delete_public_access_block(AccountId=account)
    refused_as(none, lambda: control.get_public_access_block(AccountId=account))
    equal(http("GET", url), (200, b"open"))
    refused_as("AccessDenied", lambda: control.get_public_access_block(AccountId="999999999999"))


@case("tags of a bucket are added and taken away one by one", "s3control.TagResource", "s3control.UntagResource",
      "s3control.ListTagsForResource")
def _():
    control, account = s3control()
    named = {"AccountId": account, "ResourceArn": "arn:aws:s3:::tagged-bucket"}
    s3().create_bucket(Bucket="tagged-bucket")

    def tags():
        return {tag["Key"]: tag["Value"] for tag in control.list_tags_for_resource(**named)["Tags"]}

    equal(tags(), {})
    control.tag_resource(**named, Tags=[{"Key": "key1", "Value": "value1"}, {"Key": "key2", "Value": "value2"}])
    answer = control.tag_resource(**named, Tags=[{"Key": "key3", "Value": "value3"}])
    equal(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
    equal(tags(), {"key1": "value1", "key2": "value2", "key3": "value3"})
    for _ in range(2):
        control.untag_resource(**named, TagKeys=["key3"])
    equal(tags(), {"key1": "value1", "key2": "value2"})
    equal(len(s3().get_bucket_tagging(Bucket="tagged-bucket")["TagSet"]), 2)


def cli(*argv):
    code, printed = aws_here(*argv)
    assert code == 0, printed
    return printed


@case("the CLI copies, syncs, moves, lists and removes", "s3.PutObject", "s3.GetObject", "s3.ListObjectsV2",
      "s3.CopyObject", "s3.DeleteObject", "s3.CreateBucket", "s3.DeleteBucket", "s3.CreateMultipartUpload")
def _():
    cli("s3", "mb", "s3://cli-bucket")
    up, down = os.path.join(folder, "up"), os.path.join(folder, "down")
    files = {"one.txt": b"1", "deep/two words.txt": b"22", "deep/large.bin": large}
    for name, content in files.items():
        write(os.path.join("up", name), content)
        # S3 tells seconds: a file of the same second as its object would count as newer than that.
        os.utime(os.path.join(up, name), (time.time() - 60,) * 2)
    equal("upload: " in cli("s3", "sync", up, "s3://cli-bucket/tree"), True)
    equal(cli("s3", "sync", up, "s3://cli-bucket/tree"), "")
    equal(len(cli("s3", "ls", "s3://cli-bucket/tree/", "--recursive").splitlines()), 3)
    cli("s3", "cp", "s3://cli-bucket/tree", "s3://cli-bucket/copy", "--recursive")
    cli("s3", "mv", "s3://cli-bucket/copy/one.txt", "s3://cli-bucket/copy/moved.txt")
    cli("s3", "sync", "s3://cli-bucket/copy", down)
    equal(read(os.path.join(down, "moved.txt")), b"1")
    equal(read(os.path.join(down, "deep/large.bin")), large)
    code, printed = aws_here("s3", "cp", "s3://cli-bucket/none", down)
    equal((code, "(404)" in printed), (1, True))
    url = cli("s3", "presign", "s3://cli-bucket/tree/one.txt").strip()
    equal(http("GET", url), (200, b"1"))
    cli("s3", "rb", "s3://cli-bucket", "--force")
    code, printed = aws_here("s3api", "head-bucket", "--bucket", "cli-bucket")
    equal((code != 0, "(404)" in printed), (True, True))


@case("s3api has versions, tags and attributes", "s3.PutBucketVersioning", "s3.ListObjectVersions",
      "s3.PutObjectTagging", "s3.GetObjectAttributes")
def _():
    def api(*argv):
        printed = cli("s3api", *argv, "--bucket", bucket)
        return json.loads(printed) if printed else None

    api("put-bucket-versioning", "--versioning-configuration", "Status=Enabled")
    path = write("body.txt", b"one")
    first = api("put-object", "--key", "versioned", "--body", path)["VersionId"]
    api("put-object", "--key", "versioned", "--body", path)
    api("put-object-tagging", "--key", "versioned", "--tagging", "TagSet=[{Key=a,Value=b}]")
    versions = api("list-object-versions", "--prefix", "versioned")
    equal([each["VersionId"] == first for each in versions["Versions"]], [False, True])
    attributes = api("get-object-attributes", "--key", "versioned", "--object-attributes", "ObjectSize", "ETag")
    equal((attributes["ObjectSize"], attributes["ETag"]), (3, hashlib.md5(b"one").hexdigest()))


@case("a bucket of another region is found by boto3's redirection", "s3.PutObject", "s3.HeadBucket")
def _():
    there = boto3.client("s3", region_name="eu-west-1", config=Config(s3={"addressing_style": "path"}))
    there.create_bucket(Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    here = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    here.put_object(Bucket="far-away", Key="a", Body=b"far")
    equal(here.get_object(Bucket="far-away", Key="a")["Body"].read(), b"far")


run()
