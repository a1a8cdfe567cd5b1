"""Platforms for tests of the catalogue: one with a history, one that is hostile, and a large one."""

import json
from pathlib import Path
from typing import Any

from keybus.catalog import Catalogue
from keybus.contracts import Contract
from keybus.contracts.documents import parse_document
from keybus.contracts.releases import Releases, Said
from keybus.contracts.scaffold import CORE
from keybus.contracts.validation import DRAFT_04
from keybus.topology import load_platform

CLASSIFICATIONS = ("public", "internal", "confidential", "pii")
HOSTILE = "<script>alert(1)</script>\"'`${x}</title><!-- --> & \u202eright to left\u202c"
LONG = "Donaudampfschifffahrtsgesellschaft" * 8


class Made:
    """A platform's folder.

    Attributes:
        folder: Where it is; ``contracts`` is within.
    """

    def __init__(self, folder: Path, name: str = "made") -> None:
        self.folder = folder
        self.contracts = folder / "contracts"
        self.contracts.mkdir(parents=True)
        (self.contracts / "keybus.toml").write_text(f'[repository]\nname = "{name}"\n')
        self.documents: dict[str, Any] = {}
        for file, document in CORE.items():
            self.write(file, dict(document))

    def write(self, file: str, document: dict[str, Any]) -> None:
        """A schema file."""
        place = self.contracts / file
        place.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, indent=2, ensure_ascii=False)
        place.write_text(text, encoding="utf-8")
        self.documents[file] = parse_document(text, file)[0]

    def release(self, file: str, time: str, **more: Any) -> None:
        """Release a file's contract as it stands."""
        contract = Contract(self.documents, file)
        given = {"action": "released", "status": "active", "time": time, "by": "ada", **more}
        said = Said(version=contract.version, digest=contract.digest, **given)
        self._releases().add(contract, said)

    def say(self, event_type: str, version: str, status: str, time: str, **more: Any) -> None:
        """What became of a release."""
        releases = self._releases()
        digest = releases[event_type].releases[version].digest
        given: dict[str, Any] = {"status": status, "time": time, "by": "ada", **more}
        releases.say(event_type, Said(action="status", version=version, digest=digest, **given))

    def platform(self, **declared: Any) -> None:
        """The platform file; JSON is YAML."""
        text = json.dumps({"bus": "made", **declared}, indent=1, ensure_ascii=False)
        (self.folder / "platform.yaml").write_text(text, encoding="utf-8")

    def catalogue(self) -> Catalogue:
        return Catalogue.of(*load_platform(self.folder))

    def _releases(self) -> Releases:
        return Releases.load(self.contracts / "releases")


def contract(
    event_type: str,
    version: str,
    properties: dict[str, Any],
    *,
    owner: str = "shop",
    required: tuple[str, ...] = (),
    **more: Any,
) -> dict[str, Any]:
    """A contract that refers to the core from a folder beside it."""
    own: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        own["required"] = list(required)
    metadata = {"type": event_type, "owner": owner, "version": version}
    words = event_type.replace("_", ".").split(".")
    return {
        "$schema": DRAFT_04,
        "title": "".join(word[:1].upper() + word[1:] for word in words),
        "x-keybus": {**metadata, "classification": "internal", **more.pop("metadata", {})},
        **more,
        "allOf": [{"$ref": "../core/Event.json"}, own],
    }


def with_history(folder: Path) -> Made:
    """A platform whose events are drafts, in use, deprecated, sunset, retired and side by side."""
    made = Made(folder, "history")
    _orders(made)
    _payments(made)
    made.write(
        "orders/OrderReturned.json",
        contract("order.returned", "1.0.0-rc.1", {"why": {"type": "string"}},
                 description="Goods came back."),
    )  # fmt: skip
    made.release("orders/OrderReturned.json", "2026-06-01T08:00:00Z", status="draft")
    made.platform(
        bus="history",
        accounts={
            "shop": {"id": "111111111111", "owners": ["shop-team"]},
            "billing": {"id": "222222222222", "owners": ["billing-team"]},
            "warehouse": {"id": "333333333333", "owners": ["warehouse-team"]},
        },
        publishers={
            "shop.orders": {
                "account": "shop",
                "events": ["order.placed", "order.returned", "payment.taken", "payment.refused"],
            },
        },
        grants={
            "billing-orders": _grant("billing", ["order.placed", "payment.taken"], "2026-01-01"),
            "warehouse-orders": _grant("warehouse", ["order.placed"], "2999-12-31"),
        },
        subscriptions={
            "bills": {
                "account": "billing",
                "events": ["order.placed@1", "payment.taken@1"],
                "filter": {"detail": {"total": [{"numeric": [">", 100]}]}},
                "allow_undeclared": ["detail.total"],
            },
            "picking": {"account": "warehouse", "events": ["order.placed@2"],
                        "fields": ["/lines/sku"], "order": {"key": "/order_id"}},
            "everything": {"account": "shop", "filter": {"source": ["shop.orders"]}},
        },
    )  # fmt: skip
    return made


