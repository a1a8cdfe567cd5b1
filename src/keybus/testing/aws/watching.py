"""Alarms, dashboards and logs."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from keybus.testing.aws.intrinsics import Made
from keybus.testing.aws.maker import Maker, maker, renamed, tags, text

Client = Callable[[str], Any]
_ALARM: Final = (
    *("AlarmName", "ActionsEnabled", "AlarmActions", "AlarmDescription", "ComparisonOperator"),
    *("DatapointsToAlarm", "Dimensions", "EvaluationPeriods", "ExtendedStatistic"),
    *("InsufficientDataActions", "MetricName", "Metrics", "Namespace", "OKActions", "Period"),
    *("Statistic", "Tags", "Threshold", "TreatMissingData", "Unit"),
)


@maker(" ".join(_ALARM), named="AlarmName")
def alarm(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::CloudWatch::Alarm."""
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(**properties)
    [found] = cloudwatch.describe_alarms(AlarmNames=[properties["AlarmName"]])["MetricAlarms"]
    return Made(properties["AlarmName"], {"Arn": found["AlarmArn"]})


@maker("DashboardName DashboardBody")
def dashboard(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::CloudWatch::Dashboard."""
    body = text(properties["DashboardBody"])
    client("cloudwatch").put_dashboard(
        DashboardName=properties["DashboardName"], DashboardBody=body
    )
    return Made(properties["DashboardName"])


@maker("LogGroupName RetentionInDays KmsKeyId LogGroupClass Tags", named="LogGroupName")
def log_group(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::Logs::LogGroup."""
    logs = client("logs")
    name = properties["LogGroupName"]
    asked = renamed(
        properties,
        logGroupName="LogGroupName",
        kmsKeyId="KmsKeyId",
        logGroupClass="LogGroupClass",
    )
    logs.create_log_group(tags=tags(properties), **asked)
    if "RetentionInDays" in properties:
        logs.put_retention_policy(logGroupName=name, retentionInDays=properties["RetentionInDays"])
    [found] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return Made(name, {"Arn": found["arn"]})


@maker("Name LogType ResourceArn Tags")
def delivery_source(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::Logs::DeliverySource; moto has those of some services only, so it stands for itself."""
    del client
    return Made(properties["Name"], {"Name": properties["Name"]})


@maker("Name DestinationResourceArn DeliveryDestinationPolicy OutputFormat Tags")
def delivery_destination(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::Logs::DeliveryDestination; as its source."""
    del client
    name = properties["Name"]
    return Made(name, {"Name": name, "Arn": f"arn:aws:logs:::delivery-destination:{name}"})


@maker("DeliverySourceName DeliveryDestinationArn RecordFields FieldDelimiter Tags")
def delivery(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::Logs::Delivery; as its source."""
    del client
    return Made(properties["DeliverySourceName"])


@maker("PolicyName PolicyDocument")
def resource_policy(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::Logs::ResourcePolicy."""
    document = text(properties["PolicyDocument"])
    client("logs").put_resource_policy(policyName=properties["PolicyName"], policyDocument=document)
    return Made(properties["PolicyName"])


WATCHING: Final[Mapping[str, Maker]] = {
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::Dashboard": dashboard,
    "AWS::Logs::LogGroup": log_group,
    "AWS::Logs::ResourcePolicy": resource_policy,
    "AWS::Logs::DeliverySource": delivery_source,
    "AWS::Logs::DeliveryDestination": delivery_destination,
    "AWS::Logs::Delivery": delivery,
}
