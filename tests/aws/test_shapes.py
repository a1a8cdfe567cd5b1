"""(a) Every supported operation answers as its model says, whether it does what is asked or not."""

from typing import Any

import pytest

from tests.aws.answers import faults, parsed_answer
from tests.aws.chapters import CHAPTERS, Told, tell
from tests.aws.mutants import minimal
from tests.aws.surface import model, refused, supported
from tests.aws.wire import Answered, Wire


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_is_answered_as_the_models_say(wire: Wire, name: str) -> None:
    taken = list(tell(wire, CHAPTERS[name]))
    assert [wrong for told in taken for wrong in wrongs(told)] == []
    assert len(taken) == len(CHAPTERS[name])


def wrongs(told: Told) -> list[str]:
    """What is wrong with the answer to a step."""
    step, answered = told.step, told.answered
    at = f"{step.service} {step.operation}"
    found = [f"{at}: {each}" for each in faults(step.service, step.operation, answered)]
    code = answered.code if answered.is_error else ""
    if code != step.refused and not (code and code == step.late):
        found.append(f"{at} {told.asked}: {answered.status} {answered.body[:400]!r}")
    return found


def test_every_supported_operation_is_in_a_chapter() -> None:
    asked = {(each.service, each.operation) for chapter in CHAPTERS.values() for each in chapter}
    assert asked == set(supported())


def test_what_is_supported_does_what_is_asked() -> None:
    steps = [each for chapter in CHAPTERS.values() for each in chapter]
    done = {(each.service, each.operation) for each in steps if not each.refused}
    assert done == set(supported())


@pytest.mark.parametrize(("service", "operation", "why"), list(refused()))
def test_what_is_refused_on_purpose_says_why(
    wire: Wire, service: str, operation: str, why: str
) -> None:
    answered = wire.call(service, operation, minimal(model(service, operation).input_shape))
    assert 400 <= answered.status < 500
    error = parsed_answer(service, operation, answered)["Error"]
    assert error["Code"]
    assert error["Message"] == f"{operation} is not supported by Keybus: {why}"


@pytest.mark.parametrize(
    ("operation", "body", "told"),
    [
        ("DescribeRule", b'{"Name": 5, "Nmae": ""}', "no member 'Nmae'"),
        ("DescribeRule", b'{"Name": 5}', "5 is no text"),
        ("ListRules", b'{"Rules": [{"Name": "a", "State": "ON"}]}', "'ON' is none of"),
        ("ListRules", b'{"Rules": [null]}', "null"),
        ("DescribeReplay", b'{"EventStartTime": "2026"}', "no time"),
    ],
)
def test_a_wrong_answer_is_found(operation: str, body: bytes, told: Any) -> None:
    answered = Answered(200, {"x-amzn-requestid": "1"}, body)
    assert any(told in each for each in faults("events", operation, answered))
