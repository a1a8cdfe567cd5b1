"""What tests say of cuts after which something is wrong."""

from collections.abc import Iterable

from tests.reliability.history import Cut


def problems(found: Iterable[Cut]) -> list[str]:
    """What is wrong, by seed: `python -m tests.reliability --part … --seed SEED --histories 1`."""
    return [
        f"seed {cut.seed}, cut {cut.number} ({cut.when}): {problem}"
        for cut in found
        for problem in cut.problems
    ]
