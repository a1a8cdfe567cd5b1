"""A scene played on one implementation, through boto3."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws.another import KEY
from tests.aws.chapters.step import Step, filled, kept_of
from tests.aws.differential.normal import leaves, normal
from tests.aws.surface import SERVICES

ABSENT: Final = "(absent)"
ANSWERED: Final = "(answered)"
ERROR: Final = ".error"
RUN: Final = "scene"
"""What names of a scene have in them, on either side."""
Play = Mapping[str, Any]
"""What was answered: every value by the step's number, its operation and the value's path."""


@contextmanager
def clients(url: str) -> Iterator[Mapping[str, Any]]:
    """boto3's clients of all services, which send what they are told and try once."""
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1}, read_timeout=60)
    made = {
        name: boto3.session.Session(**KEY).client(name, endpoint_url=url, config=config)
        for name in SERVICES
    }
    try:
        yield made
    finally:
        for each in made.values():
            each.close()


def play(on: Mapping[str, Any], scene: Sequence[Step], run: str = RUN) -> Play:
    """Play a scene.

    Args:
        on: The clients.
        scene: Its steps.
        run: What its names have in them.
    """
    found, kept = dict[str, Any](), {"run": run}
    for number, step in enumerate(scene, 1):
        at = f"{number} {step.operation}"
        try:
            answer = on[step.service]._make_api_call(step.operation, filled(step.asked, kept))  # noqa: SLF001 - botocore's methods are made of it
        except ClientError as error:
            found[f"{at}{ERROR}"] = error.response["Error"]["Code"]
            continue
        kept |= kept_of(step, answer)
        found.update(leaves(normal(answer), at))
    return found


def compared(keybus: Play, other: Play) -> dict[str, tuple[Any, Any]]:
    """Where two plays differ: what either has there.

    Where one refuses what the other answers, that is all that is told of the step.
    """
    refused = {at.removesuffix(ERROR) for at in {*keybus, *other} if at.endswith(ERROR)}
    found = dict[str, tuple[Any, Any]]()
    for at in [*keybus, *(each for each in other if each not in keybus)]:
        step = at.partition(".")[0]
        if step in refused and not at.endswith(ERROR):
            continue
        absent = ANSWERED if at.endswith(ERROR) else ABSENT
        pair = keybus.get(at, absent), other.get(at, absent)
        if pair[0] != pair[1]:
            found[at] = pair
    return found
