"""The real AWS CLI, unchanged but for its endpoint."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sqs.serving import fresh
from tests.running import Server

pytestmark = pytest.mark.long


def aws(server: Server, home: Path, *arguments: str) -> Any:
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [sys.executable, "-m", "awscli", "--endpoint-url", server.url, "sqs", *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def test_a_queue_from_the_first_to_the_last_command(shared_server: Server, tmp_path: Path) -> None:
    def run(*arguments: str) -> Any:
        return aws(shared_server, tmp_path, *arguments)

    name = fresh()
    url = run("create-queue", "--queue-name", name, "--attributes", "VisibilityTimeout=60")[
        "QueueUrl"
    ]
    assert run("get-queue-url", "--queue-name", name)["QueueUrl"] == url
    given = '{"colour": {"DataType": "String", "StringValue": "red"}}'
    sent = run(
        "send-message", "--queue-url", url, "--message-body", "Käse", "--message-attributes", given
    )
    asked = ("--wait-time-seconds", "10", "--message-attribute-names", "All")
    [found] = run("receive-message", "--queue-url", url, *asked)["Messages"]
    assert (found["MessageId"], found["Body"]) == (sent["MessageId"], "Käse")
    assert found["MessageAttributes"] == json.loads(given)
    handle = found["ReceiptHandle"]
    run("delete-message", "--queue-url", url, "--receipt-handle", handle)
    told = run("get-queue-attributes", "--queue-url", url, "--attribute-names", "All")["Attributes"]
    assert told["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert url in run("list-queues")["QueueUrls"]
    run("delete-queue", "--queue-url", url)
