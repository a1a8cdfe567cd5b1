"""The case study's sample, by boto3 and by the AWS CLI, each delivered to a subscriber."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import pytest

from keybus import Envelope, EventSubscriber
from keybus.governance.credentials import Issued
from tests.running import ClosedServer, Server

SAMPLE = {
    "Source": "aws.key",
    "Resources": [],
    "DetailType": "Key Event",
    "Detail": '{"key": "value"}',
}


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


async def delivered(url: str) -> list[Envelope]:
    """What partner-feed, which asks for the source aws.key, is given first."""
    subscriber = EventSubscriber("partner-feed", url)
    received: list[Envelope] = []

    @subscriber.on("Key Event")
    async def take(envelope: Envelope) -> None:
        received.append(envelope)
        subscriber.stop()

    async with asyncio.timeout(20):
        await subscriber.serve()
    return received


def check(envelope: Envelope, event_id: str) -> None:
    assert envelope.id == event_id
    assert envelope.source == "aws.key"
    assert envelope.detail_type == "Key Event"
    assert bytes(envelope.detail) == b'{"key": "value"}'
    assert envelope.resources == ()


@pytest.mark.usefixtures("aws_environment")
async def test_boto3(server: Server) -> None:
    client = boto3.client("events", endpoint_url=server.url)
    answer = await asyncio.to_thread(client.put_events, Entries=[SAMPLE])
    assert answer["FailedEntryCount"] == 0
    [envelope] = await delivered(server.url)
    check(envelope, answer["Entries"][0]["EventId"])
    client.close()


async def test_the_aws_cli(server: Server, environment: dict[str, str]) -> None:
    aws = shutil.which("aws", path=str(Path(sys.executable).parent))
    assert aws is not None, "the lock installs the AWS CLI"
    command = [aws, "events", "put-events", "--endpoint-url", server.url]
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, "--entries", json.dumps([SAMPLE])],
        env={**environment, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["FailedEntryCount"] == 0
    [envelope] = await delivered(server.url)
    check(envelope, answer["Entries"][0]["EventId"])


SALE = {"Source": "shop.till", "DetailType": "Sale", "Detail": '{"amount": 3}'}


def signing(server: Server, issued: Issued, **changes: str) -> Any:
    """boto3's client with an access key that the bus issued."""
    options = {
        "aws_access_key_id": issued.credential.id,
        "aws_secret_access_key": issued.secret,
        "region_name": "eu-central-1",
    }
    return boto3.client("events", endpoint_url=server.url, **(options | changes))


@pytest.mark.usefixtures("aws_environment")
def test_boto3_signs_with_an_issued_key(closed: ClosedServer) -> None:
    client = signing(closed, closed.issue("shop", "publisher", kind="key"))
    for _ in range(3):  # equal requests, mostly within a second, carry equal signatures
        answer = client.put_events(Entries=[SALE, SALE | {"Source": "aws.key"}])
        assert answer["FailedEntryCount"] == 1
        assert answer["Entries"][0]["EventId"]
        assert answer["Entries"][1]["ErrorCode"] == "NotAuthorizedForSource"
    client.close()


@pytest.mark.usefixtures("aws_environment")
def test_boto3_hears_why_it_is_not_let_in(closed: ClosedServer) -> None:
    issued = closed.issue("shop", "publisher", kind="key")
    for changes in (
        {"aws_secret_access_key": "made-up"},
        {"aws_access_key_id": "KBAKAAAAAAAAAAAAAAAA"},
        {"aws_session_token": "made-up"},
    ):
        client = signing(closed, issued, **changes)
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            client.put_events(Entries=[SALE])
        assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"
        client.close()


def test_the_aws_cli_signs_with_a_key_that_the_command_line_issued(
    closed: ClosedServer, environment: dict[str, str]
) -> None:
    given = closed.run(
        "issue", "--account", "shop", "--role", "publisher", "--key", token=closed.token
    ).stdout
    keys = dict(line.split("=", 1) for line in given.splitlines())
    aws = shutil.which("aws", path=str(Path(sys.executable).parent))
    assert aws is not None, "the lock installs the AWS CLI"
    command = [aws, "events", "put-events", "--endpoint-url", closed.url]
    done = subprocess.run(
        [*command, "--entries", json.dumps([SALE])],
        env={**environment, **keys, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["FailedEntryCount"] == 0
    closed.run("revoke", keys["AWS_ACCESS_KEY_ID"], token=closed.token)
