"""(b) Every member of every supported operation at its bounds, and beyond them, as no client sends it.

What the model forbids is refused; what it allows is answered, or refused for a reason that the
operation has. Nothing is a fault of the server's, and every connection stays open.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest

from tests.aws.answers import faults
from tests.aws.chapters import CHAPTERS, Step, tell
from tests.aws.mutants import mutants
from tests.aws.surface import model, supported
from tests.aws.wire import Answered, Wire

QUICK: Final = (
    ("events", "PutRule", 5),
    ("events", "PutTargets", 40),
    ("events", "CreateConnection", 40),
    ("sqs", "SendMessageBatch", 10),
    ("schemas", "CreateSchema", 10),
)
"""Of which operations the quick part sends mutants, and of how many one."""
UNWAITED: Final = {"WaitTimeSeconds": 0}
"""What would take its time."""
TAKEN: Final[dict[str, str]] = {}
"""What the model forbids and is answered all the same, by the beginning of its name; and why."""


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("service", "operation"), list(supported()))
def test_every_member_at_its_bounds(wire: Wire, service: str, operation: str) -> None:
    assert found(wire, service, operation, 1) == []


@pytest.mark.parametrize(("service", "operation", "each"), QUICK)
def test_some_members_at_their_bounds(wire: Wire, service: str, operation: str, each: int) -> None:
    assert found(wire, service, operation, each) == []


def found(wire: Wire, service: str, operation: str, each: int) -> list[str]:
    """What is wrong with the answers to every so many mutants of an operation's valid input.

    They are sent where the operation's chapter has come to it; then the chapter goes on to its end,
    which removes what it has made.
    """
    wrong, reached = list[str](), False
    for told in tell(wire, chapter_of(service, operation)):
        if not reached and (told.step.service, told.step.operation) == (service, operation):
            reached = True
            waits = UNWAITED.keys() & told.asked.keys()
            valid = told.asked | {name: UNWAITED[name] for name in waits}
            wrong = list(wrongs(wire, service, operation, valid, each))
    return wrong if reached else [f"{service} {operation} was not reached"]


def refused(answered: Answered) -> bool:
    """Whether a request was refused, or an entry of it."""
    if answered.is_error:
        return True
    answer = answered.json() if answered.body.startswith(b"{") else {}
    return bool(answer.get("Failed") or answer.get("FailedEntryCount"))


def chapter_of(service: str, operation: str) -> Sequence[Step]:
    """The first chapter that has an operation."""
    for chapter in CHAPTERS.values():
        if any((step.service, step.operation) == (service, operation) for step in chapter):
            return chapter
    return ()


def wrongs(wire: Wire, service: str, operation: str, valid: Any, each: int) -> Iterator[str]:
    """What is wrong with the answers to every so many mutants of a valid input."""
    for mutant in list(mutants(model(service, operation).input_shape, valid))[::each]:
        at = f"{service} {operation}{mutant.name}"
        answered = wire.call(service, operation, mutant.asked)
        yield from (f"{at}: {told}" for told in faults(service, operation, answered))
        if mutant.breaks and not refused(answered) and not at.startswith(tuple(TAKEN)):
            yield f"{at}: the model forbids it, and it was answered"
