"""DynamoDB Streams and time to live through boto3's clients."""

import time

from cases import aws, case, client, equal, refused, run

dynamodb = client("dynamodb")
streams = client("dynamodbstreams")
stream_arn = None


def records():
    """All of the stream's records, parents to their end before their children."""
    described = streams.describe_stream(StreamArn=stream_arn)["StreamDescription"]
    found = []
    for shard in described["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=stream_arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator is not None:
            page = streams.get_records(ShardIterator=iterator)
            found += page["Records"]
            iterator = page.get("NextShardIterator") if page["Records"] else None
    return found


@case("a table's stream is listed and described", "dynamodbstreams.ListStreams", "dynamodbstreams.DescribeStream")
def _():
    global stream_arn
    dynamodb.create_table(
        TableName="Music",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "Artist", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "Artist", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    dynamodb.get_waiter("table_exists").wait(
        TableName="Music", WaiterConfig={"Delay": 1, "MaxAttempts": 10}
    )
    stream_arn = dynamodb.describe_table(TableName="Music")["Table"]["LatestStreamArn"]
    listed = streams.list_streams(TableName="Music")["Streams"]
    equal([stream["StreamArn"] for stream in listed], [stream_arn])
    described = streams.describe_stream(StreamArn=stream_arn)["StreamDescription"]
    equal(described["StreamStatus"], "ENABLED")
    equal(described["CreationRequestDateTime"].tzinfo is not None, True)


@case("a change has its images as boto3 has items", "dynamodbstreams.GetShardIterator", "dynamodbstreams.GetRecords")
def _():
    item = {"Artist": {"S": "Björk"}, "cover": {"B": b"\x00\xff"}, "tags": {"SS": ["a", "b"]}}
    dynamodb.put_item(TableName="Music", Item=item)
    dynamodb.put_item(TableName="Music", Item=item)
    dynamodb.delete_item(TableName="Music", Key={"Artist": item["Artist"]})
    inserted, removed = records()
    equal(inserted["eventName"], "INSERT")
    equal(inserted["dynamodb"]["NewImage"], item)
    equal(inserted["dynamodb"]["ApproximateCreationDateTime"].tzinfo is not None, True)
    equal(removed["eventName"], "REMOVE")
    equal(removed["dynamodb"]["OldImage"], item)
    equal("NewImage" in removed["dynamodb"], False)


@case("errors of streams are boto3's exceptions", "dynamodbstreams.DescribeStream")
def _():
    refused(
        streams.exceptions.ResourceNotFoundException,
        lambda: streams.describe_stream(StreamArn=stream_arn[:-23] + "2001-01-01T00:00:00.000"),
    )


@case("an item expires, and its record says who deleted it", "dynamodb.UpdateTimeToLive", "dynamodb.DescribeTimeToLive")
def _():
    specification = {"Enabled": True, "AttributeName": "expires"}
    answer = dynamodb.update_time_to_live(
        TableName="Music", TimeToLiveSpecification=specification
    )
    equal(answer["TimeToLiveSpecification"], specification)
    now = int(time.time())
    dynamodb.put_item(
        TableName="Music", Item={"Artist": {"S": "Gone"}, "expires": {"N": str(now - 60)}}
    )
    while dynamodb.scan(TableName="Music")["Count"] > 0:
        assert time.time() < now + 20, "the item is still there"
    last = records()[-1]
    equal(last["userIdentity"], {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"})
    described = dynamodb.describe_time_to_live(TableName="Music")["TimeToLiveDescription"]
    equal(described, {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"})


@case("the AWS CLI reads a stream", "dynamodbstreams.ListStreams", "dynamodbstreams.DescribeStream")
def _():
    listed = aws("dynamodbstreams", "list-streams", "--table-name", "Music")["Streams"]
    equal([stream["StreamArn"] for stream in listed], [stream_arn])
    described = aws("dynamodbstreams", "describe-stream", "--stream-arn", stream_arn)
    equal(described["StreamDescription"]["StreamViewType"], "NEW_AND_OLD_IMAGES")


run()
