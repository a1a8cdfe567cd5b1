"""What is done on both: the chapters, and what programs rely on beyond single answers."""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.aws.chapters import CHAPTERS, Step
from tests.aws.differential.event_scenes import ROUTES, RULES
from tests.aws.differential.queue_scenes import QUEUES

OTHER_HAS_NOT: Final = frozenset(
    {
        "CancelMessageMoveTask",
        "DeauthorizeConnection",
        "ListMessageMoveTasks",
        "StartMessageMoveTask",
        "TestEventPattern",
        "UpdateEventBus",
    }
)
"""Operations that moto does not have, or answers without looking at what it is asked."""


def scenes() -> Mapping[str, Sequence[Step]]:
    """All scenes by their names, without what moto has not, and what may come too late."""
    chapters = {
        name: steps
        for name, steps in CHAPTERS.items()
        if all(each.service != "schemas" for each in steps)
    }
    return {
        name: [each for each in steps if each.operation not in OTHER_HAS_NOT and not each.late]
        for name, steps in {**chapters, **QUEUES, **ROUTES, **RULES}.items()
    }
