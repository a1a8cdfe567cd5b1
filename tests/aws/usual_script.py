"""The script that everybody writes first: a queue, a rule that fills it, events, and their receipt.

It runs unchanged against AWS, moto and Keybus: only the endpoint and the credentials differ.

    python tests/aws/usual_script.py http://127.0.0.1:7411
"""

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import boto3

NAME = "key-events"
COUNT = 3
PATIENCE = 120.0


def usual_script(
    endpoint: str | None = None, key: Mapping[str, str] | None = None, count: int = COUNT
) -> dict[str, Any]:
    """Put events and receive them from a queue; what was made is removed again.

    Args:
        endpoint: Where both services answer; None: AWS itself.
        key: boto3's credentials and region; what is absent is looked for as boto3 does.
        count: How many events.

    Returns:
        What came, without ids and times: by itself the same everywhere.
    """
    made = boto3.session.Session(**(key or {}))
    events = made.client("events", endpoint_url=endpoint)
    sqs = made.client("sqs", endpoint_url=endpoint)
    queue = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    try:
        asked = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        arn = asked["Attributes"]["QueueArn"]
        rule = events.put_rule(
            Name=NAME, EventPattern=json.dumps({"source": ["usual.script"]}), State="ENABLED"
        )
        sqs.set_queue_attributes(
            QueueUrl=queue, Attributes={"Policy": policy(arn, rule["RuleArn"])}
        )
        targets = events.put_targets(Rule=NAME, Targets=[{"Id": "queue", "Arn": arn}])
        entry = {"Source": "usual.script", "DetailType": "Usual Event"}
        other = entry | {"Source": "other.script", "Detail": json.dumps({"number": -1})}
        put = [
            events.put_events(Entries=[entry | {"Detail": json.dumps({"number": number})}, other])
            for number in range(count)
        ]
        failed = [each for answer in put for each in answer["Entries"] if "ErrorCode" in each]
        if failed:
            sys.exit(f"{failed[0]['ErrorCode']}: {failed[0]['ErrorMessage']}")
        received = receive(sqs, queue, count)
        left = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=0).get("Messages", [])
        return {
            "rule": rule["RuleArn"].rpartition(":")[2],
            "targets": targets["FailedEntryCount"],
            "failed": len(failed),
            "received": received,
            "left": len(left),
        }
    finally:
        clean_up(events, sqs, queue)


def policy(queue: str, rule: str) -> str:
    """What lets EventBridge send to the queue; AWS delivers nothing without it."""
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def receive(sqs: Any, queue: str, count: int) -> list[dict[str, Any]]:
    """Receive and delete so many messages; the events, without what differs each time."""
    found: list[dict[str, Any]] = []
    ends = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < ends:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            found.append({name: event[name] for name in ("source", "detail-type", "detail")})
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found, key=lambda event: event["detail"]["number"])


def clean_up(events: Any, sqs: Any, queue: str) -> None:
    """Remove the rule and the queue."""
    events.remove_targets(Rule=NAME, Ids=["queue"])
    events.delete_rule(Name=NAME)
    sqs.delete_queue(QueueUrl=queue)
    events.close()
    sqs.close()


if __name__ == "__main__":
    print(json.dumps(usual_script(sys.argv[1] if sys.argv[1:] else None), indent=2))  # noqa: T201 - a script
