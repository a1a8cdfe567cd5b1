"""The drafts of JSON Schema, as far as they differ in what their keywords mean."""

from typing import Any, Final, Literal

Draft = Literal[4, 6, 7, 2019, 2020]
_KNOWN: Final[tuple[tuple[str, Draft], ...]] = (
    ("draft-04", 4),
    ("draft-06", 6),
    ("draft-07", 7),
    ("2019-09", 2019),
    ("2020-12", 2020),
)


def draft_of_schema(document: Any, otherwise: Draft) -> Draft:
    """The draft that a schema says it is of.

    Args:
        document: The schema.
        otherwise: What it is of where it does not say, or says something unknown.
    """
    said = document.get("$schema") if isinstance(document, dict) else None
    if isinstance(said, str):
        for name, draft in _KNOWN:
            if name in said:
                return draft
    return otherwise
