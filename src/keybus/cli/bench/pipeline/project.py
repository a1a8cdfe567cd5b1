"""The folder of the bus that is measured: one contract, one publisher, some subscriptions."""

import asyncio
import base64
from pathlib import Path
from secrets import token_bytes
from typing import Final

import msgspec

from keybus.bus.engine import Documents
from keybus.engines.sqlite import SqliteEngine
from keybus.governance import Principal
from keybus.governance.credentials import Registry
from keybus.governance.credentials.model import Issued, Kind
from keybus.governance.credentials.sealing import KEY, SealingKeys
from keybus.governance.principal import Role
from keybus.server.dev import store_of
from keybus.topology import Platform, load_platform

SOURCE: Final = "depot.scanner"
EVENT_TYPE: Final = "parcel.status.updated"
_CORE = """\
{
  "$schema": "http://json-schema.org/draft-04/schema#",
  "title": "Event",
  "type": "object",
  "required": ["id", "type", "time", "publisher", "schema_version"],
  "properties": {
    "id": {"type": "string", "format": "uuid"},
    "type": {"type": "string", "pattern": "^[a-z]+([.][a-z]+)*$"},
    "time": {"type": "string", "format": "date-time"},
    "publisher": {"type": "string", "minLength": 1},
    "schema_version": {"type": "string", "pattern": "^[0-9]+[.][0-9]+[.][0-9]+$"},
    "trace": {"type": "string", "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
    "correlation_id": {"type": "string", "minLength": 1, "maxLength": 128}
  }
}
"""
_CONTRACT = """\
{
  "$schema": "http://json-schema.org/draft-04/schema#",
  "title": "ParcelStatusUpdated",
  "x-keybus": {
    "type": "parcel.status.updated",
    "owner": "depot",
    "version": "1.0.0",
    "classification": "internal",
    "key": "/parcel_id"
  },
  "allOf": [
    {"$ref": "core/Event.json"},
    {
      "type": "object",
      "required": ["parcel_id", "status", "sent_us"],
      "properties": {
        "parcel_id": {"type": "string", "pattern": "^PCL-[0-9]{8}$"},
        "status": {"type": "string", "enum": ["SORTED", "LOADED", "ON_THE_WAY", "DELIVERED"]},
        "sent_us": {"type": "integer", "minimum": 0},
        "weight_grams": {"type": "integer", "minimum": 1, "maximum": 50000},
        "site": {
          "type": "object",
          "required": ["name", "city"],
          "properties": {
            "name": {"type": "string", "maxLength": 80},
            "city": {"type": "string", "maxLength": 80},
            "latitude": {"type": "number", "minimum": -90, "maximum": 90},
            "longitude": {"type": "number", "minimum": -180, "maximum": 180}
          }
        },
        "window": {
          "type": "object",
          "properties": {
            "from": {"type": "string", "format": "date-time"},
            "until": {"type": "string", "format": "date-time"}
          }
        },
        "labels": {"type": "array", "items": {"type": "string", "maxLength": 40}},
        "note": {"type": "string", "maxLength": 400}
      }
    }
  ]
}
"""
_PLATFORM = """\
bus: measured
organization: o-measured01
central: operations
contracts: contracts
accounts:
  operations: {id: "111111111111", owners: [operations-team]}
  depot: {id: "222222222222", owners: [depot-team]}
  desk: {id: "333333333333", owners: [desk-team]}
publishers:
  depot.scanner: {account: depot, events: [parcel.status.updated]}
grants:
  desk-follows-parcels:
    account: desk
    events: [parcel.status.updated]
    reason: follows parcels
    approver: depot-team
    expires: "2999-01-01"
subscriptions:
"""


class Tokens(msgspec.Struct, frozen=True):
    """Who asks: bearer tokens, or nothing where nobody is asked.

    Attributes:
        publisher: The publisher's.
        consumer: The consumer's; where it signs its requests, the secret of its access key.
        key_id: The id of that; empty: it has a token.
        sealing: What the bus's secrets are sealed under; empty: it has none.
    """

    publisher: str = ""
    consumer: str = ""
    key_id: str = ""
    sealing: str = ""


def write_project(folder: Path, subscriptions: int, order: str = "") -> list[str]:
    """Write the platform and its contract; the subscriptions' names.

    Args:
        folder: Where to; made where it is not there.
        subscriptions: How many; each is sent every event.
        order: What follows a failed event of its key: ``block`` or ``skip``; empty: no order.
    """
    contracts = folder / "contracts"
    (contracts / "core").mkdir(parents=True, exist_ok=True)
    (contracts / "keybus.toml").write_text('[repository]\nname = "measured"\n')
    (contracts / "core" / "Event.json").write_text(_CORE)
    (contracts / "ParcelStatusUpdated.json").write_text(_CONTRACT)
    names = [f"desk-{number}" for number in range(1, subscriptions + 1)]
    ordered = f", order: {{on_failure: {order}}}" if order else ""
    lines = [f"  {name}: {{account: desk, events: [{EVENT_TYPE}@1]{ordered}}}\n" for name in names]
    (folder / "platform.yaml").write_text(_PLATFORM + "".join(lines))
    return names


def issue_tokens(folder: Path, data: Path, *, signed: bool = False) -> Tokens:
    """Write credentials into the store of a bus that does not run yet: what it asks for is there.

    Args:
        folder: Where the platform is.
        data: Where events are kept.
        signed: Whether the consumer signs its requests.
    """
    sealing = base64.b64encode(token_bytes(32)).decode() if signed else ""
    return asyncio.run(_issue(load_platform(folder)[0], store_of(folder, data), sealing))


async def _issue(platform: Platform, store: Path, sealing: str) -> Tokens:
    engine = SqliteEngine.at(store)
    try:
        documents: Documents = engine.documents
        vault = SealingKeys.from_environment({KEY: sealing}) if sealing else None
        registry = await Registry.load(documents, lambda: platform, vault=vault)

        async def issued(account: str, role: Role, kind: Kind = "token") -> Issued:
            return await registry.issue(account, [role], kind, by=Principal("", frozenset()))

        await issued("operations", "central")
        publisher = await issued("depot", "publisher")
        consumer = await issued("desk", "subscriber", "key" if sealing else "token")
        key_id = consumer.credential.id if sealing else ""
        return Tokens(publisher.secret, consumer.secret, key_id, sealing)
    finally:
        await engine.close()
