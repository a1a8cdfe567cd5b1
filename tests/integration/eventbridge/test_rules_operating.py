"""Rules as whoever operates the bus meets them: after a crash, in drift, in explain, in metrics."""

import json
import subprocess
import sys
import time
import urllib.request
from typing import Any

import boto3
import pytest

from tests.running import EXAMPLE, Server

pytestmark = pytest.mark.long
ACCOUNT = "100000000000"
NAME = "rule:platform/doors/q"
PATIENCE = 60.0


def client(server: Server, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="local",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def keybus(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "keybus", *arguments, "--url", server.url],
        env=server.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_rule_outlives_a_crash_with_all_that_waits(server: Server) -> None:
    events = client(server, "events")
    events.put_rule(Name="doors", EventPattern='{"source": ["aws.key"]}')
    target = {"Id": "q", "Arn": f"arn:aws:sqs:local:{ACCOUNT}:doors"}
    assert events.put_targets(Rule="doors", Targets=[target])["FailedEntryCount"] == 0
    first = put(events, 1)
    server.kill()
    server.start()
    events, sqs = client(server, "events"), client(server, "sqs")
    assert events.list_targets_by_rule(Rule="doors")["Targets"] == [target]
    second = put(events, 2)
    queue = sqs.create_queue(QueueName="doors")["QueueUrl"]
    assert received(sqs, queue, 2) == {first, second}
    told = keybus(server, "explain", first)
    assert told.returncode == 0, told.stderr
    assert NAME in told.stdout


def test_a_rule_is_drift_and_nothing_that_is_pruned(server: Server) -> None:
    assert keybus(server, "platform", "drift", str(EXAMPLE)).returncode == 0
    events = client(server, "events")
    events.put_rule(Name="doors", EventPattern='{"source": ["aws.key"]}')
    arn = f"arn:aws:sqs:local:{ACCOUNT}:doors"
    events.put_targets(Rule="doors", Targets=[{"Id": "q", "Arn": arn}])
    put(events, 1)
    drift = keybus(server, "platform", "drift", str(EXAMPLE))
    assert drift.returncode == 1
    assert "made by hand: rule doors of platform" in drift.stdout
    assert "no subscription declares" not in drift.stdout
    found = json.loads(keybus(server, "platform", "drift", str(EXAMPLE), "--json").stdout)
    [made] = found["made"]
    assert (made["kind"], made["name"], made["account"]) == ("rule", "doors", "platform")
    assert arn in made["what"]
    assert (found["queues"], found["consumers"]) == ([], [])
    assert "every queue is declared" in keybus(server, "platform", "prune", "--yes").stdout
    metrics = urllib.request.urlopen(f"{server.url}/metrics").read().decode()
    assert f'subscription="{NAME}"' in metrics
    listed = keybus(server, "subscriptions").stdout
    assert NAME in listed
    events.remove_targets(Rule="doors", Ids=["q"])
    events.delete_rule(Name="doors")
    assert keybus(server, "platform", "drift", str(EXAMPLE)).returncode == 0


def test_dead_letters_of_a_rule_are_looked_at_and_redriven(server: Server) -> None:
    events, sqs = client(server, "events"), client(server, "sqs")
    events.put_rule(Name="doors", EventPattern='{"source": ["aws.key"]}')
    target = {
        "Id": "q",
        "Arn": f"arn:aws:sqs:local:{ACCOUNT}:doors",
        "RetryPolicy": {"MaximumRetryAttempts": 0},
    }
    events.put_targets(Rule="doors", Targets=[target])
    event = put(events, 1)
    end = time.monotonic() + PATIENCE
    while "1 dead letter" not in (told := keybus(server, "dlq", "list", NAME).stdout):
        assert time.monotonic() < end, told
    queue = sqs.create_queue(QueueName="doors")["QueueUrl"]
    redriven = keybus(server, "dlq", "redrive", NAME, "--all", "--yes")
    assert redriven.returncode == 0, redriven.stderr
    assert received(sqs, queue, 1) == {event}


def put(events: Any, number: int) -> str:
    detail = json.dumps({"number": number})
    entry = {"Source": "aws.key", "DetailType": "Door Opened", "Detail": detail}
    [result] = events.put_events(Entries=[entry])["Entries"]
    return str(result["EventId"])


def received(sqs: Any, queue: str, count: int) -> set[str]:
    """The ids of so many events that come to a queue."""
    found: set[str] = set()
    end = time.monotonic() + PATIENCE
    while len(found) < count:
        assert time.monotonic() < end, found
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20, MaxNumberOfMessages=10)
        found |= {json.loads(each["Body"])["id"] for each in answer.get("Messages", [])}
    return found
