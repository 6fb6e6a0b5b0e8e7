"""Items through boto3's client: each operation, its errors by class, pages, batches and transactions."""

from cases import case, client, equal, refused, run

dynamodb = client("dynamodb")
dynamodb.create_table(
    TableName="items",
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
dynamodb.get_waiter("table_exists").wait(
    TableName="items", WaiterConfig={"Delay": 1, "MaxAttempts": 10}
)


def key(pk, sk=0):
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}}


@case("an item of all types comes back as it went", "dynamodb.PutItem", "dynamodb.GetItem")
def _():
    item = {
        **key("all"),
        "text": {"S": "ünïcode 😀 \" \\ \u0000 </x>"},
        "number": {"N": "12345678901234567890123456789012345678"},
        "binary": {"B": bytes(range(256))},
        "yes": {"BOOL": True},
        "null": {"NULL": True},
        "list": {"L": [{"S": ""}, {"N": "-0.5"}, {"L": []}]},
        "map": {"M": {"empty": {"B": b""}, "inner": {"M": {}}}},
        "texts": {"SS": ["a", "b"]},
        "numbers": {"NS": ["1", "2.5"]},
        "binaries": {"BS": [b"\x00", b"\xff"]},
    }
    dynamodb.put_item(TableName="items", Item=item)
    got = dynamodb.get_item(TableName="items", Key=key("all"), ConsistentRead=True)["Item"]
    for name in ("texts", "numbers", "binaries"):
        (kind,) = item[name]
        equal(sorted(got[name][kind]), sorted(item[name][kind]))
        del item[name], got[name]
    equal(got, item)


@case("what is not there has no Item", "dynamodb.GetItem")
def _():
    equal("Item" in dynamodb.get_item(TableName="items", Key=key("nothing")), False)


@case("an update returns what it changed", "dynamodb.UpdateItem")
def _():
    updated = dynamodb.update_item(
        TableName="items",
        Key=key("counter"),
        UpdateExpression="SET #n = if_not_exists(#n, :zero) + :one ADD tags :tags",
        ExpressionAttributeNames={"#n": "n"},
        ExpressionAttributeValues={
            ":zero": {"N": "0"}, ":one": {"N": "1"}, ":tags": {"SS": ["new"]},
        },
        ReturnValues="UPDATED_NEW",
        ReturnConsumedCapacity="TOTAL",
    )
    equal(updated["Attributes"], {"n": {"N": "1"}, "tags": {"SS": ["new"]}})
    equal(updated["ConsumedCapacity"], {"TableName": "items", "CapacityUnits": 1.0})


@case("a failed condition is an error of its class, with the item if asked for", "dynamodb.PutItem")
def _():
    dynamodb.put_item(TableName="items", Item={**key("there"), "v": {"N": "1"}})
    error = refused(
        dynamodb.exceptions.ConditionalCheckFailedException,
        lambda: dynamodb.put_item(
            TableName="items",
            Item=key("there"),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        ),
    )
    equal(error.response["Error"]["Message"], "The conditional request failed")
    equal(error.response["Item"], {**key("there"), "v": {"N": "1"}})


@case("a deleted item is returned and gone", "dynamodb.DeleteItem")
def _():
    dynamodb.put_item(TableName="items", Item=key("gone"))
    deleted = dynamodb.delete_item(TableName="items", Key=key("gone"), ReturnValues="ALL_OLD")
    equal(deleted["Attributes"], key("gone"))
    equal("Item" in dynamodb.get_item(TableName="items", Key=key("gone")), False)


@case("a batch of 25 is written, and read in one go", "dynamodb.BatchWriteItem", "dynamodb.BatchGetItem")
def _():
    requests = [{"PutRequest": {"Item": key("batch", sk)}} for sk in range(25)]
    written = dynamodb.batch_write_item(RequestItems={"items": requests})
    equal(written["UnprocessedItems"], {})
    keys = [key("batch", sk) for sk in range(30)]
    read = dynamodb.batch_get_item(RequestItems={"items": {"Keys": keys}})
    equal(len(read["Responses"]["items"]), 25)
    equal(read["UnprocessedKeys"], {})


