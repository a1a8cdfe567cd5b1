"""What the commands about use share: the platform, and how verdicts are printed."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from keybus.errors import SettingsError
from keybus.governance.usage import Affected, Reason
from keybus.topology import Platform, load_apart

PLATFORM = click.option(
    "--platform",
    "platform_file",
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="Who uses the events.  [default: platform.yaml or platform.py beside FOLDER]",
)
_WIDTH = len("unknown")


def platform_of(folder: Path, platform_file: Path | None) -> Platform:
    """The platform that ``--platform`` names, or that stands beside the contracts.

    What it says of its contracts is not held against them: that is what is asked for here.

    Args:
        folder: The contracts' folder.
        platform_file: A platform's file or folder; None: the one beside the contracts.

    Raises:
        TopologyError: It has faults of its own.
        SettingsError: There is none.
    """
    beside = folder.absolute().parent
    if platform_file is None:
        if not any((beside / name).is_file() for name in ("platform.yaml", "platform.py")):
            raise SettingsError(
                f"there is no platform file beside {folder}, so nobody knows who uses its events",
                hint="name it: --platform FILE",
            )
        platform_file = beside
    return load_apart(platform_file)


def lines_of(users: Iterable[Affected]) -> Iterator[str]:
    """A line for each user and reason, the verdict first; what breaks stands above the rest."""
    order = ("breaks", "unknown", "safe")
    for each in sorted(users, key=lambda each: order.index(each.verdict)):
        who = f"{each.kind} {each.name} ({each.account})"
        yield f"  {each.verdict.ljust(_WIDTH)}  {who}"
        yield from (f"  {' ' * _WIDTH}    {line_of(reason)}" for reason in each.reasons)


def line_of(reason: Reason) -> str:
    """A reason, with what to do where it breaks somebody."""
    hint = f" ({reason.hint})" if reason.hint and reason.verdict == "breaks" else ""
    return f"{reason.message}{hint}"