def _grant(account: str, events: list[str], expires: str) -> dict[str, Any]:
    return {
        "account": account,
        "events": events,
        "reason": "needs them",
        "approver": "shop-team",
        "expires": expires,
    }


def _orders(made: Made) -> None:
    """Two majors, the first of which is deprecated."""
    line = {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}
    first: dict[str, Any] = {
        "order_id": {"type": "string", "description": "The order.", "minLength": 1},
        "total": {"type": "number", "description": "What it costs.", "minimum": 0},
        "channel": {"type": "string", "enum": ["WEB", "APP", "PHONE"]},
    }
    second = {**first, "coupon": {"type": "string", "description": "A coupon.", "maxLength": 20}}
    third = {
        "order_id": first["order_id"],
        "channel": {"type": "string", "enum": ["WEB", "APP"]},
        "lines": {"type": "array", "minItems": 1, "items": line},
    }
    more: dict[str, Any] = {"description": "Somebody ordered something.", "required": ("order_id",)}
    file = "orders/OrderPlaced.json"
    for version, properties, time, why in (
        ("1.0.0", first, "2026-01-10T08:00:00Z", "the first"),
        ("1.0.1", first, "2026-01-12T08:00:00Z", "better words"),
        ("1.1.0", second, "2026-02-03T08:00:00Z", "coupons"),
        ("2.0.0", third, "2026-05-02T08:00:00Z", "orders of several lines"),
    ):
        if version == "1.0.1":
            more["description"] += " It is not paid yet."
        made.write(file, contract("order.placed", version, properties, **more))
        made.release(file, time, why=why)
    ending: dict[str, Any] = {"replaced_by": "order.placed@2", "sunset": "2027-01-31"}
    for version in ("1.0.0", "1.0.1", "1.1.0"):
        made.say("order.placed", version, "deprecated", "2026-05-03T08:00:00Z", **ending)
    fourth = {**third, "note": {"type": "string"}}
    made.write(file, contract("order.placed", "2.1.0", fourth, **more))


def _payments(made: Made) -> None:
    """One whose time is over, and one that is retired."""
    ending: dict[str, Any] = {"replaced_by": "order.placed@2", "sunset": "2026-04-01"}
    for title, event_type, steps in (
        ("PaymentTaken", "payment.taken", ("deprecated", "sunset")),
        ("PaymentRefused", "payment.refused", ("deprecated", "sunset", "retired")),
    ):
        file = f"payments/{title}.json"
        properties = {"amount": {"type": "number", "exclusiveMinimum": True, "minimum": 0}}
        made.write(file, contract(event_type, "1.0.0", properties, description="Money."))
        made.release(file, "2026-01-11T08:00:00Z")
        for month, status in enumerate(steps, 2):
            made.say(event_type, "1.0.0", status, f"2026-{month:02}-01T08:00:00Z", **ending)


