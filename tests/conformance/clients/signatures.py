"""With --auth strict: what is signed right is let in, from boto3 and from the AWS CLI, and nothing else is."""

import json
import os
import urllib.error
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.signers import RequestSigner

from cases import aws, aws_fails, case, client, equal, refused, run

endpoint = os.environ["AWS_ENDPOINT_URL"]
account = "123456789012"
root = f"arn:aws:iam::{account}:root"


def code_of(made):
    error = refused(ClientError, made.list_tables)
    return error.response["Error"]["Code"]


def get(url, method="GET", headers=None):
    """The status and the body."""
    data = b"" if method == "POST" else None
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@case("boto3 with the right key is let in", "sts.GetCallerIdentity", "dynamodb.ListTables")
def _():
    equal(client("sts").get_caller_identity()["Arn"], root)
    equal(client("dynamodb").list_tables()["TableNames"], [])


@case("signed text with anything in it is let in", "dynamodb.PutItem")
def _():
    dynamodb = client("dynamodb")
    made = dynamodb.create_table(
        TableName="signed",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    equal(made["TableDescription"]["TableArn"], f"arn:aws:dynamodb:us-east-1:{account}:table/signed")
    dynamodb.get_waiter("table_exists").wait(TableName="signed", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    item = {"pk": {"S": "+ %20 é 😀 \r\n"}, "b": {"B": os.urandom(100_000)}}
    dynamodb.put_item(TableName="signed", Item=item)
    equal(dynamodb.get_item(TableName="signed", Key={"pk": item["pk"]})["Item"], item)
    dynamodb.delete_table(TableName="signed")
    dynamodb.get_waiter("table_not_exists").wait(TableName="signed", WaiterConfig={"Delay": 1, "MaxAttempts": 10})


@case("boto3 with a wrong secret, an unknown key and no key is refused, each in its words")
def _():
    key = os.environ["AWS_ACCESS_KEY_ID"]
    wrong = boto3.client("dynamodb", aws_access_key_id=key, aws_secret_access_key="wrong")
    equal(code_of(wrong), "InvalidSignatureException")
    unknown = boto3.client("dynamodb", aws_access_key_id="AKIAUNKNOWN", aws_secret_access_key="x")
    equal(code_of(unknown), "UnrecognizedClientException")
    unsigned = boto3.client("dynamodb", config=Config(signature_version=UNSIGNED))
    equal(code_of(unsigned), "MissingAuthenticationTokenException")


@case("the AWS CLI with the right key is let in", "sts.GetCallerIdentity", "dynamodb.ListTables")
def _():
    equal(aws("sts", "get-caller-identity")["Arn"], root)
    equal(aws("dynamodb", "list-tables"), {"TableNames": []})


@case("the AWS CLI with a wrong secret or an unknown key is refused")
def _():
    _, message = aws_fails("dynamodb", "list-tables", AWS_SECRET_ACCESS_KEY="wrong")
    assert "(InvalidSignatureException) when calling the ListTables operation: The request signature we calculated" in message, message
    _, message = aws_fails("sts", "get-caller-identity", AWS_ACCESS_KEY_ID="AKIAUNKNOWN")
    assert "(InvalidClientTokenId)" in message, message


def eks_token_url(expires_in):
    """The URL that `aws eks get-token` makes: the cluster's name is signed along as a header."""
    session = boto3.Session()
    service_id = client("sts").meta.service_model.service_id
    signer = RequestSigner(service_id, "us-east-1", "sts", "v4", session.get_credentials(), session.events)
    request = {
        "method": "GET",
        "url": f"{endpoint}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": "my-cluster"},
        "context": {},
    }
    return signer.generate_presigned_url(
        request, region_name="us-east-1", expires_in=expires_in, operation_name=""
    )


@case("a presigned GetCallerIdentity, as EKS takes for a token, tells who signed it", "sts.GetCallerIdentity")
def _():
    url = eks_token_url(60)
    status, body = get(url, headers={"x-k8s-aws-id": "my-cluster"})
    equal(status, 200)
    assert f"<Arn>{root}</Arn>" in body, body
    # As who verifies the token asks.
    headers = {"x-k8s-aws-id": "my-cluster", "accept": "application/json"}
    status, body = get(url, headers=headers)
    equal(status, 200)
    answer = json.loads(body)["GetCallerIdentityResponse"]
    equal(answer["GetCallerIdentityResult"], {"UserId": account, "Account": account, "Arn": root})
    equal(list(answer["ResponseMetadata"]), ["RequestId"])
    status, body = get(url, headers={"accept": "application/json"})
    equal((status, json.loads(body)["Error"]["Code"]), (403, "SignatureDoesNotMatch"))


@case("a presigned URL is good for the headers that were signed, and for nothing else")
def _():
    url = eks_token_url(60)
    for headers in ({}, {"x-k8s-aws-id": "other-cluster"}):
        status, body = get(url, headers=headers)
        equal(status, 403)
        assert "<Code>SignatureDoesNotMatch</Code>" in body, body
    signed = {"x-k8s-aws-id": "my-cluster"}
    status, _body = get(url.replace("Expires=60", "Expires=600"), headers=signed)
    equal(status, 403)
    status, _body = get(url, method="POST", headers=signed)
    equal(status, 403)


@case("a presigned URL by boto3's client is good by GET and by POST", "sts.GetCallerIdentity")
def _():
    for method in ("GET", "POST"):
        url = client("sts").generate_presigned_url("get_caller_identity", HttpMethod=method, ExpiresIn=60)
        status, body = get(url, method=method)
        equal(status, 200)
        assert f"<Account>{account}</Account>" in body, body


run()
