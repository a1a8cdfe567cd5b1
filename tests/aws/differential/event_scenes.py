"""What comes of events, and what is refused of rules, targets and entries."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.aws.chapters import Step
from tests.aws.chapters.rules import QUEUE
from tests.aws.differential.queue_scenes import GONE, received


def event(detail: str, source: str = "aws.key") -> Step:
    """An event put."""
    entry = {"Source": source, "DetailType": "Key Event", "Detail": detail}
    return Step("events", "PutEvents", {"Entries": [entry]})


def routed(name: str, pattern: str, **target: Any) -> tuple[Step, ...]:
    """A rule that fills the queue."""
    return (
        *QUEUE,
        Step("events", "PutRule", {"Name": name, "EventPattern": pattern}),
        Step(
            "events",
            "PutTargets",
            {"Rule": name, "Targets": [{"Id": "queue", "Arn": "${queue}", **target}]},
        ),
    )


def unrouted(name: str) -> tuple[Step, ...]:
    """Neither rule nor queue."""
    return (
        Step("events", "RemoveTargets", {"Rule": name, "Ids": ["queue"]}),
        Step("events", "DeleteRule", {"Name": name}),
        GONE,
    )


def pattern(name: str, text: str, *details: str) -> tuple[Step, ...]:
    """A pattern, and what comes of events by it."""
    rule = f"{name}-${{run}}"
    whole = f'{{"source": ["aws.key"], "detail": {text}}}'
    last = event('{"last": true}', "other.key")
    return (
        *routed(rule, whole),
        *(event(each) for each in details),
        last,
        received(wait=2),
        received(wait=0),
        *unrouted(rule),
    )


ROUTES: Final[Mapping[str, Sequence[Step]]] = {
    "an event in a queue": (
        *routed("whole-${run}", '{"source": ["aws.key"]}'),
        event('{"key": "value"}'),
        event('{"key": "value"}', "other.key"),
        received(wait=10),
        received(),
        *unrouted("whole-${run}"),
    ),
    "a path of it": (
        *routed("path-${run}", '{"source": ["aws.key"]}', InputPath="$$.detail.key"),
        event('{"key": {"a": 1}}'),
        received(wait=10),
        *unrouted("path-${run}"),
    ),
    "a text instead": (
        *routed("text-${run}", '{"source": ["aws.key"]}', Input='{"always": "this"}'),
        event('{"key": 1}'),
        received(wait=10),
        *unrouted("text-${run}"),
    ),
    "a template": (
        *routed(
            "template-${run}",
            '{"source": ["aws.key"]}',
            InputTransformer={
                "InputPathsMap": {"key": "$$.detail.key", "none": "$$.detail.none"},
                "InputTemplate": '{"key": <key>, "text": "<key>!", "none": <none>}',
            },
        ),
        event('{"key": "value"}'),
        received(wait=10),
        *unrouted("template-${run}"),
    ),
    "a disabled rule": (
        *routed("disabled-${run}", '{"source": ["aws.key"]}'),
        Step("events", "DisableRule", {"Name": "disabled-${run}"}),
        event('{"number": 1}'),
        Step("events", "EnableRule", {"Name": "disabled-${run}"}),
        event('{"number": 2}'),
        received(wait=10),
        received(),
        *unrouted("disabled-${run}"),
    ),
    "prefix": pattern("prefix", '{"key": [{"prefix": "a"}]}', '{"key": "b"}', '{"key": "ab"}'),
    "anything but": pattern(
        "but", '{"key": [{"anything-but": ["a"]}]}', '{"key": "a"}', '{"key": "b"}'
    ),
    "numbers": pattern(
        "num", '{"key": [{"numeric": [">", 1, "<=", 2]}]}', '{"key": 1}', '{"key": 2}'
    ),
    "exists": pattern("exists", '{"key": [{"exists": false}]}', '{"key": 1}', '{"other": 1}'),
    "suffix": pattern("suffix", '{"key": [{"suffix": "a"}]}', '{"key": "ab"}', '{"key": "ba"}'),
    "wildcard": pattern(
        "wild", '{"key": [{"wildcard": "a*c"}]}', '{"key": "ab"}', '{"key": "abc"}'
    ),
    "any case": pattern(
        "case", '{"key": [{"equals-ignore-case": "A"}]}', '{"key": "b"}', '{"key": "a"}'
    ),
}
"""What comes of events."""

RULES: Final[Mapping[str, Sequence[Step]]] = {
    "rules that are none": (
        Step("events", "PutRule", {"Name": "none-${run}"}),
        Step("events", "PutRule", {"Name": "none-${run}", "EventPattern": "no JSON"}),
        Step("events", "PutRule", {"Name": "none-${run}", "EventPattern": '{"source": "a"}'}),
        Step("events", "PutRule", {"Name": "none-${run}", "EventPattern": '{"source": []}'}),
        Step("events", "PutRule", {"Name": "none ${run}", "EventPattern": '{"source": ["a"]}'}),
        Step("events", "PutRule", {"Name": "x" * 65, "EventPattern": '{"source": ["a"]}'}),
        Step(
            "events",
            "PutRule",
            {"Name": "none-${run}", "EventPattern": '{"source": ["a"]}', "EventBusName": "none"},
        ),
        Step(
            "events",
            "PutRule",
            {"Name": "none-${run}", "EventPattern": '{"source": ["a"]}', "State": "ON"},
        ),
        Step("events", "DescribeRule", {"Name": "none-${run}"}),
    ),
    "targets that are none": (
        Step("events", "PutRule", {"Name": "t-${run}", "EventPattern": '{"source": ["a"]}'}),
        Step(
            "events",
            "PutTargets",
            {
                "Rule": "gone-${run}",
                "Targets": [{"Id": "1", "Arn": "arn:aws:sqs:local:111111111111:a"}],
            },
        ),
        Step("events", "PutTargets", {"Rule": "t-${run}", "Targets": []}),
        Step("events", "PutTargets", {"Rule": "t-${run}", "Targets": [{"Id": "1", "Arn": "none"}]}),
        Step("events", "RemoveTargets", {"Rule": "gone-${run}", "Ids": ["1"]}),
        Step("events", "ListTargetsByRule", {"Rule": "t-${run}"}),
        Step("events", "DeleteRule", {"Name": "t-${run}"}),
    ),
    "pages": (
        *(
            Step(
                "events",
                "PutRule",
                {"Name": f"p{number}-${{run}}", "EventPattern": '{"source": ["a"]}'},
            )
            for number in range(3)
        ),
        Step("events", "ListRules", {"NamePrefix": "p", "Limit": 2}, {"next": "NextToken"}),
        Step("events", "ListRules", {"NamePrefix": "p", "Limit": 2, "NextToken": "${next}"}),
        Step("events", "ListRules", {"NamePrefix": "p", "NextToken": "none"}),
        *(Step("events", "DeleteRule", {"Name": f"p{number}-${{run}}"}) for number in range(3)),
    ),
    "entries that are none": (
        Step("events", "PutEvents", {"Entries": []}),
        Step("events", "PutEvents", {"Entries": [{}]}),
        Step(
            "events", "PutEvents", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "[]"}]}
        ),
        Step(
            "events",
            "PutEvents",
            {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}] * 11},
        ),
        Step(
            "events",
            "PutEvents",
            {
                "Entries": [
                    {"Source": "a", "DetailType": "b", "Detail": "{}", "EventBusName": "none"}
                ]
            },
        ),
    ),
}
"""What is refused, and how lists go on."""
