"""What the commands about dead letters have in common."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import click
import msgspec

from keybus.patterns.wording import printable
from keybus.settings import Settings

_Function = TypeVar("_Function", bound=Callable[..., Any])


def of_a_bus(function: _Function) -> _Function:
    """The options that every command has: which bus, and in which form."""
    url = click.option("--url", help="The bus.  [default: KEYBUS_URL, or the local bus]")
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
    return url(as_json(function))


def bus(url: str | None) -> str:
    """The bus that is meant."""
    return Settings.from_environment().bus(url)


def path_of(subscription: str, rest: str) -> str:
    """A subscription's path behind ``/api/v1``."""
    return f"/subscriptions/{quote(subscription, safe='')}/{rest}"


def print_json(found: object) -> None:
    """As JSON, for programs."""
    click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())


def told(counts: Mapping[str, int]) -> str:
    """Counts by name, the largest first, in one line."""
    largest = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{count:,} {printable(name) or '(none)'}" for name, count in largest)
