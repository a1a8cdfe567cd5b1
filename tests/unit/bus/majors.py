"""A platform on which two majors of one event type live side by side, and two others with one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from keybus.contracts import ContractRepository
from keybus.contracts.releases import RELEASES, Releases, Said
from keybus.envelope import Entry
from keybus.topology import Platform, load_platform
from tests.unit.topology.conftest import contract

TYPE = "order.placed"
TEXT = {"type": "string"}
FIRST: dict[str, Any] = {"order_id": TEXT, "city": TEXT, "total": {"type": "number"}}
"""What major 1 declares."""
SECOND: dict[str, Any] = {
    "order_id": TEXT,
    "address": {"type": "object", "required": ["city"], "properties": {"city": TEXT}},
    "total": {"type": "number"},
}
"""What major 2 declares: the city has moved."""
BACK = {"steps": [{"op": "move", "from": "/address/city", "path": "/city"}, {"op": "remove", "path": "/address"}]}  # fmt: skip
FORTH = {"steps": [{"op": "move", "from": "/city", "path": "/address/city"}]}
BOTH: Mapping[str, Any] = {"2-to-1.json": BACK, "1-to-2.json": FORTH}
PLATFORM = """\
bus: tiny
accounts:
  me: {id: "111111111111"}
  you: {id: "222222222222"}
publishers:
  shop: {account: me, events: [order.placed]}
subscriptions:
  old: {account: you, events: [order.placed@1]}
  old-oslo: {account: you, events: [order.placed@1], filter: {detail: {city: [Oslo]}}}
  old-city: {account: you, events: [order.placed@1], fields: [/city]}
  new: {account: you, events: [order.placed@2]}
  new-oslo: {account: you, events: [order.placed@2], filter: {detail: {address: {city: [Oslo]}}}}
  both: {account: you, events: [order.placed@1, order.placed@2]}
  any: {account: you, filter: {source: [shop]}}
"""


def order_schema(version: str, declared: Mapping[str, Any], *required: str) -> dict[str, Any]:
    """The contract of a version."""
    schema = contract(TYPE, dict(declared))
    schema["x-keybus"]["version"] = version
    schema["required"] = sorted([*schema["required"], "order_id", *required])
    return schema


def write_contracts(
    folder: Path,
    *,
    first: str = "active",
    second: str = "active",
    migrations: Mapping[str, Any] = BOTH,
) -> Path:
    """A folder with major 1 released, and major 2 as its contract, released too.

    Args:
        folder: Where.
        first: The status of major 1.
        second: The status of major 2.
        migrations: Each migration by its file's name.
    """
    contracts = folder / "contracts"
    contracts.mkdir(parents=True)
    (contracts / "keybus.toml").write_text('[repository]\nname = "tiny"\n')
    for version, declared, required, status in (
        ("1.0.0", FIRST, "city", first),
        ("2.0.0", SECOND, "address", second),
    ):
        schema = order_schema(version, declared, required)
        (contracts / "OrderPlaced.json").write_text(json.dumps(schema))
        _release(contracts, status)
    for name, text in migrations.items():
        place = contracts / "migrations" / TYPE / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text if isinstance(text, str) else json.dumps(text))
    return contracts


def write_platform(
    folder: Path, platform: str = PLATFORM, **more: Any
) -> tuple[Platform, ContractRepository]:
    """The platform over such contracts."""
    write_contracts(folder, **more)
    (folder / "platform.yaml").write_text(platform)
    return load_platform(folder)


def order(version: str | None, number: int = 1, **fields: Any) -> Entry:
    """An event of a version; None: one that says none."""
    detail = {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "type": TYPE,
        "time": "2026-01-31T08:00:00Z",
        "publisher": "shop",
        "order_id": f"order {number}",
        **({} if version is None else {"schema_version": version}),
        **fields,
    }
    return Entry("shop", TYPE, msgspec.Raw(json.dumps(detail).encode()))


def _release(contracts: Path, status: str) -> None:
    contract = ContractRepository.load(contracts)[TYPE]
    releases = Releases.load(contracts / RELEASES)
    path = ["active", "deprecated", "sunset", "retired"]
    for action, each in zip(("released", *["status"] * 3), path, strict=True):
        said = Said(
            action=action,  # type: ignore[arg-type]
            version=contract.version,
            digest=contract.digest,
            status=each,  # type: ignore[arg-type]
            time="2026-01-31T08:00:00Z",
            by="ada",
            replaced_by="" if each == "active" else f"{TYPE}@2",
            sunset="" if each == "active" else "2027-06-30",
        )
        if each == "active":
            releases.add(contract, said)
        else:
            releases.say(TYPE, said)
        if each == status:
            return
