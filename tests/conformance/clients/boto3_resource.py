"""boto3's resource API: Python's own types in and out, conditions as objects, batch writers."""

from decimal import Decimal

from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

from cases import case, client, equal, refused, resource, run

dynamodb = resource("dynamodb")
table = dynamodb.create_table(
    TableName="things",
    BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[
        {"AttributeName": "kind", "AttributeType": "S"},
        {"AttributeName": "number", "AttributeType": "N"},
        {"AttributeName": "code", "AttributeType": "B"},
    ],
    KeySchema=[
        {"AttributeName": "kind", "KeyType": "HASH"},
        {"AttributeName": "number", "KeyType": "RANGE"},
    ],
    GlobalSecondaryIndexes=[
        {
            "IndexName": "by-code",
            "KeySchema": [{"AttributeName": "code", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
)
client("dynamodb").get_waiter("table_exists").wait(
    TableName="things", WaiterConfig={"Delay": 1, "MaxAttempts": 10}
)

everything = {
    "kind": "all",
    "number": Decimal("-1.5E-7"),
    "code": Binary(b"\x00\xff"),
    "decimals": [Decimal("9" * 38), Decimal("1E+37"), Decimal("1E-130"), Decimal("0")],
    "texts": {"a", "b", "c"},
    "numbers": {Decimal("1"), Decimal("2.25")},
    "binaries": {Binary(b""), Binary(b"\x01")},
    "nested": {"list": [None, True, {"deep": Decimal("3")}], "empty": {}},
}


@case("Decimal, Binary, sets, lists and maps come back equal", "dynamodb.PutItem", "dynamodb.GetItem")
def _():
    table.put_item(Item=everything)
    key = {"kind": "all", "number": Decimal("-0.00000015")}
    equal(table.get_item(Key=key, ConsistentRead=True)["Item"], everything)


@case("the serializer's form is the client's form", "dynamodb.GetItem")
def _():
    serialize, deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize
    key = {name: serialize(everything[name]) for name in ("kind", "number")}
    got = client("dynamodb").get_item(TableName="things", Key=key)["Item"]
    equal({name: deserialize(value) for name, value in got.items()}, everything)


@case("a batch writer writes, overwrites and deletes", "dynamodb.BatchWriteItem", "dynamodb.Scan")
def _():
    with table.batch_writer(overwrite_by_pkeys=["kind", "number"]) as batch:
        for number in range(60):
            batch.put_item(Item={"kind": "batch", "number": number, "parity": number % 2})
            batch.put_item(Item={"kind": "batch", "number": number, "parity": number % 2})
        for number in range(50, 60):
            batch.delete_item(Key={"kind": "batch", "number": number})
    found = table.scan(FilterExpression=Attr("kind").eq("batch"))
    equal(found["Count"], 50)
    equal(found["ScannedCount"], 51)


@case("conditions are objects", "dynamodb.Query")
def _():
    found = table.query(
        KeyConditionExpression=Key("kind").eq("batch") & Key("number").between(10, 19),
        FilterExpression=Attr("parity").eq(1) & ~Attr("other").is_in([11, 13]),
        ProjectionExpression="#n",
        ExpressionAttributeNames={"#n": "number"},
        ScanIndexForward=False,
    )
    equal(found["Items"], [{"number": Decimal(number)} for number in (19, 17, 15, 13, 11)])


@case("an index is queried by a binary key", "dynamodb.Query")
def _():
    found = table.query(IndexName="by-code", KeyConditionExpression=Key("code").eq(Binary(b"\x00\xff")))
    equal(found["Items"], [everything])


@case("an update with a condition object, and its refusal", "dynamodb.UpdateItem")
def _():
    change = {
        "Key": {"kind": "batch", "number": 1},
        "UpdateExpression": "SET parity = parity + :one",
        "ExpressionAttributeValues": {":one": Decimal(1)},
        "ConditionExpression": Attr("parity").lt(2) & Attr("gone").not_exists(),
        "ReturnValues": "ALL_NEW",
    }
    equal(table.update_item(**change)["Attributes"]["parity"], Decimal(2))
    error = refused(
        table.meta.client.exceptions.ConditionalCheckFailedException,
        lambda: table.update_item(**change, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
    )
    # The resource turns items into Python's types in answers only: an error has them as they were sent.
    equal(error.response["Item"]["parity"], {"N": "2"})


@case("a table knows itself", "dynamodb.DescribeTable", "dynamodb.DeleteTable")
def _():
    table.reload()
    equal((table.table_status, table.item_count), ("ACTIVE", 51))
    equal([each.name for each in dynamodb.tables.all()], ["things"])
    table.delete()
    table.meta.client.get_waiter("table_not_exists").wait(
        TableName="things", WaiterConfig={"Delay": 1, "MaxAttempts": 10}
    )


run()
