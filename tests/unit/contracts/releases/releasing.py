"""Small contracts, and what is said of their releases."""

from typing import Any

from keybus.contracts import Contract
from keybus.contracts.releases import Said
from tests.unit.contracts.small import contract, core, properties

TYPE = "small.shown"
TEXT: dict[str, Any] = {"type": "string"}


def shown(version: str = "1.0.0", **declared: Any) -> Contract:
    """The contract ``small.shown`` in a version, with these properties."""
    schema = contract(properties(**declared))
    schema["x-keybus"] = {**schema["x-keybus"], "version": version}
    return Contract({"core/Event.json": core(), "SmallShown.json": schema}, "SmallShown.json")


def released(of: Contract, **more: Any) -> Said:
    """What is said of it when it is released."""
    given = {
        "action": "released",
        "version": of.version,
        "digest": of.digest,
        "status": "active",
        "time": "2026-01-31T08:00:00Z",
        "by": "ada",
        **more,
    }
    return Said(**given)
