"""Rules, targets, tags: what a program does that routes events to a queue."""

from typing import Final

from tests.aws.chapters.step import Step

PATTERN: Final = '{"source": ["aws.key"], "detail": {"key": ["value"]}}'
QUEUE: Final = (
    Step("sqs", "CreateQueue", {"QueueName": "rule-${run}"}, {"url": "QueueUrl"}),
    Step(
        "sqs",
        "GetQueueAttributes",
        {"QueueUrl": "${url}", "AttributeNames": ["QueueArn"]},
        {"queue": "Attributes.QueueArn"},
    ),
)
RULE: Final = Step(
    "events",
    "PutRule",
    {
        "Name": "rule-${run}",
        "EventPattern": PATTERN,
        "State": "ENABLED",
        "Description": "keys",
        "EventBusName": "default",
        "Tags": [{"Key": "stage", "Value": "test"}],
    },
    {"rule": "RuleArn"},
)
NAMED: Final = {"Name": "rule-${run}", "EventBusName": "default"}
TRANSFORMER: Final = {
    "InputPathsMap": {"key": "$$.detail.key"},
    "InputTemplate": '{"the key": <key>, "rule": <aws.events.rule-name>}',
}

RULES: Final = (
    RULE,
    Step("events", "PutRule", {"Name": "rule-${run}", "EventPattern": PATTERN}),
    Step("events", "DescribeRule", NAMED),
    Step(
        "events", "ListRules", {"NamePrefix": "rule-${run}", "EventBusName": "default", "Limit": 1}
    ),
    Step("events", "DisableRule", NAMED),
    Step("events", "EnableRule", NAMED),
    Step("events", "ListRules", {}),
    Step("events", "DeleteRule", {**NAMED, "Force": True}),
    Step("events", "DeleteRule", NAMED),
    Step("events", "DescribeRule", NAMED, refused="ResourceNotFoundException"),
    Step("events", "EnableRule", NAMED, refused="ResourceNotFoundException"),
    Step("events", "DisableRule", NAMED, refused="ResourceNotFoundException"),
)

TARGETS: Final = (
    *QUEUE,
    RULE,
    Step(
        "events",
        "PutTargets",
        {
            "Rule": "rule-${run}",
            "EventBusName": "default",
            "Targets": [
                {
                    "Id": "a-plain",
                    "Arn": "${queue}",
                    "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 600},
                    "DeadLetterConfig": {"Arn": "${queue}"},
                },
                {"Id": "b-path", "Arn": "${queue}", "InputPath": "$$.detail"},
                {"Id": "c-made", "Arn": "${queue}", "InputTransformer": TRANSFORMER},
                {"Id": "d-same", "Arn": "${queue}", "Input": '{"always": "this"}'},
            ],
        },
    ),
    Step(
        "events",
        "ListTargetsByRule",
        {"Rule": "rule-${run}", "EventBusName": "default", "Limit": 2},
    ),
    Step(
        "events",
        "ListRuleNamesByTarget",
        {"TargetArn": "${queue}", "EventBusName": "default", "Limit": 10},
    ),
    Step("events", "DeleteRule", NAMED, refused="ValidationException"),
    Step("events", "RemoveTargets", {"Rule": "rule-${run}", "Ids": ["b-path", "c-made", "none"]}),
    Step(
        "events",
        "RemoveTargets",
        {
            "Rule": "rule-${run}",
            "EventBusName": "default",
            "Ids": ["a-plain", "d-same"],
            "Force": False,
        },
    ),
    Step("events", "DeleteRule", NAMED),
    Step(
        "events", "ListTargetsByRule", {"Rule": "rule-${run}"}, refused="ResourceNotFoundException"
    ),
    Step("sqs", "DeleteQueue", {"QueueUrl": "${url}"}),
)

TAGS: Final = (
    RULE,
    Step(
        "events",
        "TagResource",
        {"ResourceARN": "${rule}", "Tags": [{"Key": "team", "Value": "doors"}]},
    ),
    Step("events", "ListTagsForResource", {"ResourceARN": "${rule}"}),
    Step("events", "UntagResource", {"ResourceARN": "${rule}", "TagKeys": ["stage", "none"]}),
    Step("events", "DeleteRule", NAMED),
    Step(
        "events",
        "ListTagsForResource",
        {"ResourceARN": "${rule}"},
        refused="ResourceNotFoundException",
    ),
)
