"""IAM and STS through boto3 and the AWS CLI, with --auth strict: each signature is verified, each call decided on."""

import json
import os
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from cases import aws, aws_fails, case, client, equal, run

account = "123456789012"


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal):
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}


def allow(action, resource="*"):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


@case("boto3 reads back documents as values, and walks pages", "iam.GetUserPolicy", "iam.ListUsers")
def documents():
    iam = client("iam")
    for number in range(5):
        iam.create_user(UserName=f"user{number}")
    document = policy(allow("dynamodb:ListTables"))
    iam.put_user_policy(UserName="user0", PolicyName="own", PolicyDocument=document)
    got = iam.get_user_policy(UserName="user0", PolicyName="own")
    equal(got["PolicyDocument"], json.loads(document))
    pages = list(iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2}))
    equal([len(page["Users"]) for page in pages], [2, 2, 1])
    equal(iam.get_user(UserName="user1")["User"]["Arn"], f"arn:aws:iam::{account}:user/user1")


@case("boto3 gets its role by a token in a file, as in a pod", "sts.AssumeRoleWithWebIdentity")
def web_identity():
    issuer = os.environ["TULE_TEST_ISSUER"]
    iam = client("iam")
    provider = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    subject = {"StringEquals": {f"{issuer.split('//')[1]}:sub": "pod"}}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": subject,
    }
    role = iam.create_role(RoleName="pod", AssumeRolePolicyDocument=policy(statement))["Role"]
    token = Path(os.environ["TULE_TEST_FOLDER"], "token")
    token.write_text(os.environ["TULE_TEST_TOKEN"])
    own = {name: os.environ.pop(name) for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]}
    os.environ |= {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": role["Arn"]}
    try:
        who = boto3.Session().client("sts").get_caller_identity()
    finally:
        del os.environ["AWS_WEB_IDENTITY_TOKEN_FILE"], os.environ["AWS_ROLE_ARN"]
        os.environ |= own
    equal(who["Arn"].startswith(f"arn:aws:sts::{account}:assumed-role/pod/"), True)


@case("boto3 assumes a role, and its session does what the role may", "sts.AssumeRole")
def sessions():
    iam = client("iam")
    role = iam.create_role(
        RoleName="reader", AssumeRolePolicyDocument=policy(trust({"AWS": account}))
    )["Role"]
    iam.put_role_policy(
        RoleName="reader", PolicyName="own", PolicyDocument=policy(allow("dynamodb:ListTables"))
    )
    iam.get_waiter("role_exists").wait(RoleName="reader")
    made = client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="boto")["Credentials"]
    session = boto3.Session(
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
        aws_session_token=made["SessionToken"],
    )
    equal(session.client("dynamodb").list_tables()["TableNames"], [])
    try:
        session.client("dynamodb").describe_limits()
        raise AssertionError("it was allowed")
    except ClientError as refused:
        equal(refused.response["Error"]["Code"], "AccessDeniedException")
    try:
        session.client("s3").list_buckets()
        raise AssertionError("it was allowed")
    except ClientError as refused:
        equal(refused.response["Error"]["Code"], "AccessDenied")
        equal(refused.response["ResponseMetadata"]["HTTPStatusCode"], 403)


@case("the AWS CLI makes a user and its key, and acts as that user", "iam.CreateAccessKey")
def command_line():
    aws("iam", "create-user", "--user-name", "cli")
    key = aws("iam", "create-access-key", "--user-name", "cli")["AccessKey"]
    own = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    equal(aws("sts", "get-caller-identity", **own)["Arn"], f"arn:aws:iam::{account}:user/cli")
    _, message = aws_fails("iam", "list-users", **own)
    assert "(AccessDenied)" in message and "iam:ListUsers" in message, message
    arn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    aws("iam", "attach-user-policy", "--user-name", "cli", "--policy-arn", arn)
    assert len(aws("iam", "list-users", **own)["Users"]) >= 1


run()
