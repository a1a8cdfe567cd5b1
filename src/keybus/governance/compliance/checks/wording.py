"""Names in sentences."""

from collections.abc import Iterable

from keybus.topology.findings import quoted

_MOST = 5


def listed(names: Iterable[str]) -> str:
    """Some names, sorted and in quotes; of many, the first and how many more."""
    found = sorted(names)
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return ", ".join(quoted(name) for name in found[:_MOST]) + more
