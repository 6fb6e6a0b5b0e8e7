"""Items through AWS's Python client for DAX: each operation, its errors, expressions as the client compiles them."""

import json
import os
import tempfile
import urllib.request

from amazondax import AmazonDaxClient
from botocore.exceptions import ClientError
from cases import case, client, equal, refused, run

# Where Python looks for the certificates that it trusts.
os.environ["SSL_CERT_FILE"] = tempfile.NamedTemporaryFile(suffix=".pem").name
trust = {"Effect": "Allow", "Principal": {"Service": "dax.amazonaws.com"}, "Action": "sts:AssumeRole"}
role = client("iam").create_role(
    RoleName="DAX",
    AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
)["Role"]
client("iam").attach_role_policy(
    RoleName="DAX", PolicyArn="arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"
)
control = client("dax")
control.create_cluster(
    ClusterName="python",
    NodeType="dax.t3.small",
    ReplicationFactor=2,
    IamRoleArn=role["Arn"],
)
cluster = {"Status": "creating"}
while cluster["Status"] != "available":
    cluster = control.describe_clusters()["Clusters"][0]
client("dynamodb").create_table(
    TableName="songs",
    BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "N"},
    ],
    KeySchema=[
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
)
dax = AmazonDaxClient(endpoint_url=cluster["ClusterDiscoveryEndpoint"]["URL"])


def key(pk, sk="0"):
    return {"pk": {"S": pk}, "sk": {"N": sk}}


@case("DAX: an item of all types comes back as it went")
def _():
    item = {
        **key("all", "-1.5"),
        "b": {"B": b"\x00\xff"},
        "l": {"L": [{"N": "12345678901234567890"}, {"BOOL": True}, {"NULL": True}]},
        "m": {"M": {"inner": {"M": {}}}},
        "ss": {"SS": ["a", "b"]},
        "n": {"N": "0.001"},
    }
    dax.put_item(TableName="songs", Item=item)
    for _ in range(4):
        equal(dax.get_item(TableName="songs", Key=key("all", "-1.5"))["Item"], item)


@case("DAX: an update is made, and what it changed comes back")
def _():
    dax.put_item(TableName="songs", Item={**key("updated"), "l": {"L": [{"S": "x"}, {"S": "y"}]}})
    updated = dax.update_item(
        TableName="songs",
        Key=key("updated"),
        UpdateExpression="SET v = :v ADD plays :one",
        ConditionExpression="attribute_exists(l) AND NOT begins_with(#q, :q)",
        ExpressionAttributeNames={"#q": "quirk"},
        ExpressionAttributeValues={":v": {"S": "new"}, ":one": {"N": "1"}, ":q": {"S": "a"}},
        ReturnValues="UPDATED_NEW",
    )
    equal(updated["Attributes"], {"v": {"S": "new"}, "plays": {"N": "1"}})
    read = dax.get_item(TableName="songs", Key=key("updated"), ProjectionExpression="v, l[1]")
    equal(read["Item"], {"v": {"S": "new"}, "l": {"L": [{"S": "y"}]}})


@case("DAX: queries and scans go page by page")
def _():
    for number in range(5):
        dax.put_item(TableName="songs", Item=key("page", str(number)))
    query = {
        "TableName": "songs",
        "KeyConditionExpression": "pk = :pk AND sk < :four",
        "ExpressionAttributeValues": {":pk": {"S": "page"}, ":four": {"N": "4"}},
    }
    first = dax.query(**query, Limit=3)
    equal(first["LastEvaluatedKey"], key("page", "2"))
    rest = dax.query(**query, ExclusiveStartKey=first["LastEvaluatedKey"])
    equal(rest["Items"], [key("page", "3")])
    equal(dax.scan(TableName="songs", Limit=1)["Count"], 1)


@case("DAX: batches and transactions are read and written")
def _():
    puts = [{"PutRequest": {"Item": {**key(pk), "v": {"S": pk}}}} for pk in ("b1", "b2")]
    dax.batch_write_item(RequestItems={"songs": puts})
    read = dax.batch_get_item(RequestItems={"songs": {"Keys": [key("b2"), key("none")]}})
    equal(read["Responses"], {"songs": [{**key("b2"), "v": {"S": "b2"}}]})
    put = {"TableName": "songs", "Item": {**key("t"), "v": {"S": "w"}}}
    dax.transact_write_items(TransactItems=[{"Put": put}])
    gets = [{"Get": {"TableName": "songs", "Key": key(pk)}} for pk in ("t", "none")]
    equal(dax.transact_get_items(TransactItems=gets)["Responses"], [{"Item": put["Item"]}, {}])


@case("DAX: errors have DynamoDB's names")
def _():
    error = refused(
        ClientError,
        lambda: dax.put_item(
            TableName="songs", Item=key("error"), ConditionExpression="attribute_exists(pk)"
        ),
    )
    equal(error.response["Error"]["Code"], "ConditionalCheckFailedException")
    error = refused(ClientError, lambda: dax.get_item(TableName="missing", Key=key("error")))
    equal(error.response["Error"]["Code"], "ResourceNotFoundException")


@case("DAX: a cluster with TLS is trusted through its authority's certificate")
def _():
    control.create_cluster(
        ClusterName="secret",
        NodeType="dax.t3.small",
        ReplicationFactor=1,
        IamRoleArn=role["Arn"],
        ClusterEndpointEncryptionType="TLS",
    )
    with open(os.environ["SSL_CERT_FILE"], "wb") as file:
        endpoint = control.meta.endpoint_url
        file.write(urllib.request.urlopen(f"{endpoint}/_tule/ca.pem").read())
    secret = {"Status": "creating"}
    while secret["Status"] != "available":
        secret = control.describe_clusters(ClusterNames=["secret"])["Clusters"][0]
    url = secret["ClusterDiscoveryEndpoint"]["URL"]
    with AmazonDaxClient(endpoint_url=url) as client:
        client.put_item(TableName="songs", Item=key("secret"))
        equal(client.get_item(TableName="songs", Key=key("secret"))["Item"], key("secret"))


run()
dax.close()
