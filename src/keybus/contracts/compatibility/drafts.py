"""The drafts of JSON Schema: how a schema names its own, and in what they differ here."""

from typing import Any, Final

from keybus.errors import SettingsError

DRAFTS: Final = {
    "draft-04": 4,
    "draft-06": 6,
    "draft-07": 7,
    "2019-09": 2019,
    "2020-12": 2020,
}
"""The drafts by their names, each with the number that the code knows it by."""

SINCE_SIBLINGS: Final = 2019
"""The first draft in which keywords beside ``$ref`` count."""

NOT_SCHEMAS: Final = frozenset({"enum", "const", "default", "examples", "example"})
"""Keywords that hold values, in which nothing is a schema whatever it looks like."""


def draft_named(name: str) -> int:
    """The draft of a name.

    Raises:
        SettingsError: There is none such.
    """
    try:
        return DRAFTS[name]
    except KeyError:
        known = ", ".join(DRAFTS)
        raise SettingsError(
            f"{name!r} is no draft of JSON Schema", hint=f"one of {known}"
        ) from None


def draft_of(schema: Any) -> int | None:
    """The draft that a schema names by ``$schema``; None where it names none that is known."""
    if not isinstance(schema, dict):
        return None
    uri = str(schema.get("$schema", ""))
    return next((number for name, number in DRAFTS.items() if f"/{name}/" in uri), None)