@case("a query is paged through, forward and backward", "dynamodb.Query")
def _():
    def numbers(**how):
        pages = dynamodb.get_paginator("query").paginate(
            TableName="items",
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={
                ":pk": {"S": "batch"}, ":low": {"N": "3"}, ":high": {"N": "12"},
            },
            PaginationConfig={"PageSize": 4},
            **how,
        )
        return [[int(item["sk"]["N"]) for item in page["Items"]] for page in pages]

    equal(numbers(), [[3, 4, 5, 6], [7, 8, 9, 10], [11, 12]])
    equal(numbers(ScanIndexForward=False), [[12, 11, 10, 9], [8, 7, 6, 5], [4, 3]])


@case("a scan in segments finds each item once, however large the pages", "dynamodb.Scan")
def _():
    large = "x" * 300_000
    for sk in range(8):
        dynamodb.put_item(TableName="items", Item={**key("large", sk), "text": {"S": large}})

    def found(**how):
        pages = list(dynamodb.get_paginator("scan").paginate(TableName="items", **how))
        items = [item for page in pages for item in page["Items"]]
        return len(pages), sorted((item["pk"]["S"], int(item["sk"]["N"])) for item in items)

    pages, whole = found()
    assert pages > 2, f"{pages} pages for 2.4 MB"
    segments = [found(Segment=number, TotalSegments=3)[1] for number in range(3)]
    equal(sorted(sum(segments, [])), whole)
    equal(dynamodb.scan(TableName="items", Select="COUNT", Limit=3)["Count"], 3)


@case("a transaction is written and read whole", "dynamodb.TransactWriteItems", "dynamodb.TransactGetItems")
def _():
    dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": "items", "Item": key("tx", 1)}},
            {
                "Update": {
                    "TableName": "items",
                    "Key": key("tx", 2),
                    "UpdateExpression": "SET v = :v",
                    "ExpressionAttributeValues": {":v": {"S": "new"}},
                }
            },
            {"Delete": {"TableName": "items", "Key": key("tx", 3)}},
        ]
    )
    gets = [{"Get": {"TableName": "items", "Key": key("tx", sk)}} for sk in (1, 2, 3)]
    responses = dynamodb.transact_get_items(TransactItems=gets)["Responses"]
    equal(responses, [{"Item": key("tx", 1)}, {"Item": {**key("tx", 2), "v": {"S": "new"}}}, {}])


@case("a cancelled transaction tells the reasons in order", "dynamodb.TransactWriteItems")
def _():
    error = refused(
        dynamodb.exceptions.TransactionCanceledException,
        lambda: dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "items", "Item": key("tx", 9)}},
                {
                    "ConditionCheck": {
                        "TableName": "items",
                        "Key": key("tx", 1),
                        "ConditionExpression": "attribute_not_exists(pk)",
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
            ]
        ),
    )
    equal(
        error.response["CancellationReasons"],
        [
            {"Code": "None"},
            {
                "Code": "ConditionalCheckFailed",
                "Message": "The conditional request failed",
                "Item": key("tx", 1),
            },
        ],
    )
    equal("Item" in dynamodb.get_item(TableName="items", Key=key("tx", 9)), False)


@case("a large request is sent after 100-continue or at once, and taken", "dynamodb.BatchWriteItem")
def _():
    requests = [
        {"PutRequest": {"Item": {**key("huge", sk), "b": {"B": b"\x01" * 290_000}}}} for sk in range(25)
    ]
    written = dynamodb.batch_write_item(RequestItems={"items": requests})
    equal(written["UnprocessedItems"], {})
    got = dynamodb.get_item(TableName="items", Key=key("huge", 24))["Item"]
    equal(got["b"]["B"], b"\x01" * 290_000)


@case("each retry mode gets by with one attempt", "dynamodb.GetItem")
def _():
    for mode in ("legacy", "standard", "adaptive"):
        other = client("dynamodb", retries={"mode": mode})
        equal(other.get_item(TableName="items", Key=key("tx", 1))["Item"], key("tx", 1))


run()
