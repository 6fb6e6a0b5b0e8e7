"""Tables through boto3's client: their life, waiters, paginators, tags and errors."""

from botocore.exceptions import ClientError, WaiterError

from cases import case, client, equal, refused, run

dynamodb = client("dynamodb")
music = {
    "TableName": "Music",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "Artist", "AttributeType": "S"},
        {"AttributeName": "Title", "AttributeType": "S"},
    ],
    "KeySchema": [
        {"AttributeName": "Artist", "KeyType": "HASH"},
        {"AttributeName": "Title", "KeyType": "RANGE"},
    ],
}
quick = {"Delay": 1, "MaxAttempts": 10}


@case("a table is made, waited for and described", "dynamodb.CreateTable", "dynamodb.DescribeTable")
def _():
    made = dynamodb.create_table(**music)["TableDescription"]
    equal(made["TableStatus"], "CREATING")
    dynamodb.get_waiter("table_exists").wait(TableName="Music", WaiterConfig=quick)
    found = dynamodb.describe_table(TableName="Music")["Table"]
    equal(found["TableStatus"], "ACTIVE")
    equal(found["KeySchema"], music["KeySchema"])
    equal(found["TableArn"], made["TableArn"])
    # A time, not a text or a number: boto3 has parsed it.
    equal(found["CreationDateTime"].tzinfo is not None, True)


@case("a table that is there already is ResourceInUseException", "dynamodb.CreateTable")
def _():
    error = refused(
        dynamodb.exceptions.ResourceInUseException, lambda: dynamodb.create_table(**music)
    )
    equal(error.response["Error"]["Code"], "ResourceInUseException")
    equal(error.response["ResponseMetadata"]["HTTPStatusCode"], 400)


@case("a table that is not there is ResourceNotFoundException", "dynamodb.DescribeTable")
def _():
    error = refused(
        dynamodb.exceptions.ResourceNotFoundException,
        lambda: dynamodb.describe_table(TableName="Nothing"),
    )
    equal(
        str(error),
        "An error occurred (ResourceNotFoundException) when calling the DescribeTable operation: "
        "Requested resource not found: Table: Nothing not found",
    )


@case("what the client does not check, the server does", "dynamodb.CreateTable")
def _():
    unchecked = client("dynamodb", parameter_validation=False)
    error = refused(ClientError, lambda: unchecked.create_table(TableName="Bad"))
    equal(error.response["Error"]["Code"], "ValidationException")


@case("tags are set, listed and removed", "dynamodb.TagResource", "dynamodb.UntagResource",
      "dynamodb.ListTagsOfResource")
def _():
    arn = dynamodb.describe_table(TableName="Music")["Table"]["TableArn"]
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "stage", "Value": ""}]
    dynamodb.tag_resource(ResourceArn=arn, Tags=tags)
    equal(dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"], tags)
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["team"])
    equal(dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"], tags[1:])


@case("the paginator lists all tables", "dynamodb.ListTables")
def _():
    for number in range(5):
        dynamodb.create_table(**{**music, "TableName": f"Page-{number}"})
    pages = list(dynamodb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2}))
    equal([len(page["TableNames"]) for page in pages], [2, 2, 2])
    names = [name for page in pages for name in page["TableNames"]]
    equal(names, ["Music", "Page-0", "Page-1", "Page-2", "Page-3", "Page-4"])


@case("an index is added to a table with items", "dynamodb.UpdateTable", "dynamodb.Query")
def _():
    dynamodb.put_item(TableName="Music", Item={"Artist": {"S": "a"}, "Title": {"S": "t"}, "Year": {"N": "1959"}})
    dynamodb.update_table(
        TableName="Music",
        AttributeDefinitions=[{"AttributeName": "Year", "AttributeType": "N"}],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "by-year",
                    "KeySchema": [{"AttributeName": "Year", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            }
        ],
    )
    status = None
    for _attempt in range(1000):
        table = dynamodb.describe_table(TableName="Music")["Table"]
        status = table["GlobalSecondaryIndexes"][0]["IndexStatus"]
        if status == "ACTIVE":
            break
    equal(status, "ACTIVE")
    found = dynamodb.query(
        TableName="Music",
        IndexName="by-year",
        KeyConditionExpression="#y = :y",
        ExpressionAttributeNames={"#y": "Year"},
        ExpressionAttributeValues={":y": {"N": "1959.0"}},
    )
    equal(found["Items"], [{"Artist": {"S": "a"}, "Title": {"S": "t"}, "Year": {"N": "1959"}}])


@case("limits and endpoints are told", "dynamodb.DescribeLimits", "dynamodb.DescribeEndpoints")
def _():
    equal(dynamodb.describe_limits()["TableMaxReadCapacityUnits"] > 0, True)
    equal(len(dynamodb.describe_endpoints()["Endpoints"]), 1)


@case("a deleted table is waited for and gone", "dynamodb.DeleteTable")
def _():
    equal(dynamodb.delete_table(TableName="Music")["TableDescription"]["TableStatus"], "DELETING")
    dynamodb.get_waiter("table_not_exists").wait(TableName="Music", WaiterConfig=quick)
    refused(
        WaiterError,
        lambda: dynamodb.get_waiter("table_exists").wait(
            TableName="Music", WaiterConfig={"Delay": 0, "MaxAttempts": 1}
        ),
    )


@case("what is not here yet is a 501 that names it")
def _():
    error = refused(ClientError, lambda: client("sagemaker", retries={"max_attempts": 0}).list_domains())
    equal(error.response["Error"]["Code"], "NotImplemented")
    equal(error.response["ResponseMetadata"]["HTTPStatusCode"], 501)


run()