def hostile(folder: Path, *without: str) -> Made:
    """A platform in which every name and text that may be anything is something awkward.

    Args:
        folder: Where to.
        without: Names of properties that are left out.
    """
    made = Made(folder, 'a \\"quoted\\" <b>name</b>')
    names = [
        "__proto__",
        "constructor",
        "<img src=x onerror=alert(1)>",
        'a"b',
        "a/b~c",
        "größe",
        "日付",
    ]
    names += ["a b", "#", "%41", "{{ 7 * 7 }}", LONG, "x-y", "$ref_", "", "\u202eabc", "A", "a"]
    properties: dict[str, Any] = {
        name: {"type": "string", "description": HOSTILE} for name in names if name not in without
    }
    properties["exact"] = {"type": "number", "enum": [0.1, 123456789012345678901234567890]}
    properties["open"] = {
        "minimum": 1,
        "exclusiveMinimum": True,
        "discriminator": 7,
        "readOnly": "no",
    }
    properties["door"] = {"$ref": "../odd names/größe & <b>.v2.json".replace(" ", "%20")
                          .replace("ö", "%C3%B6").replace("ß", "%C3%9F")
                          .replace("<", "%3C").replace(">", "%3E") + "#/definitions/a~1b%20c"}  # fmt: skip
    properties["tree"] = {"$ref": "#/definitions/tree"}
    odd = {"type": "object", "description": HOSTILE, "properties": {"</script>": {"type": "null"}}}
    made.write(
        "odd names/größe & <b>.v2.json", {"$schema": DRAFT_04, "definitions": {"a/b c": odd}}
    )
    tree = {"type": "object", "properties": {"child": {"$ref": "#/definitions/tree"}}}
    schema = contract(
        "odd.thing", "1.0.0", properties, owner="Shop/eu", description=HOSTILE,
        definitions={"tree": tree},
    )  # fmt: skip
    made.write("odd/OddThing.json", schema)
    long = "thing." + "very_" * 40 + "long"
    made.write("odd/Long.json", contract(long, "1.0.0", {}, owner="shop/EU", description=LONG))
    made.write("odd/Con.json", contract("con.printed", "1.0.0", {}, owner="nobody-there"))
    made.platform(
        accounts={
            "Shop/eu": {"id": "111111111111"},
            "shop/EU": {"id": "222222222222"},
            "con": {"id": "333333333333", "owners": ["con.owner"]},
            "A" * 128: {"id": "444444444444"},
            "nobody-there": {"id": "555555555555", "owners": ["n"]},
        },
        publishers={
            "p/1": {"account": "Shop/eu", "events": ["odd.thing"], "sources": ["s/1", "S/1"]},
            "P/1": {"account": "shop/EU", "events": [long]},
        },
        grants={
            "g/1": {"account": "con", "events": ["con.printed"], "reason": HOSTILE.replace("\u202e", "").replace("\u202c", ""),
                    "approver": "n", "expires": "2030-01-01"},
        },
        subscriptions={
            "q/1": {"account": "Shop/eu", "events": ["odd.thing@1"],
                    "filter": {"detail": {"größe": ["</script><script>alert(2)</script>", '"']}}},
            "Q/1": {"account": "A" * 128, "filter": {"source": ["<b>"]}},
        },
    )  # fmt: skip
    return made


def large(folder: Path, events: int, accounts: int) -> Made:
    """A platform of many events, of which every account publishes some and receives others."""
    made = Made(folder, "large")
    names = [f"team-{number:03}" for number in range(accounts)]
    types = [f"area{number % 23}.thing{number}.changed" for number in range(events)]
    for number, event_type in enumerate(types):
        properties = {
            f"field_{place}_{number % 17}": {
                "type": ["string", "integer", "boolean"][place % 3],
                "description": f"The {place}th thing that changed.",
            }
            for place in range(12)
        }
        schema = contract(event_type, "1.0.0", properties, owner=names[number % accounts],
                          description=f"Thing {number} of area {number % 23} changed.",
                          metadata={"classification": CLASSIFICATIONS[number % 2]})  # fmt: skip
        made.write(f"area{number % 23}/Thing{number}.json", schema)
    owned = {name: types[place::accounts] for place, name in enumerate(names)}
    taken = {
        name: [owned[names[(place * step + step) % accounts]][0] for step in (1, 3, 7, 11)]
        for place, name in enumerate(names)
    }
    made.platform(
        bus="large",
        accounts={name: {"id": f"{place + 1:012}"} for place, name in enumerate(names)},
        publishers={f"{name}.service": {"account": name, "events": owned[name]} for name in names},
        subscriptions={
            f"{name}-feed": {
                "account": name,
                "events": [f"{each}@1" for each in dict.fromkeys(found)],
            }
            for name, found in taken.items()
        },
    )
    return made
