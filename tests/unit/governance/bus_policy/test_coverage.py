"""What a statement allows, the topology has to allow; else it says what is missing."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keybus.contracts import ContractRepository
from keybus.governance.authorizer import Authorizer
from keybus.governance.bus_policy import of_the_topology, read_statement, uncovered
from keybus.topology import Publisher
from tests.unit.governance.bus_policy.small import (
    BUS,
    DESK,
    GUEST,
    IDLE,
    PLATFORM,
    SHOP,
    statement,
)


def org(value: str = "o-small", *sources: str) -> dict[str, Any]:
    more = {"events:source": list(sources)} if sources else {}
    return {"StringEquals": {"aws:PrincipalOrgID": value, **more}}


def source(*values: str) -> dict[str, Any]:
    return {"StringEquals": {"events:source": list(values)}}


COVERED: list[dict[str, Any]] = [
    {"principal": {"AWS": SHOP}},
    {"principal": {"AWS": [SHOP, DESK, GUEST]}},
    {"principal": {"AWS": SHOP}, "condition": source("shop.till", "shop.web")},
    {"principal": {"AWS": SHOP}, "condition": {"ForAllValues:" + name: keys for name, keys in source("shop.web").items()}},
    {"principal": {"AWS": SHOP}, "condition": {"StringEquals": {"events:detail-type": "sale"}}},
    {"principal": {"AWS": GUEST}, "condition": org("o-guests")},
    {"condition": org()},
    {"condition": org("o-guests")},
    {"condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-small", "o-guests"]}}},
    {"condition": org("o-small", "shop.till", "desk.bell")},
    {"condition": {"StringEquals": {"aws:PrincipalAccount": SHOP}}},
]  # fmt: skip


@pytest.mark.parametrize("more", COVERED)
def test_what_the_topology_allows_may_be_allowed(
    more: dict[str, Any], authorizer: Authorizer
) -> None:
    assert (
        uncovered(read_statement(statement("Allow", **more), [BUS]), PLATFORM, authorizer) is None
    )


MISSING: list[tuple[str, dict[str, Any]]] = [
    ("'one' allows more than the topology: the principal \"*\" is everybody", {}),
    ('the principal "*" is everybody', {"condition": source("shop.till")}),
    ("the account 999999999999 is not declared", {"principal": {"AWS": [SHOP, "999999999999"]}}),
    ("the account 999999999999 is not declared", {"condition": {"StringEquals": {"aws:PrincipalAccount": [SHOP, "999999999999"]}}}),
    ("the organization 'o-other' is not the platform's", {"condition": org("o-other")}),
    ("no publisher is declared for the account 'idle'", {"principal": {"AWS": [SHOP, IDLE]}}),
    ("no publisher is declared for the account 'idle'", {"principal": {"AWS": IDLE}}),
    ("no publisher is declared for the account that is meant", {"principal": {"AWS": SHOP}, "condition": org("o-guests")}),
    ("the account 'shop' has no source 'desk.bell'", {"principal": {"AWS": SHOP}, "condition": source("shop.till", "desk.bell")}),
    ("the account 'desk' has no source 'shop.till'", {"principal": {"AWS": [SHOP, DESK]}, "condition": source("shop.till")}),
    ("no account that is meant has the source 'guest.door'", {"condition": org("o-small", "guest.door")}),
    ("not bounded", {"principal": {"AWS": SHOP}, "condition": {"StringLike": {"events:source": "shop.*"}}}),
    ("not bounded", {"principal": {"AWS": SHOP}, "condition": {"StringNotEquals": {"events:source": "x"}}}),
    ("not bounded", {"condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-small"}}}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "more"), MISSING)
def test_what_is_missing_is_named(
    message: str, more: dict[str, Any], authorizer: Authorizer
) -> None:
    found = uncovered(read_statement(statement("Allow", **more), [BUS]), PLATFORM, authorizer)
    assert found is not None
    assert message in str(found)
    assert found.hint


def test_what_denies_needs_no_cover(authorizer: Authorizer) -> None:
    wide = read_statement(statement(principal={"AWS": "999999999999"}), [BUS])
    assert uncovered(wide, PLATFORM, authorizer) is None


def test_the_topologys_own_statements_are_covered_and_say_who_may_put_what(
    authorizer: Authorizer,
) -> None:
    own = list(of_the_topology(PLATFORM, BUS))
    assert {each["Sid"]: each["Condition"]["StringEquals"]["events:source"] for each in own} == {
        f"keybus-topology-{SHOP}": ["shop.till", "shop.web"],
        f"keybus-topology-{DESK}": "desk.bell",
        f"keybus-topology-{GUEST}": "guest.door",
    }
    for each in own:
        assert uncovered(read_statement(each, [BUS]), PLATFORM, authorizer) is None


def contracts(folder: Path) -> ContractRepository:
    """One event type, which the desk owns."""
    (folder / "keybus.toml").write_text('[repository]\nname = "desk"\n')
    names = ("id", "type", "time", "publisher", "schema_version")
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "BellRung",
        "type": "object",
        "x-keybus": {
            "type": "bell.rung",
            "version": "1.0.0",
            "owner": "desk",
            "classification": "internal",
        },
        "required": list(names),
        "properties": {name: {"type": "string"} for name in names},
    }
    (folder / "BellRung.json").write_text(json.dumps(schema))
    return ContractRepository.load(folder)


def test_types_with_a_contract_are_their_owners(tmp_path: Path) -> None:
    bell = Publisher("desk", ["bell.rung"])
    publishers = {**PLATFORM.publishers, "desk.bell": bell}
    platform = msgspec.structs.replace(PLATFORM, publishers=publishers)
    authorizer = Authorizer(platform, contracts(tmp_path))

    def missing(**more: Any) -> str:
        read = read_statement(statement("Allow", **more), [BUS])
        return str(uncovered(read, platform, authorizer) or "")

    rung = {"events:detail-type": "bell.rung"}
    whole, of_bell = {"StringEquals": rung}, {"StringEquals": rung | {"events:source": "desk.bell"}}
    assert missing(principal={"AWS": DESK}, condition=whole) == ""
    assert missing(principal={"AWS": DESK}, condition=of_bell) == ""
    told = missing(principal={"AWS": SHOP}, condition=whole)
    assert "no publisher of the account 'shop' emits 'bell.rung'" in told
    of_till = {"StringEquals": rung | {"events:source": "shop.till"}}
    assert "emits 'bell.rung'" in missing(principal={"AWS": SHOP}, condition=of_till)
    of_all = {"StringEquals": rung | {"aws:PrincipalOrgID": "o-small"}}
    assert missing(condition=of_all) == ""
    of_guests = {"StringEquals": rung | {"aws:PrincipalOrgID": "o-guests"}}
    assert "no publisher that is meant emits 'bell.rung'" in missing(condition=of_guests)
