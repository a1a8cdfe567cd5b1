"""What a changed contract does to each of its users."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keybus.contracts import ContractRepository
from keybus.contracts.releases import RELEASES, Releases
from keybus.contracts.releases.releasing import Intent, release, to_release
from keybus.contracts.releases.report import Released, Standing, check_repository
from keybus.errors import UnknownEventType
from keybus.governance.usage import Impact, Impacts, Verdict, can_release
from keybus.topology.model import Platform
from tests.unit.governance.usage.scene import FILE, TEXT, TYPE, edit, platform, repository, write

Change = Callable[[dict[str, Any]], object]
STATUS, SITE = "core/Status.json", "core/Site.json"
MIGRATION = {"steps": [{"op": "move", "from": "/remark", "path": "/note"}]}


def version(text: str) -> Change:
    return lambda each: each["x-keybus"].update(version=text)


def drop(*names: str) -> Change:
    def change(schema: dict[str, Any]) -> None:
        for name in names:
            schema["properties"].pop(name)
            if name in schema.get("required", ()):
                schema["required"].remove(name)

    return change


def declare(**properties: Any) -> Change:
    return lambda each: each["properties"].update(properties)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "contracts")


@pytest.fixture
def before(folder: Path) -> ContractRepository:
    return repository(folder)


def judged(folder: Path, before: ContractRepository, **subscriptions: Any) -> Impacts:
    return can_release(platform(**subscriptions), repository(folder), Standing(before, "before"))


def only(found: Impacts) -> Impact:
    [impact] = found.contracts
    return impact


def of(found: Impacts, name: str) -> tuple[Verdict, list[str]]:
    """The verdict on a user, and the codes of its reasons."""
    [one] = [each for each in only(found).users if each.name == name]
    return one.verdict, [each.code for each in one.reasons]


@pytest.mark.parametrize(
    ("file", "change", "subscription", "expected"),
    [
        # What nobody has to know of.
        (FILE, declare(fresh=TEXT), {}, ("safe", ["compatible"])),
        (FILE, lambda each: each.update(description="New words."), {}, ("safe", ["compatible"])),
        # A field that goes.
        (FILE, drop("note"), {}, ("unknown", ["delivered"])),
        (FILE, drop("note"), {"fields": ["/site"]}, ("safe", ["left-out"])),
        (FILE, drop("note"), {"fields": ["/note"]}, ("breaks", ["named-fields"])),
        (FILE, drop("note"), {"target": {"input_path": "$.detail.note"}}, ("breaks", ["named-input"])),
        (FILE, drop("note"), {"order": {"key": "/note"}}, ("breaks", ["named-order"])),
        (FILE, drop("status"), {"fields": ["/note"]}, ("unknown", ["delivered"])),
        # A filter that can never match any more, and one that still can.
        (FILE, drop("note"), {"filter": {"detail": {"note": ["x"]}}}, ("breaks", ["filter-undeclared-field", "named-filter"])),
        (STATUS, lambda each: each.update(enum=["NEW"]), {"filter": {"detail": {"status": ["PAID"]}}}, ("breaks", ["filter-impossible-value"])),
        (STATUS, lambda each: each.update(enum=["NEW"]), {"filter": {"detail": {"status": ["NEW"]}}}, ("safe", ["compatible"])),
        (FILE, declare(note={"type": "integer"}), {"filter": {"detail": {"note": ["x"]}}, "fields": ["/site"]}, ("breaks", ["filter-impossible-type", "named-filter"])),
        # What could never match before, does not break.
        (FILE, declare(fresh=TEXT), {"filter": {"detail": {"status": ["LOST"]}}}, ("safe", ["compatible"])),
        # Another type, and what may be missing.
        (FILE, declare(note={"type": "integer"}), {"fields": ["/note"]}, ("breaks", ["named-fields"])),
        (FILE, declare(note={"type": "integer"}), {}, ("unknown", ["delivered"])),
        (FILE, lambda each: each["required"].remove("number"), {"order": {"key": "/number"}}, ("breaks", ["named-order"])),
        (FILE, lambda each: each["required"].remove("number"), {"fields": ["/note"]}, ("unknown", ["delivered"])),
        (FILE, declare(note={"type": ["string", "null"]}), {"fields": ["/site"], "filter": {"detail": {"note": [{"prefix": "x"}]}}}, ("breaks", ["named-filter"])),
        (FILE, lambda each: each["required"].remove("number"), {"target": {"input_path": "$.detail.note"}, "filter": {"detail": {"number": ["7"]}}}, ("breaks", ["named-filter"])),
        # A new value of a list, at each of the places that share it.
        (STATUS, lambda each: each["enum"].append("LOST"), {}, ("unknown", ["delivered", "delivered"])),
        (STATUS, lambda each: each["enum"].append("LOST"), {"fields": ["/note"]}, ("unknown", ["delivered"])),
        (
            STATUS, lambda each: each["enum"].append("LOST"),
            {"fields": ["/note"], "filter": {"detail": {"status": ["NEW", "PAID"]}}},
            ("safe", ["filtered-out", "left-out"]),
        ),
        (
            STATUS, lambda each: each["enum"].append("LOST"),
            {"fields": ["/note"], "filter": {"detail": {"status": [{"anything-but": "NEW"}]}}},
            ("unknown", ["delivered"]),
        ),
        (
            STATUS, lambda each: each["enum"].append("LOST"),
            {"fields": ["/note"], "filter": {"$or": [{"detail": {"status": ["NEW"]}}, {"detail": {"note": ["x"]}}]}},
            ("unknown", ["delivered"]),
        ),
        # A value that no list names may pass the filter.
        (
            FILE, declare(status={"anyOf": [{"enum": ["NEW", "PAID", "LOST"]}, {"enum": ["FREE"]}]}),
            {"fields": ["/note"], "filter": {"detail": {"status": [{"anything-but": "LOST"}]}}},
            ("unknown", ["delivered"]),
        ),
        # In an array, other items may have what the filter does not ask for.
        (
            SITE, lambda each: each["properties"]["kind"]["enum"].append("BOAT"),
            {"fields": ["/stops/name"], "filter": {"detail": {"stops": {"kind": ["HOME"]}}}},
            ("unknown", ["delivered"]),
        ),
        (
            SITE, lambda each: each["properties"]["kind"]["enum"].append("BOAT"),
            {"fields": ["/site/name"], "filter": {"detail": {"site": {"kind": ["HOME"]}}}},
            ("safe", ["filtered-out", "left-out", "left-out", "left-out"]),
        ),
        # The key by which deliveries are ordered, where it is the contract's.
        (FILE, lambda each: each["x-keybus"].pop("key"), {"order": {}}, ("breaks", ["no-order-key"])),
        (FILE, lambda each: each["x-keybus"].update(key="/note"), {"order": {}}, ("unknown", ["order-key"])),
        (FILE, lambda each: each["x-keybus"].update(key="/note"), {"order": {"key": "/number"}}, ("safe", ["compatible"])),
        # More than the account may see.
        (FILE, lambda each: each["x-keybus"].update(classification="pii"), {}, ("breaks", ["clearance"])),
        (FILE, lambda each: each["x-keybus"].update(classification="pii"), {"account": "shop"}, ("safe", ["compatible"])),
        # Another major, of which nothing was released.
        (FILE, version("2.0.0"), {}, ("breaks", ["major-gone"])),
        (FILE, version("2.0.0"), {"by": "filter", "filter": {"detail-type": [TYPE]}}, ("safe", ["compatible"])),
        (FILE, version("2.0.0"), {"events": [f"{TYPE}@2"]}, ("safe", ["new"])),
    ],
)  # fmt: skip
def test_one_subscription(  # noqa: PLR0917 - a table's columns, and the fixtures
    folder: Path,
    before: ContractRepository,
    file: str,
    change: Change,
    subscription: dict[str, Any],
    expected: object,
) -> None:
    edit(folder, file, change)
    assert of(judged(folder, before, one=subscription), "one") == expected


def test_an_extensible_list_may_grow(folder: Path) -> None:
    edit(folder, STATUS, lambda each: each.update({"x-extensible": True}))
    before = repository(folder)
    edit(folder, STATUS, lambda each: each["enum"].append("LOST"))
    assert of(judged(folder, before, one={}), "one") == ("safe", ["compatible"])


@pytest.mark.parametrize(
    ("file", "change", "expected"),
    [
        (FILE, drop("note"), ("safe", ["taken"])),
        (STATUS, lambda each: each["enum"].append("LOST"), ("safe", ["taken"])),
        (STATUS, lambda each: each["enum"].pop(), ("breaks", ["refused"])),
        (FILE, lambda each: each["required"].append("note"), ("breaks", ["refused"])),
        (FILE, lambda each: each["x-keybus"].update(owner="desk"), ("breaks", ["not-owner"])),
        (FILE, version("2.0.0"), ("breaks", ["major-gone"])),
    ],
)
def test_a_publisher(
    folder: Path, before: ContractRepository, file: str, change: Change, expected: object
) -> None:
    edit(folder, file, change)
    assert of(judged(folder, before), "shop.orders") == expected


def test_what_is_told(folder: Path, before: ContractRepository) -> None:
    edit(folder, STATUS, lambda each: each["enum"].append("LOST"))
    impact = only(judged(folder, before, one={"fields": ["/note"]}))
    [reason] = impact.users[1].reasons
    assert (impact.version, impact.since, reason.pointer) == ("1.0.0", "1.0.0", "/status")
    assert reason.message == (
        "/status may be LOST, which 1.0.0 does not list;"
        " it gets /status, and nobody knows whether it reads it"
    )
    assert "has to be 2.0.0" in impact.objection


def test_a_contract_within_itself(folder: Path) -> None:
    edit(folder, FILE, declare(again={"$ref": "#"}))
    before = repository(folder)
    edit(folder, FILE, lambda each: each["required"].remove("number"))
    found = judged(folder, before, one={"fields": ["/note"], "order": {}})
    assert of(found, "one")[1][0] == "named-order"
    assert of(judged(folder, before, one={"fields": ["/note"]}), "one")[0] == "unknown"


def test_two_changes_of_one_field_are_both_looked_at(folder: Path) -> None:
    edit(folder, STATUS, lambda each: each.update(pattern="^N"))
    before = repository(folder)
    edit(folder, STATUS, lambda each: each.update(enum=["NEW", "PAID", "LOST"]))
    edit(folder, STATUS, lambda each: each.pop("pattern"))
    asked = {"fields": ["/note"], "filter": {"detail": {"status": ["NEW", "PAID"]}}}
    assert of(judged(folder, before, one=asked), "one")[0] == "unknown"


def test_what_did_not_change_is_counted(folder: Path, before: ContractRepository) -> None:
    found = judged(folder, before, one={})
    assert (found.verdict, found.contracts, found.unchanged) == ("safe", (), 1)


def test_a_contract_that_is_gone(folder: Path, before: ContractRepository) -> None:
    (folder / FILE).unlink()
    found = judged(folder, before, one={})
    assert of(found, "one") == of(found, "shop.orders") == ("breaks", ["contract-gone"])


def test_a_type_that_there_is_not(folder: Path, before: ContractRepository) -> None:
    with pytest.raises(UnknownEventType):
        can_release(platform(), repository(folder), Standing(before, "x"), types=["order.palced"])


@pytest.fixture
def released(folder: Path) -> Path:
    """The repository, with 1.0.0 released."""
    before = repository(folder)
    checked = check_repository(before, Released(releases := Releases.load(folder / RELEASES)))
    intent = Intent(by="ada", time="2026-01-31T08:00:00Z", why="", approvals=(), draft=False)
    release(before, releases, to_release(checked, ()), intent)
    return folder


def beside_releases(folder: Path, declared: Platform) -> Impacts:
    releases = Releases.load(folder / RELEASES)
    return can_release(declared, repository(folder), Released(releases))


def renamed(folder: Path, *, text: str = "", name: str = "2-to-1.json") -> None:
    """A major in which ``/note`` is ``/remark``, and a migration back, where one is written."""
    edit(folder, FILE, drop("note"))
    edit(folder, FILE, declare(remark=TEXT))
    edit(folder, FILE, version("2.0.0"))
    if text:
        place = folder / "migrations" / TYPE / name
        place.parent.mkdir(parents=True)
        place.write_text(text)


def test_a_new_major_without_a_migration(released: Path) -> None:
    renamed(released)
    declared = platform(one={}, next={"events": [f"{TYPE}@2"]}, both={"events": [f"{TYPE}@1", f"{TYPE}@2"]})  # fmt: skip
    found = beside_releases(released, declared)
    assert of(found, "one") == ("breaks", ["no-migration"])
    assert of(found, "next") == of(found, "both") == ("safe", ["new"])
    assert of(found, "shop.orders") == ("safe", ["other-major"])


@pytest.mark.parametrize(
    ("steps", "subscription", "expected"),
    [
        (MIGRATION, {}, ("safe", ["translated"])),
        (MIGRATION, {"fields": ["/note"]}, ("safe", ["translated"])),
        ({"steps": []}, {"fields": ["/site"]}, ("safe", ["translated", "left-out"])),
        ({"steps": []}, {"fields": ["/note"]}, ("breaks", ["named-fields"])),
        (
            {"steps": []},
            {"filter": {"detail": {"note": ["x"]}}},
            ("breaks", ["named-filter", "filter-untranslated"]),
        ),
        ({"steps": []}, {}, ("unknown", ["delivered"])),
        (
            {"steps": [{"op": "add", "path": "/note", "value": "x"}]},
            {},
            ("unknown", ["delivered"]),
        ),
        (
            {"steps": [*MIGRATION["steps"], {"op": "remove", "path": "/note"}]},
            {"fields": ["/note"]},
            ("breaks", ["named-fields"]),
        ),
    ],
)
def test_a_new_major_with_field_moves_back(
    released: Path, steps: dict[str, Any], subscription: dict[str, Any], expected: object
) -> None:
    renamed(released, text=json.dumps(steps))
    assert of(beside_releases(released, platform(one=subscription)), "one") == expected


def test_a_migration_that_makes_what_the_old_major_refuses(released: Path) -> None:
    renamed(released, text=json.dumps({"steps": [*MIGRATION["steps"], {"op": "remove", "path": "/status"}]}))  # fmt: skip
    found = of(beside_releases(released, platform(one={"fields": ["/home"]})), "one")
    assert found[0] == "breaks"
    assert "migration-broken" in found[1]


def test_a_migration_into_the_new_major_that_it_refuses(released: Path) -> None:
    renamed(released, text='{"steps": []}', name="1-to-2.json")
    edit(released, FILE, lambda each: each["required"].append("remark"))
    declared = platform(one={"events": [f"{TYPE}@2"], "fields": ["/home"]})
    found = of(beside_releases(released, declared), "one")
    assert found == ("breaks", ["migration-broken"])


def test_an_expression_is_not_looked_into(released: Path) -> None:
    renamed(released, text='$merge([$, {"note": remark}])', name="2-to-1.jsonata")
    assert of(beside_releases(released, platform(one={})), "one") == ("unknown", ["translated"])


def test_a_later_release_of_the_new_major(released: Path) -> None:
    renamed(released)
    after = repository(released)
    releases = Releases.load(released / RELEASES)
    checked = check_repository(after, Released(releases))
    intent = Intent(by="ada", time="2026-02-01T08:00:00Z", why="", approvals=("shop",), draft=False)
    release(after, releases, to_release(checked, ()), intent)
    edit(released, FILE, drop("remark"))
    edit(released, FILE, version("2.1.0"))
    declared = platform(one={}, next={"events": [f"{TYPE}@2"]}, both={"events": [f"{TYPE}@1", f"{TYPE}@2"]})  # fmt: skip
    found = beside_releases(released, declared)
    assert of(found, "one") == ("safe", ["other-major"])
    assert of(found, "next") == ("unknown", ["delivered"])
    assert of(found, "both") == ("unknown", ["delivered"])


def test_only_the_types_that_are_named(released: Path) -> None:
    shutil.copy(released / FILE, released / "OrderPaid.json")
    edit(released, "OrderPaid.json", lambda each: each["x-keybus"].update(type="order.paid"))
    edit(released, "OrderPaid.json", lambda each: each.update(title="OrderPaid"))
    edit(released, FILE, drop("note"))
    releases = Released(Releases.load(released / RELEASES))
    found = can_release(platform(one={}), repository(released), releases, types=["order.paid"])
    assert (only(found).type, only(found).since, found.verdict) == ("order.paid", "", "safe")
