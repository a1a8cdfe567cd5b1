"""Helpful errors for names that a generated package does not export."""

from collections.abc import Sequence
from difflib import get_close_matches


def unknown_export(package: str, name: str, known: Sequence[str]) -> Exception:
    """The error for a name that a generated package lacks.

    A near miss is an ImportError, which ``from package import Name`` shows as it stands (an
    AttributeError would lose its text there); anything else is an AttributeError, as probes such
    as ``hasattr`` expect.
    """
    match = get_close_matches(name, known, n=1, cutoff=0.75)
    if match and not name.startswith("_"):
        return ImportError(
            f"{package!r} has no event {name!r}: did you mean {match[0]!r}?", name=package
        )
    return AttributeError(f"module {package!r} has no attribute {name!r}", name=name)
