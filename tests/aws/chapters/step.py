"""One call of a chapter, and the telling of chapters."""

import secrets
from collections.abc import Iterator, Sequence
from string import Template
from typing import Any

import msgspec

from tests.aws.answers import parsed_answer
from tests.aws.wire import Answered, Wire


class Step(msgspec.Struct, frozen=True):
    """One call.

    Attributes:
        service: As boto3 calls it.
        operation: Its name.
        asked: Its parameters; ``${name}`` in a text stands for what was kept before.
        keeps: What is kept of the answer: by name, the member's path in botocore's answer.
        refused: The error code with which it is refused on purpose; empty: it succeeds.
        late: The error code where it may come too late; empty: it cannot.
    """

    service: str
    operation: str
    asked: dict[str, Any] = {}
    keeps: dict[str, str] = {}
    refused: str = ""
    late: str = ""


class Told(msgspec.Struct, frozen=True):
    """A step that was taken: with which parameters, and what was answered."""

    step: Step
    asked: Any
    answered: Answered


def tell(wire: Wire, chapter: Sequence[Step]) -> Iterator[Told]:
    """Take a chapter's steps, one after the other; everything in it has names of its own."""
    kept = {"run": secrets.token_hex(4)}
    for step in chapter:
        asked = filled(step.asked, kept)
        answered = wire.call(step.service, step.operation, asked)
        yield Told(step, asked, answered)
        if answered.is_error and step.keeps:
            return  # what follows asks for what there is not
        kept |= kept_of(step, parsed_answer(step.service, step.operation, answered))


def filled(value: Any, kept: dict[str, str]) -> Any:
    """A value with what was kept in the place of its names; other texts stay."""
    if isinstance(value, dict):
        return {filled(name, kept): filled(each, kept) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, kept) for each in value]
    return Template(value).safe_substitute(kept) if isinstance(value, str) else value


def kept_of(step: Step, answer: Any) -> dict[str, str]:
    """What is kept of a step's answer, as botocore has it."""
    return {name: str(at(answer, path)) for name, path in step.keeps.items()}


def at(value: Any, path: str) -> Any:
    """What stands at a path; None where there is nothing."""
    for part in path.split("."):
        if isinstance(value, list) and int(part) < len(value):
            value = value[int(part)]
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value
