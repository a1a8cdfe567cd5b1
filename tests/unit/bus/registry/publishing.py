"""A small closed platform whose registry is published to, and contracts to publish."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keybus.bus import Bus
from keybus.contracts import Contract
from keybus.contracts.releases.exchange import (
    MigrationsPublication,
    MigrationsPublished,
    Publication,
    Published,
)
from keybus.governance import Principal
from tests.unit.contracts.small import TEXT, core, properties
from tests.unit.contracts.small import contract as schema_of

PLATFORM = """\
bus: small
central: operations
accounts:
  operations: {id: "111111111111", owners: [olga]}
  shop: {id: "222222222222", owners: [sven]}
  desk: {id: "333333333333", owners: [dora]}
  tools: {id: "444444444444", owners: [tom]}
publishers:
  shop.till: {account: shop, events: [shop.sold]}
  tools.bench: {account: tools, events: [tool.used]}
grants:
  desk-sees-sales:
    account: desk
    reason: shows sales
    approver: sven
    expires: "2999-01-01"
    events: [shop.sold]
subscriptions:
  shop-feed: {account: shop, events: [shop.sold@1]}
  desk-feed: {account: desk, events: [shop.sold@1]}
"""
SETTINGS = '[repository]\nname = "small"\napprovers = {tools = ["dora", "tom"]}\n'
SOLD, USED = "shop.sold", "tool.used"
OWNERS = {SOLD: "shop", USED: "tools"}
CENTRAL = Principal("operations", frozenset({"central"}), "KBTKCENTRAL")
AUDITOR = Principal("desk", frozenset({"auditor"}), "KBTKAUDITOR")
SHOP = Principal("shop", frozenset({"publisher"}), "KBTKSHOP")
SHOP_TOO = Principal("shop", frozenset({"publisher"}), "KBTKSHOPTOO")
DESK = Principal("desk", frozenset({"subscriber"}), "KBTKDESK")
TOOLS = Principal("tools", frozenset({"publisher"}), "KBTKTOOLS")
STRANGER = Principal("nobody", frozenset({"publisher"}), "KBTKNOBODY")


def files(
    event_type: str = SOLD,
    version: str = "1.0.0",
    *,
    owner: str = "",
    classification: str = "internal",
    policy: Any = None,
    description: str = "",
    **declared: Any,
) -> dict[str, str]:
    """A contract and what it refers to, as they are sent."""
    title = "".join(word.title() for word in event_type.split("."))
    schema = schema_of(properties(**(declared or {"amount": TEXT})), title=title)
    schema["x-keybus"] = {
        "type": event_type,
        "owner": owner or OWNERS.get(event_type, "shop"),
        "version": version,
        "classification": classification,
        **({} if policy is None else {"policy": policy}),
    }
    if description:
        schema["description"] = description
    return {"core/Event.json": json.dumps(core()), f"{title}.json": json.dumps(schema)}


def contract(*arguments: Any, **more: Any) -> Contract:
    """The same as a contract."""
    texts = files(*arguments, **more)
    documents = {name: json.loads(text) for name, text in texts.items()}
    return Contract(documents, next(each for each in texts if "/" not in each))


def write(folder: Path, *contracts: dict[str, str]) -> Path:
    """A project's folder with a platform and these contracts."""
    (folder / "contracts" / "core").mkdir(parents=True)
    (folder / "contracts" / "keybus.toml").write_text(SETTINGS)
    for texts in contracts or (files(SOLD), files(USED)):
        for name, text in texts.items():
            (folder / "contracts" / name).write_text(text)
    (folder / "platform.yaml").write_text(PLATFORM)
    return folder


async def publish(
    bus: Bus,
    by: Principal,
    version: str = "1.0.0",
    event_type: str = SOLD,
    *,
    approvals: tuple[str, ...] = (),
    draft: bool = False,
    migrations: Mapping[str, str] | None = None,
    **more: Any,
) -> Published:
    """Publish a contract."""
    asked = Publication(
        files(event_type, version, **more),
        "because",
        "",
        list(approvals),
        draft,
        dict(migrations or {}),
    )
    return await bus.releases.publish(event_type, asked, by)


async def actions(bus: Bus) -> list[tuple[str, str]]:
    """What the audit log says of contracts: who did what."""
    found = [each async for each in bus.audit.entries()]
    told: tuple[str, ...] = ("contract.released", "contract.proposed", "contract.rejected")
    told += ("contract.status", "contract.migrated")
    failed = "contract.not-released"
    return [(each.actor.account, each.action) for each in found if each.action in (*told, failed)]


def moves(*steps: dict[str, Any]) -> str:
    """The text of a migration of field moves; by default, 2's `total` is 1's `amount`."""
    renamed = {"op": "move", "from": "/total", "path": "/amount"}
    return json.dumps({"steps": steps or (renamed,)})


async def migrate(bus: Bus, by: Principal, **texts: str) -> MigrationsPublished:
    """Publish migrations alone, each by its name without what it ends in: ``_2_to_1=…``."""
    named = {f"{name[1:].replace('_', '-')}.json": text for name, text in texts.items()}
    return await bus.releases.migrate(SOLD, MigrationsPublication(named, "two tills"), by)
