"""Which fields can be removed: safe, breaks, or nobody knows, each by name and with the reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from keybus.contracts import ContractRepository
from keybus.errors import ContractError, UnknownEventType
from keybus.governance.usage import Removal, can_remove
from tests.unit.governance.usage.scene import TYPE, edit, order, platform, repository, write

TRANSFORMER = {"template": '{"s": <s>}', "paths": {"s": "$.detail.site.name", "n": "$.detail.note"}}


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> ContractRepository:
    return repository(tmp_path_factory.mktemp("usage") / "contracts")


def judged(contracts: ContractRepository, pointer: str, **subscription: Any) -> tuple[str, str]:
    """The verdict on one subscription, and the code of its first reason."""
    removal = can_remove(platform(one=subscription), contracts, TYPE, pointer)
    [one] = [each for each in removal.users if each.kind == "subscription"]
    return one.verdict, one.reasons[0].code


def verdict(contracts: ContractRepository, pointer: str, **subscriptions: Any) -> Removal:
    return can_remove(platform(**subscriptions), contracts, TYPE, pointer)


@pytest.mark.parametrize(
    ("pointer", "subscription", "expected"),
    [
        ("/note", {}, ("unknown", "delivered")),
        ("/note", {"fields": ["/site"]}, ("safe", "left-out")),
        ("/note", {"fields": ["/note"]}, ("breaks", "named-fields")),
        ("/note", {"filter": {"detail": {"note": ["x"]}}}, ("breaks", "named-filter")),
        ("/note", {"filter": {"detail": {"note": [{"exists": False}]}}}, ("breaks", "named-filter")),
        (
            "/note",
            {"filter": {"$or": [{"detail": {"note": ["x"]}}, {"source": ["y"]}]}},
            ("breaks", "named-filter"),
        ),
        ("/note", {"order": {"key": "/note"}, "fields": ["/site"]}, ("breaks", "named-order")),
        ("/note", {"target": {"input_path": "$.detail.note"}}, ("breaks", "named-input")),
        ("/note", {"target": {"input_path": "$.detail.site"}}, ("safe", "left-out")),
        ("/note", {"target": {"input_path": "$.detail"}}, ("unknown", "delivered")),
        ("/note", {"target": {"input_path": "$"}}, ("unknown", "delivered")),
        ("/note", {"target": {"input_path": "$.source"}}, ("safe", "left-out")),
        ("/note", {"target": {"input": "1"}}, ("safe", "left-out")),
        ("/note", {"target": {"jsonata": "detail.site"}}, ("unknown", "delivered")),
        # A variable that the template leaves out is made into nothing.
        ("/note", {"target": {"input_transformer": TRANSFORMER}}, ("safe", "left-out")),
        ("/site/name", {"target": {"input_transformer": TRANSFORMER}}, ("breaks", "named-input")),
        ("/site", {"target": {"input_transformer": TRANSFORMER}}, ("breaks", "named-input")),
        (
            "/note",
            {"target": {"input_transformer": {"template": "<aws.events.event.json>"}}},
            ("unknown", "delivered"),
        ),
        (
            "/note",
            {"target": {"input_transformer": {"template": "<aws.events.event>"}}},
            ("safe", "left-out"),
        ),
        # Parents and what is within them.
        ("/site", {"fields": ["/site/name"]}, ("breaks", "named-fields")),
        ("/site/name", {"fields": ["/site"]}, ("unknown", "delivered")),
        ("/site/gate", {"fields": ["/site/name"]}, ("safe", "left-out")),
        ("/site/kind", {"fields": ["/site/name"]}, ("unknown", "delivered")),
        ("/site/kind", {"fields": ["/note"]}, ("safe", "left-out")),
        ("/site/gate/code", {"filter": {"detail": {"site": {"gate": {"code": [1]}}}}, "fields": ["/note"]}, ("breaks", "named-filter")),
        ("/site/gate", {"filter": {"detail": {"site": {"gate": {"code": [1]}}}}, "fields": ["/note"]}, ("breaks", "named-filter")),
        # Items of arrays, however they are written.
        ("/stops/*/name", {"fields": ["/stops/gate"]}, ("safe", "left-out")),
        ("/stops/name", {"fields": ["/stops/name"]}, ("breaks", "named-fields")),
        ("/stops/0/name", {"filter": {"detail": {"stops": {"name": ["x"]}}}}, ("breaks", "named-filter")),
        ("/stops/*/name", {"target": {"input_path": "$.detail.stops[*].name"}}, ("breaks", "named-input")),
        ("/stops/*/name", {"target": {"input_path": "$.detail.stops[0].gate"}}, ("safe", "left-out")),
        # Names that no contract says.
        ("/labels/*/name", {"fields": ["/labels/red/name"]}, ("breaks", "named-fields")),
        ("/labels/red/name", {"fields": ["/labels/blue/name"]}, ("safe", "left-out")),
        ("/labels/*/name", {"fields": ["/labels/red/gate"]}, ("safe", "left-out")),
        ("/labels/*/name", {"filter": {"detail": {"labels": {"red": {"name": ["x"]}}}}}, ("breaks", "named-filter")),
        # What is declared within itself.
        ("/tree/twigs/*/leaf", {"fields": ["/tree/leaf"]}, ("safe", "left-out")),
        ("/tree/twigs/twigs/leaf", {"fields": ["/tree/twigs/twigs/leaf"]}, ("breaks", "named-fields")),
        # What the contract requires is given to everybody.
        ("/status", {"fields": ["/note"]}, ("unknown", "delivered")),
        ("/number", {"fields": ["/note"], "order": {}}, ("breaks", "named-order")),
        # Without events, whatever the filter matches.
        ("/note", {"by": "filter", "filter": {"detail-type": [TYPE]}}, ("unknown", "delivered")),
        ("/note", {"by": "filter", "filter": {"detail-type": [TYPE]}, "fields": ["/site"]}, ("safe", "left-out")),
        # Another major, to which nothing leads.
        ("/note", {"events": [f"{TYPE}@2"]}, ("safe", "other-major")),
    ],
)  # fmt: skip
def test_one_subscription(
    contracts: ContractRepository, pointer: str, subscription: dict[str, Any], expected: object
) -> None:
    assert judged(contracts, pointer, **subscription) == expected


def test_the_worst_decides_and_everybody_is_named(contracts: ContractRepository) -> None:
    removal = verdict(contracts, "/note", whole={}, part={"fields": ["/site"]}, reads={"fields": ["/note"]})  # fmt: skip
    found = {each.name: each.verdict for each in removal.users}
    assert found == {"shop.orders": "safe", "whole": "unknown", "part": "safe", "reads": "breaks"}
    assert removal.verdict == "breaks"
    assert verdict(contracts, "/note", whole={}, part={"fields": ["/site"]}).verdict == "unknown"
    assert verdict(contracts, "/note", part={"fields": ["/site"]}).verdict == "safe"


@pytest.mark.parametrize(
    ("pointer", "codes"),
    [("/status", ["required"]), ("/number", ["required", "contract-key"]), ("/note", [])],
)
def test_what_the_contract_itself_says(
    contracts: ContractRepository, pointer: str, codes: list[str]
) -> None:
    removal = verdict(contracts, pointer)
    assert [each.code for each in removal.reasons] == codes
    assert removal.verdict == ("breaks" if codes else "safe")


def test_what_only_one_form_of_an_event_requires(tmp_path: Path) -> None:
    folder = write(tmp_path / "contracts")
    edit(folder, "OrderPlaced.json", lambda each: each.update(oneOf=[{"required": ["note"]}, {"required": ["site"]}]))  # fmt: skip
    [reason] = verdict(repository(folder), "/note").reasons
    assert reason.code == "required"


def test_a_closed_object_refuses_what_is_removed(contracts: ContractRepository) -> None:
    [writer] = verdict(contracts, "/sealed/wax").users
    assert (writer.name, writer.verdict) == ("shop.orders", "unknown")
    assert "still has the field is refused" in writer.reasons[0].message


def test_what_shares_the_declaration_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "contracts")
    other = order(type="order.paid")
    (folder / "OrderPaid.json").write_text(json.dumps(other | {"title": "OrderPaid"}))
    removal = verdict(repository(folder), "/site/name")
    assert removal.file == "core/Site.json"
    assert removal.also == ("/home/name", "/stops/*/name", "/labels/*/name")
    assert removal.types == ("order.paid",)
    assert verdict(repository(folder), "/note").types == ()


@pytest.mark.parametrize(
    ("pointer", "told"),
    [
        ("/noote", "declares nothing at /noote (did you mean 'note'?)"),
        ("/site/nmae", "declares nothing at /site/nmae (did you mean 'name'?)"),
        ("/note/x", "nothing is declared within it"),
        ("/detail/note", "write /… in place of /detail/…"),
        ("note", "write /note"),
        ("detail.site.name", "write /site/name"),
        ("$.detail.site.name", "write /site/name"),
        ("", "name a field"),
        ("/labels/red", "takes any name at /labels, and declares none of them (ask for /labels"),
        ("/labels/*", "takes any name at /labels"),
        ("/", "declares nothing at /"),
        ("/*", "name a field"),
    ],
)
def test_what_is_not_declared(contracts: ContractRepository, pointer: str, told: str) -> None:
    with pytest.raises(ContractError) as caught:
        verdict(contracts, pointer)
    assert told in str(caught.value)


def test_a_type_or_a_major_that_there_is_not(contracts: ContractRepository) -> None:
    with pytest.raises(UnknownEventType, match=r"order\.placed"):
        can_remove(platform(), contracts, "order.plcaed", "/note")
    with pytest.raises(ContractError, match=r"no order.placed@7 \(there is order.placed@1\)"):
        can_remove(platform(), contracts, TYPE, "/note", major=7)


def test_what_is_asked_of_undeclared_names_is_asked_of_the_field_then(tmp_path: Path) -> None:
    folder, text = write(tmp_path / "contracts"), {"type": "string"}
    edit(
        folder,
        "OrderPlaced.json",
        lambda each: each["properties"]["labels"].update(properties={"main": text}),
    )
    [writer] = verdict(repository(folder), "/labels/main").users
    assert (writer.verdict, [each.code for each in writer.reasons]) == ("unknown", ["closed"])
