"""A platform over several files is one platform, and every fault names its own file."""

import os
from pathlib import Path

import pytest

from keybus.errors import TopologyError
from keybus.topology import load_declaration, load_platform, read_declaration

CENTRAL = """\
bus: tiny
include: {me: teams/me.yaml, you: [teams/you-*.yaml, ../other/keybus.yaml]}
accounts:
  me: {id: "111111111111", owners: [my-team]}
  you: {id: "222222222222"}
"""
ME = """\
publishers:
  shop: {events: [order.placed]}
grants:
  orders: {account: you, events: [order.placed], reason: to count, approver: my-team, expires: 2027-06-30}
"""
YOU = "subscriptions:\n  orders: {events: [order.placed@1]}\n"
OTHER = "subscriptions:\n  doors: {events: [door_unit.opened@1], account: you}\n"
WHOLE = """\
bus: tiny
accounts:
  me: {id: "111111111111", owners: [my-team]}
  you: {id: "222222222222"}
publishers:
  shop: {account: me, events: [order.placed]}
grants:
  orders: {account: you, events: [order.placed], reason: to count, approver: my-team, expires: 2027-06-30}
subscriptions:
  orders: {account: you, events: [order.placed@1]}
  doors: {account: you, events: [door_unit.opened@1]}
"""


@pytest.fixture
def folder(declared: Path) -> Path:
    platform = declared / "central"
    (platform / "teams").mkdir(parents=True)
    (platform / "contracts").symlink_to(declared / "contracts")
    (declared / "other").mkdir()
    (platform / "platform.yaml").write_text(CENTRAL)
    (platform / "teams" / "me.yaml").write_text(ME)
    (platform / "teams" / "you-1.yaml").write_text(YOU)
    (declared / "other" / "keybus.yaml").write_text(OTHER)
    return platform


def test_several_files_are_one_platform(folder: Path) -> None:
    declaration = load_declaration(folder)
    (folder / "platform.yaml").write_text(WHOLE)
    assert declaration.platform == load_platform(folder)[0]
    assert declaration.place("/grants/orders/reason") == ("teams/me.yaml", 4)
    assert declaration.place("/subscriptions/doors/filter") == ("../other/keybus.yaml", 2)
    assert declaration.place("/accounts/you") == ("platform.yaml", 5)
    assert declaration.place("") == ("platform.yaml", 1)


CASES = [
    ("teams/me.yaml", "[order.placed], reason", "[order.plcd], reason", "unknown-event", "teams/me.yaml", 4),
    ("teams/me.yaml", "{events: [order.placed]}", "{account: you, events: [order.placed]}", "not-yours", "teams/me.yaml", 2),
    ("teams/you-1.yaml", YOU, YOU.replace("orders", "doors"), "duplicate-name", "../other/keybus.yaml", 2),
    ("teams/you-1.yaml", YOU, YOU + ME[ME.index("grants"):].replace("you", "hub").replace("orders", "y"), "not-yours", "teams/you-1.yaml", 4),
    ("teams/you-1.yaml", YOU, YOU + "accounts: {}", "unknown-key", "teams/you-1.yaml", 3),
    ("teams/you-1.yaml", "[order.placed@1]", "order.placed@1", "wrong-type", "teams/you-1.yaml", 2),
    ("teams/you-1.yaml", YOU, "&a x", "wrong-type", "teams/you-1.yaml", 1),
    ("teams/you-1.yaml", YOU, "x: [", "bad-yaml", "teams/you-1.yaml", 1),
    ("platform.yaml", "me: teams/me.yaml", "me: [teams/me.yaml, teams/nobody-*.yaml]", "no-files", "platform.yaml", 2),
    ("platform.yaml", "me: teams/me.yaml", "me: [teams/me.yaml, platform.yaml]", "included-twice", "platform.yaml", 2),
    ("platform.yaml", "[teams/you-*.yaml", "[teams/*.yaml", "included-twice", "platform.yaml", 2),
    ("platform.yaml", "me: teams/me.yaml", "me: [teams/me.yaml, teams]", "unreadable", "teams", 0),
    ("platform.yaml", "me: teams/me.yaml", "me: [teams/me.yaml, 5]", "wrong-type", "platform.yaml", 2),
    ("platform.yaml", "me: teams/me.yaml", 'me: [teams/me.yaml, ""]', "bad-value", "platform.yaml", 2),
    ("platform.yaml", "me: teams/me.yaml", 'me: [teams/me.yaml, "a\\0"]', "no-files", "platform.yaml", 2),
    ("platform.yaml", "me: teams/me.yaml", "me: teams/me.yaml, us: ../contracts/keybus.toml", "unknown-account", "platform.yaml", 2),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[3]} {case[2][:20]}")
def test_a_fault_names_its_own_file(
    folder: Path, case: tuple[str, str, str, str, str, int]
) -> None:
    file, old, new, code, where, line = case
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    declaration, faults = read_declaration(folder)
    assert declaration is None
    assert (code, where, line) in [(fault.code, fault.file, fault.line) for fault in faults]
    with pytest.raises(TopologyError) as caught:
        load_platform(folder)
    assert list(caught.value.faults) == faults


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "teams" / "you-2.yaml")
    [fault] = read_declaration(folder)[1]
    assert (fault.code, fault.file) == ("unreadable", "teams/you-2.yaml")


def test_a_symlink_is_a_file(folder: Path) -> None:
    (folder / "teams" / "me.yaml").rename(folder / "elsewhere")
    (folder / "teams" / "me.yaml").symlink_to(folder / "elsewhere")
    assert load_declaration(folder).place("/publishers/shop") == ("teams/me.yaml", 2)
