"""What removing a field of one major does to readers of another, by the migration between them."""

import json
from typing import Any

import pytest

from keybus.contracts import ContractRepository
from keybus.contracts.editions import Edition, Editions
from keybus.contracts.migrations import Migrations
from keybus.governance.usage import can_remove
from tests.unit.governance.usage.scene import FILE, TEXT, TYPE, edit, platform, repository, write


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> dict[int, ContractRepository]:
    """The repository at major 1, and at major 2 with ``/remark`` in place of ``/note``."""
    folder = write(tmp_path_factory.mktemp("usage") / "contracts")
    first = repository(folder)
    edit(folder, FILE, lambda each: each["x-keybus"].update(version="2.0.0"))
    edit(folder, FILE, lambda each: each["properties"].update(remark=TEXT))
    edit(folder, FILE, lambda each: each["properties"].pop("note"))
    return {1: first, 2: repository(folder)}


def judged(
    found: dict[int, ContractRepository], name: str, text: str, pointer: str, **subscription: Any
) -> tuple[str, list[str]]:
    """The verdict on a subscription to major 1, of removing a field of major 2."""
    majors = Editions({TYPE: {major: Edition(each[TYPE]) for major, each in found.items()}})
    migrations = Migrations.of_texts({f"{TYPE}/{name}": text})
    contracts = found[2].beside(majors, migrations)
    removal = can_remove(platform(one=subscription), contracts, TYPE, pointer)
    return removal.users[1].verdict, [each.code for each in removal.users[1].reasons]


def moves(*steps: dict[str, Any]) -> str:
    return json.dumps({"steps": list(steps)})


BACK = {"op": "move", "from": "/remark", "path": "/note"}


@pytest.mark.parametrize(
    ("steps", "pointer", "subscription", "expected"),
    [
        ([BACK], "/remark", {"fields": ["/note"]}, ("breaks", ["named-fields"])),
        ([BACK], "/remark", {}, ("unknown", ["delivered"])),
        ([BACK], "/remark", {"fields": ["/site"]}, ("safe", ["left-out"])),
        ([BACK], "/site/name", {"fields": ["/site/name"]}, ("breaks", ["named-fields"])),
        ([BACK], "/site/name", {"fields": ["/note"]}, ("safe", ["left-out"])),
        ([{"op": "copy", "from": "/remark", "path": "/note"}], "/remark", {"fields": ["/note"]}, ("breaks", ["named-fields"])),
        ([BACK, {"op": "remove", "path": "/note"}], "/remark", {}, ("safe", ["dropped"])),
        ([BACK, {"op": "add", "path": "/note", "value": "x"}], "/remark", {"fields": ["/note"]}, ("safe", ["dropped"])),
        ([BACK, {"op": "default", "path": "/note", "value": "x"}], "/remark", {"fields": ["/note"]}, ("breaks", ["named-fields"])),
        ([BACK, {"op": "map", "path": "/note", "values": {"a": "b"}}], "/remark", {"fields": ["/note"]}, ("breaks", ["named-fields"])),
        # A whole object that is taken elsewhere, and a part of it.
        ([{"op": "move", "from": "/site", "path": "/home"}], "/site/name", {"fields": ["/home/name"]}, ("breaks", ["named-fields"])),
        ([{"op": "move", "from": "/site", "path": "/home"}], "/site/name", {"fields": ["/home/gate"]}, ("safe", ["left-out"])),
        ([{"op": "move", "from": "/site/name", "path": "/note"}], "/site", {"fields": ["/note"]}, ("breaks", ["named-fields"])),
        # An object that is made for the field, and would be missing without it.
        ([{"op": "move", "from": "/remark", "path": "/home/name"}], "/remark", {"fields": ["/home/gate"]}, ("unknown", ["made-around"])),
        ([{"op": "move", "from": "/remark", "path": "/home/name"}], "/remark", {"fields": ["/site"]}, ("safe", ["left-out"])),
        ([{"op": "move", "from": "/stops/*/name", "path": "/stops/*/gate"}], "/stops/*/name", {"fields": ["/stops/gate"]}, ("breaks", ["named-fields"])),
    ],
)  # fmt: skip
def test_field_moves_are_followed(
    editions: dict[int, ContractRepository],
    steps: list[dict[str, Any]],
    pointer: str,
    subscription: dict[str, Any],
    expected: object,
) -> None:
    assert judged(editions, "2-to-1.json", moves(*steps), pointer, **subscription) == expected


def test_an_expression_is_not_looked_into(editions: dict[int, ContractRepository]) -> None:
    found = judged(editions, "2-to-1.jsonata", "$", "/remark", fields=["/site"])
    assert found == ("unknown", ["translated"])


def test_a_migration_the_other_way_is_no_matter(editions: dict[int, ContractRepository]) -> None:
    found = judged(editions, "1-to-2.json", moves(BACK), "/remark", fields=["/note"])
    assert found == ("safe", ["other-major"])


def test_a_field_of_an_older_major(editions: dict[int, ContractRepository]) -> None:
    majors = Editions({TYPE: {major: Edition(each[TYPE]) for major, each in editions.items()}})
    contracts = editions[2].beside(majors, Migrations())
    removal = can_remove(platform(one={"fields": ["/note"]}), contracts, TYPE, "/note", major=1)
    assert (removal.version, removal.verdict) == ("1.0.0", "breaks")
