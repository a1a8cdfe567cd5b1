"""What this client says of itself: Keybus's version, Python's, and the bindings in use."""

import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from keybus.contracts.documents import digest_of
from keybus.contracts.model.registry import BINDINGS

HEADER: Final = "Keybus-Client"
"""The header in which it is said."""
_MOST: Final = 20
_DIGITS: Final = 16


def agent() -> str:
    """``keybus/0.1.0 python/3.11.7 amazon_key_events/sha256:0123456789abcdef``.

    A package's digest is of its event types with the digests of their contracts, so that the bus
    can tell which packages were generated from the contracts that it has.
    """
    packages: dict[str, dict[str, str]] = {}
    for event in BINDINGS:
        name = event._form.bundle.package  # noqa: SLF001 - the class's own form
        packages.setdefault(name, {})[event.TYPE] = event.DIGEST
    return _said(tuple((name, tuple(sorted(held.items()))) for name, held in packages.items()))


@lru_cache(maxsize=4)
def _said(packages: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> str:
    """The same for the same packages: digests are worked out once."""
    words = [f"keybus/{_own_version()}", f"python/{platform.python_version()}"]
    for name, types in sorted(packages)[:_MOST]:
        if name.isascii() and len(name) <= 64:  # noqa: PLR2004 - what a header's reader takes
            words.append(f"{name}/{digest_of(dict(types))[: len('sha256:') + _DIGITS]}")
    return " ".join(words)


def _own_version() -> str:
    try:
        return version("keybus")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"
