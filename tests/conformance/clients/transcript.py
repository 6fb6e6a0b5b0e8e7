"""boto3's part of the transcript: `write` on a table that the AWS CLI made, `read` after the server was killed."""

import sys

import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource("dynamodb").Table("Music")
client = table.meta.client


def write():
    table.put_item(Item={"Artist": "Bach", "Title": "Aria", "Year": 1741})
    table.update_item(
        Key={"Artist": "Bach", "Title": "Aria"},
        UpdateExpression="SET Played = if_not_exists(Played, :zero) + :one",
        ExpressionAttributeValues={":zero": 0, ":one": 1},
    )
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": "Music", "Item": {"Artist": "Bach", "Title": f"Variatio {number}"}}}
            for number in (1, 2)
        ]
    )


def read():
    item = table.get_item(Key={"Artist": "Bach", "Title": "Aria"}, ConsistentRead=True)["Item"]
    assert item == {"Artist": "Bach", "Title": "Aria", "Year": 1741, "Played": 1}, item
    condition = Key("Artist").eq("Bach")
    titles = [each["Title"] for each in table.query(KeyConditionExpression=condition)["Items"]]
    assert titles == ["Aria", "Variatio 1", "Variatio 2"], titles


if "write" in sys.argv:
    write()
read()
