"""The usual script by the AWS CLI: every parameter as its documentation has it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.running import Server

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
EVENT = [{"Source": "aws.key", "DetailType": "Key Event", "Detail": '{"key": "value"}'}]


class Aws:
    """The AWS CLI, asking one bus."""

    def __init__(self, url: str, environment: dict[str, str]) -> None:
        command = shutil.which("aws", path=str(Path(sys.executable).parent))
        assert command is not None, "the lock installs the AWS CLI"
        # By an argument: for SQS version 1 of the CLI does not look at AWS_ENDPOINT_URL.
        self._command = [command, "--endpoint-url", url, "--output", "json"]
        self._environment = environment | {"PYTHONPATH": ""}

    def __call__(self, *arguments: str) -> Any:
        """What a command prints, which is JSON, or nothing."""
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return json.loads(done.stdout or "{}")


def test_the_usual_script(open_bus: Server, environment: dict[str, str]) -> None:
    aws = Aws(open_bus.url, environment)
    queue = aws("sqs", "create-queue", "--queue-name", "by-hand")["QueueUrl"]
    at = ("--queue-url", queue)
    asked = aws("sqs", "get-queue-attributes", *at, "--attribute-names", "QueueArn")
    arn = asked["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["aws.key"]})
    aws("events", "put-rule", "--name", "by-hand", "--event-pattern", pattern)
    put = aws("events", "put-targets", "--rule", "by-hand", "--targets", f"Id=queue,Arn={arn}")
    assert put["FailedEntryCount"] == 0
    assert aws("events", "put-events", "--entries", json.dumps(EVENT))["FailedEntryCount"] == 0
    [message] = aws("sqs", "receive-message", *at, "--wait-time-seconds", "20")["Messages"]
    assert json.loads(message["Body"])["detail"] == {"key": "value"}
    aws("sqs", "delete-message", *at, "--receipt-handle", message["ReceiptHandle"])
    [rule] = aws("events", "list-rules", "--name-prefix", "by-hand")["Rules"]
    assert rule["State"] == "ENABLED"
    aws("events", "remove-targets", "--rule", "by-hand", "--ids", "queue")
    aws("events", "delete-rule", "--name", "by-hand")
    aws("sqs", "delete-queue", *at)


def test_the_contracts(open_bus: Server, environment: dict[str, str]) -> None:
    aws = Aws(open_bus.url, environment)
    listed = aws("schemas", "list-schemas", "--registry-name", "keybus", "--max-items", "2")
    name = listed["Schemas"][0]["SchemaName"]
    named = ("--registry-name", "keybus", "--schema-name", name)
    described = aws("schemas", "describe-schema", *named)
    assert described["Type"] == "JSONSchemaDraft4"
    assert json.loads(described["Content"])["$schema"] == "http://json-schema.org/draft-04/schema#"
