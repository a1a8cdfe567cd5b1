"""Which of the loader's faults are unauthorized exchanges, and of which rule."""

from collections.abc import Mapping
from typing import Final

from keybus.contracts.pointers import tokens_of
from keybus.errors import Fault

_BY_SECTION: Final[Mapping[tuple[str, str], str]] = {
    ("duplicate-account-id", "accounts"): "DX03",
    ("duplicate-source", "publishers"): "DX04",
    ("not-owner", "publishers"): "DX04",
    ("unknown-account", "publishers"): "DX03",
    ("unknown-account", "grants"): "DX03",
    ("unknown-account", "subscriptions"): "DX05",
    ("unknown-account", "central"): "DX14",
    ("not-approver", "grants"): "DX06",
    ("not-approver", "exceptions"): "DX14",
    ("not-yours", "grants"): "DX06",
    ("not-yours", "publishers"): "DX14",
    ("not-yours", "subscriptions"): "DX14",
    ("bad-date", "grants"): "DX12",
    ("bad-date", "exceptions"): "DX12",
}
"""The rule that a fault breaks, by its code and the section that it stands in."""
_WILDCARD: Final[Mapping[tuple[str, str], str]] = {
    ("publishers", "events"): "DX04",
    ("publishers", "sources"): "DX04",
    ("grants", "events"): "DX06",
    ("grants", "sources"): "DX06",
    ("subscriptions", "events"): "DX06",
    ("accounts", "destinations"): "DX05",
    ("accounts", "id"): "DX01",
    ("accounts", "owners"): "DX01",
    ("publishers", "account"): "DX01",
    ("grants", "account"): "DX01",
    ("grants", "approver"): "DX01",
    ("subscriptions", "account"): "DX01",
    ("exceptions", "approver"): "DX01",
}
"""The rule that a ``*`` breaks, by the section and the key that it stands in."""


def rule_of(fault: Fault) -> str:
    """The id of the rule that a fault of the loader breaks; empty where it is no exchange."""
    tokens = tokens_of(fault.pointer) if fault.pointer.startswith("/") else []
    if not tokens:
        return ""
    if fault.code == "bad-value":
        return _of_value(fault, tokens)
    return _BY_SECTION.get((fault.code, tokens[0]), "")


def _of_value(fault: Fault, tokens: list[str]) -> str:
    if tokens[-1] == "organization":
        return "DX02"
    if tokens[-1] == "url":
        return "DX05"
    # The sentence begins with the value: "'*' is not …", "the key '*' is not …".
    if "*" not in fault.message.partition(" is not ")[0]:
        return ""
    if tokens[0] == "central" or (tokens[0] == "accounts" and len(tokens) == 2):  # noqa: PLR2004 - a section and a name
        return "DX01"
    return _WILDCARD.get((tokens[0], tokens[2]), "") if len(tokens) > 2 else ""  # noqa: PLR2004 - and a key
