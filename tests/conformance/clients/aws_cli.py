"""The AWS CLI as its users type it: its commands, waiters, queries, pages, output forms and errors."""

import json
import os

from cases import aws, aws_fails, case, equal, run

table = ("--table-name", "Music")
title = {"Artist": {"S": "Miles Davis"}, "Title": {"S": "So What"}}


@case("sts get-caller-identity tells the account", "sts.GetCallerIdentity")
def _():
    account = os.environ["AWS_ACCESS_KEY_ID"]
    equal(aws("sts", "get-caller-identity", "--query", "Account", "--output", "text"), account)


@case("a table is made, waited for and described", "dynamodb.CreateTable", "dynamodb.DescribeTable")
def _():
    aws(
        "dynamodb", "create-table", *table, "--billing-mode", "PAY_PER_REQUEST",
        "--attribute-definitions", "AttributeName=Artist,AttributeType=S", "AttributeName=Title,AttributeType=S",
        "--key-schema", "AttributeName=Artist,KeyType=HASH", "AttributeName=Title,KeyType=RANGE",
        "--tags", "Key=team,Value=blue",
    )
    equal(aws("dynamodb", "wait", "table-exists", *table), "")
    status = aws("dynamodb", "describe-table", *table, "--query", "Table.[TableStatus, KeySchema[].AttributeName]")
    equal(status, ["ACTIVE", ["Artist", "Title"]])


@case("items are put, got, updated and deleted", "dynamodb.PutItem", "dynamodb.GetItem",
      "dynamodb.UpdateItem", "dynamodb.DeleteItem")
def _():
    key = ("--key", json.dumps(title))
    item = {**title, "Length": {"N": "562"}, "Cover": {"B": "blue"}, "Words": {"SS": ["so", "what"]}}
    put = aws("dynamodb", "put-item", *table, "--item", json.dumps(item), "--return-consumed-capacity", "TOTAL")
    equal(put, {"ConsumedCapacity": {"TableName": "Music", "CapacityUnits": 1.0}})
    # Version 1 of the CLI takes bytes as text, and prints them in base64.
    equal(aws("dynamodb", "get-item", *table, *key)["Item"]["Cover"], {"B": "Ymx1ZQ=="})
    updated = aws(
        "dynamodb", "update-item", *table, *key, "--update-expression", "SET #l = #l + :one",
        "--expression-attribute-names", '{"#l": "Length"}',
        "--expression-attribute-values", '{":one": {"N": "1"}}', "--return-values", "UPDATED_NEW",
    )
    equal(updated, {"Attributes": {"Length": {"N": "563"}}})
    deleted = aws("dynamodb", "delete-item", *table, *key, "--return-values", "ALL_OLD", "--query", "Attributes.Length.N")
    equal(deleted, "563")
    equal(aws("dynamodb", "get-item", *table, *key), "")


@case("a batch is written; query and scan page through it", "dynamodb.BatchWriteItem", "dynamodb.Query",
      "dynamodb.Scan")
def _():
    requests = [
        {"PutRequest": {"Item": {"Artist": {"S": "Bach"}, "Title": {"S": f"BWV {number}"}}}}
        for number in range(846, 870)
    ]
    equal(aws("dynamodb", "batch-write-item", "--request-items", json.dumps({"Music": requests})), {"UnprocessedItems": {}})
    titles = aws(
        "dynamodb", "query", *table, "--key-condition-expression", "Artist = :a AND begins_with(Title, :t)",
        "--expression-attribute-values", '{":a": {"S": "Bach"}, ":t": {"S": "BWV 85"}}', "--page-size", "3",
        "--query", "Items[].Title.S", "--output", "text",
    )
    # A line for each page.
    equal([line.split("\t") for line in titles.split("\n")], [
        ["BWV 850", "BWV 851", "BWV 852"],
        ["BWV 853", "BWV 854", "BWV 855"],
        ["BWV 856", "BWV 857", "BWV 858"],
        ["BWV 859"],
    ])
    page = aws("dynamodb", "scan", *table, "--max-items", "10", "--page-size", "7")
    equal(len(page["Items"]), 10)
    rest = aws("dynamodb", "scan", *table, "--starting-token", page["NextToken"], "--page-size", "7")
    equal(len(rest["Items"]), 14)


@case("a transaction is written from a file", "dynamodb.TransactWriteItems")
def _():
    actions = [{"Put": {"TableName": "Music", "Item": title, "ConditionExpression": "attribute_not_exists(Artist)"}}]
    path = os.path.join(os.environ["TULE_TEST_FOLDER"], "actions.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(actions, file)
    write = ("dynamodb", "transact-write-items", "--transact-items", f"file://{path}")
    equal(aws(*write), "")
    code, message = aws_fails(*write)
    equal(code, 255)
    expected = (
        "An error occurred (TransactionCanceledException) when calling the TransactWriteItems operation: "
        "Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed]"
    )
    assert expected in message, message


@case("an error has its code and message", "dynamodb.PutItem")
def _():
    item = json.dumps(title)
    _, message = aws_fails("dynamodb", "put-item", *table, "--item", item, "--condition-expression", "attribute_not_exists(Artist)")
    expected = (
        "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: "
        "The conditional request failed"
    )
    assert expected in message, message


@case("tags are listed", "dynamodb.ListTagsOfResource")
def _():
    account = os.environ["AWS_ACCESS_KEY_ID"]
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/Music"
    equal(aws("dynamodb", "list-tags-of-resource", "--resource-arn", arn)["Tags"], [{"Key": "team", "Value": "blue"}])


@case("a table is deleted, waited for and gone", "dynamodb.DeleteTable", "dynamodb.ListTables")
def _():
    equal(aws("dynamodb", "delete-table", *table, "--query", "TableDescription.TableStatus"), "DELETING")
    equal(aws("dynamodb", "wait", "table-not-exists", *table), "")
    equal(aws("dynamodb", "list-tables"), {"TableNames": []})


run()
