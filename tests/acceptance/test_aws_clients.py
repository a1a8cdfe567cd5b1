"""The case study's sample, by boto3 and by the AWS CLI, each delivered to a subscriber."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from keybus import Envelope, EventSubscriber
from tests.running import Server

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
