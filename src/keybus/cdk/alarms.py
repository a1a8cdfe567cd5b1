"""Alarms and dashboards on CloudWatch, over the metrics of EventBridge and SQS.

Source: EventBridge user guide, "Monitoring Amazon EventBridge"; SQS developer guide, "Available
CloudWatch metrics". Metrics of rules on a bus of one's own have the bus as a dimension as well.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from keybus.cdk.resource import Reference, Resource

_TYPE: Final = "AWS::CloudWatch::Alarm"
_WIDTH, _HEIGHT, _COLUMNS = 12, 6, 2


class Metric(msgspec.Struct, frozen=True):
    """A metric.

    Attributes:
        namespace: ``AWS/Events`` or ``AWS/SQS``.
        name: Such as ``FailedInvocations``.
        dimensions: What it is about.
        statistic: ``Sum``, ``Maximum``, or a percentile such as ``p90``.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str = "Sum"


class Watch(msgspec.Struct, frozen=True):
    """When somebody is told.

    Attributes:
        id: What of its subject it is about: ``DeadLetters``.
        words: What it means, and what to do.
        metric: What is looked at.
        threshold: From which value on.
        periods: For how many periods in a row.
        share_of: A metric of which the first is to be a share; None: it stands for itself.
        seconds: How long a period is.
    """

    id: str
    words: str
    metric: Metric
    threshold: float
    periods: int = 1
    share_of: Metric | None = None
    seconds: int = 60


def of_rule(bus: str, rule: str, name: str, statistic: str = "Sum") -> Metric:
    """A metric of a rule on a bus of one's own."""
    return Metric("AWS/Events", name, {"EventBusName": bus, "RuleName": rule}, statistic)


def of_queue(queue: str, name: str = "ApproximateNumberOfMessagesVisible") -> Metric:
    """A metric of a queue."""
    return Metric("AWS/SQS", name, {"QueueName": queue}, "Maximum")


def alarm(prefix: str, name: str, watch: Watch, topic: Reference) -> Resource:
    """An alarm.

    Args:
        prefix: What its logical id begins with.
        name: Its name.
        watch: When it goes off.
        topic: Who is told.
    """
    properties: dict[str, Any] = {
        "AlarmName": name,
        "AlarmDescription": watch.words,
        **_looked_at(watch),
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": watch.threshold,
        "EvaluationPeriods": watch.periods,
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic],
        "OKActions": [topic],
    }
    return Resource(f"{prefix}{watch.id}Alarm", _TYPE, properties)


def dashboard(id_: str, name: str, region: str, panels: Mapping[str, Iterable[Metric]]) -> Resource:
    """A dashboard with a graph for each title."""
    widgets = [
        {
            "type": "metric",
            "x": index % _COLUMNS * _WIDTH,
            "y": index // _COLUMNS * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": {
                "title": title,
                "region": region,
                "view": "timeSeries",
                "metrics": [_line(metric) for metric in metrics],
            },
        }
        for index, (title, metrics) in enumerate(panels.items())
    ]
    body = msgspec.json.encode({"widgets": widgets}).decode()
    properties = {"DashboardName": name, "DashboardBody": body}
    return Resource(id_, "AWS::CloudWatch::Dashboard", properties)


def _looked_at(watch: Watch) -> dict[str, Any]:
    if watch.share_of is None:
        metric = watch.metric
        percentile = metric.statistic.startswith("p")
        return {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": _dimensions(metric),
            ("ExtendedStatistic" if percentile else "Statistic"): metric.statistic,
            "Period": watch.seconds,
        }
    # As the console of Lambda has it: never a division by nothing, and only series in the list.
    share = {"Id": "share", "Expression": "part / MAX([part, whole])", "ReturnData": True}
    return {
        "Metrics": [
            share,
            _query("part", watch.metric, watch.seconds),
            _query("whole", watch.share_of, watch.seconds),
        ]
    }


def _query(id_: str, metric: Metric, seconds: int) -> dict[str, Any]:
    looked_at = {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": _dimensions(metric),
    }
    stat = {"Metric": looked_at, "Period": seconds, "Stat": metric.statistic}
    return {"Id": id_, "MetricStat": stat, "ReturnData": False}


def _dimensions(metric: Metric) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in metric.dimensions.items()]


def _line(metric: Metric) -> list[Any]:
    named = [part for pair in metric.dimensions.items() for part in pair]
    return [metric.namespace, metric.name, *named, {"stat": metric.statistic}]
