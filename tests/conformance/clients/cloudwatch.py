"""CloudWatch through boto3, which speaks CBOR or the query protocol, and through the AWS CLI."""

import datetime
import json

from botocore.exceptions import ClientError
from cases import aws_here, case, client, equal, run

now = datetime.datetime.now(datetime.timezone.utc)
minutes = datetime.timedelta(minutes=1)


@case("boto3 puts many metrics at once, compressed, and walks their pages", "cloudwatch.PutMetricData", "cloudwatch.ListMetrics")
def put_many():
    cloudwatch = client("cloudwatch")
    data = [
        {"MetricName": f"metric{number % 600}", "Value": number, "Unit": "Count", "Timestamp": now}
        for number in range(1000)
    ]
    cloudwatch.put_metric_data(Namespace="many", MetricData=data)
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace="many"))
    equal([len(page["Metrics"]) for page in pages], [500, 100])


@case("boto3 reads statistics, percentiles and expressions", "cloudwatch.GetMetricStatistics", "cloudwatch.GetMetricData")
def statistics():
    cloudwatch = client("cloudwatch")
    values = [float(value) for value in range(1, 101)]
    cloudwatch.put_metric_data(
        Namespace="shop", MetricData=[{"MetricName": "latency", "Values": values, "Timestamp": now}]
    )
    times = {"StartTime": now - minutes, "EndTime": now + minutes}
    point = cloudwatch.get_metric_statistics(
        Namespace="shop", MetricName="latency", Period=60, Statistics=["Sum"],
        ExtendedStatistics=["p50", "p99.9", "tm90"], **times,
    )["Datapoints"][0]
    equal(point["Sum"], 5050.0)
    assert 47 < point["ExtendedStatistics"]["p50"] < 53, point
    assert 95 < point["ExtendedStatistics"]["p99.9"] <= 100, point
    assert 43 < point["ExtendedStatistics"]["tm90"] < 48, point
    metric = {"Namespace": "shop", "MetricName": "latency"}
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[
            {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
            {"Id": "e1", "Expression": "SUM([m1, m1 * 2])", "Label": "three"},
            {"Id": "e2", "Expression": "SEARCH('{shop} latency', 'Maximum', 60)"},
        ],
        MaxDatapoints=1, **times,
    )
    results = [result for page in pages for result in page["MetricDataResults"]]
    equal([(result["Label"], result["Values"]) for result in results],
          [("latency", [5050.0]), ("three", [15150.0]), ("latency", [100.0])])


@case("boto3 tells errors by their old and their new codes", "cloudwatch.GetMetricStatistics", "cloudwatch.SetAlarmState")
def errors():
    cloudwatch = client("cloudwatch")
    try:
        cloudwatch.get_metric_statistics(
            Namespace="shop", MetricName="latency", Period=60, Statistics=["Sum"], StartTime=now, EndTime=now
        )
        raise AssertionError("was not refused")
    except ClientError as error:
        # recorded: test_invalid_amount_of_datapoints
        equal(error.response["Error"]["Code"], "InvalidParameterValue")
        equal(error.response["Error"]["Message"], "The parameter StartTime must be less than the parameter EndTime.")
    try:
        cloudwatch.set_alarm_state(AlarmName="none", StateValue="INVALID", StateReason="testing")
        raise AssertionError("was not refused")
    except ClientError as error:
        # recorded: test_set_alarm_invalid_input
        equal(error.response["Error"]["Code"], "ValidationError")
        assert error.response["Error"]["Message"].endswith("enum value set: [INSUFFICIENT_DATA, ALARM, OK]"), error
    try:
        cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="testing")
        raise AssertionError("was not refused")
    except ClientError as error:
        equal(error.response["Error"]["Code"], "ResourceNotFound")
        equal(error.response["ResponseMetadata"]["HTTPStatusCode"], 404)


@case("boto3 makes alarms and waits for one", "cloudwatch.PutMetricAlarm", "cloudwatch.PutCompositeAlarm")
def alarms():
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="one", Namespace="shop", MetricName="latency", Statistic="Maximum", Period=60,
        EvaluationPeriods=1, Threshold=50, ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.put_composite_alarm(AlarmName="all", AlarmRule="ALARM(one)")
    cloudwatch.set_alarm_state(AlarmName="one", StateValue="ALARM", StateReason="testing")
    cloudwatch.get_waiter("alarm_exists").wait(AlarmNames=["one"])
    found = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    equal([alarm["StateValue"] for alarm in found["CompositeAlarms"] + found["MetricAlarms"]], ["ALARM", "ALARM"])
    cloudwatch.delete_alarms(AlarmNames=["one", "all"])


def cli(*argv):
    """What the AWS CLI prints, as values."""
    code, printed = aws_here("cloudwatch", *argv)
    assert code == 0, printed
    return json.loads(printed) if printed.strip() else ""


@case("the AWS CLI puts, asks and watches", "cloudwatch.PutMetricData", "cloudwatch.GetMetricStatistics",
      "cloudwatch.PutMetricAlarm", "cloudwatch.DescribeAlarmHistory", "cloudwatch.PutDashboard")
def command_line():
    cli("put-metric-data", "--namespace", "cli", "--metric-name", "visits", "--value", "7", "--unit", "Count",
        "--dimensions", "Page=home")
    got = cli("get-metric-statistics", "--namespace", "cli", "--metric-name", "visits",
              "--dimensions", "Name=Page,Value=home", "--period", "60", "--statistics", "Sum", "Average",
              "--start-time", (now - minutes).isoformat(), "--end-time", (now + 5 * minutes).isoformat())
    equal([(point["Sum"], point["Average"], point["Unit"]) for point in got["Datapoints"]], [(7.0, 7.0, "Count")])
    cli("put-metric-alarm", "--alarm-name", "busy", "--namespace", "cli", "--metric-name", "visits",
        "--statistic", "Sum", "--period", "60", "--evaluation-periods", "1", "--threshold", "5",
        "--comparison-operator", "GreaterThanThreshold", "--dimensions", "Name=Page,Value=home")
    cli("set-alarm-state", "--alarm-name", "busy", "--state-value", "OK", "--state-reason", "testing")
    summaries = cli("describe-alarm-history", "--alarm-name", "busy",
                    "--query", "AlarmHistoryItems[].HistorySummary")
    equal(summaries, ["Alarm updated from INSUFFICIENT_DATA to OK", 'Alarm "busy" created'])
    body = json.dumps({"widgets": []})
    equal(cli("put-dashboard", "--dashboard-name", "main", "--dashboard-body", body),
          {"DashboardValidationMessages": []})
    code, printed = aws_here("cloudwatch", "get-dashboard", "--dashboard-name", "none")
    assert code != 0
    assert "ResourceNotFound" in printed, printed


run()
