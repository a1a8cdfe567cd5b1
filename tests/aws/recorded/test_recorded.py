"""What Terraform's and CDK's clients send for a queue, its policy, a rule, a target and an archive."""

import json
import secrets
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.aws.answers import faults, parsed_answer
from tests.aws.chapters.step import at, filled
from tests.aws.serialising import serialised
from tests.aws.surface import SERVICES, service_model
from tests.aws.wire import Wire


class Recorded(msgspec.Struct, frozen=True):
    """One request.

    Attributes:
        target: The service's prefix and the operation.
        body: The body; ``${name}`` stands for what was kept before.
        keeps: What is kept of the answer, by the member's path.
        answers: What the answer has to have, by the member's path: else the tool sees drift.
        refused: The error that the tool waits for; empty: none.
    """

    target: str
    body: dict[str, Any]
    keeps: dict[str, str] = {}
    answers: dict[str, Any] = {}
    refused: str = ""


class Recording(msgspec.Struct, frozen=True):
    """What one client sends, each request with its headers."""

    client: str
    headers: dict[str, str]
    requests: list[Recorded]


FILES = sorted(Path(__file__).parent.glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_a_tool_sends_is_answered(wire: Wire, file: Path) -> None:
    recording = msgspec.json.decode(file.read_bytes(), type=Recording)
    kept = {"run": secrets.token_hex(4)}
    for request in recording.requests:
        service, operation = named(request.target)
        sent = serialised(service, operation, filled(request.body, kept))
        answered = wire.send(
            msgspec.structs.replace(sent, headers=recording.headers | sent.headers), service
        )
        assert faults(service, operation, answered) == [], request.target
        code = answered.code if answered.is_error else ""
        assert code == request.refused, (request.target, answered.body)
        answer = parsed_answer(service, operation, answered)
        kept |= {name: str(at(answer, path)) for name, path in request.keeps.items()}
        found = {path: at(answer, path) for path in request.answers}
        assert found == filled(request.answers, kept), request.target


def named(target: str) -> tuple[str, str]:
    """The service and the operation of a target."""
    prefix, _, operation = target.partition(".")
    prefixes = {service_model(each).metadata.get("targetPrefix"): each for each in SERVICES}
    return prefixes[prefix], operation


def test_a_recording_names_operations_and_members_of_the_models() -> None:
    for file in FILES:
        recording = msgspec.json.decode(file.read_bytes(), type=Recording)
        for request in recording.requests:
            service, operation = named(request.target)
            shape = service_model(service).operation_model(operation).input_shape
            assert request.body.keys() <= shape.members.keys(), request.target
        assert json.loads(file.read_text())["client"] == recording.client
