"""Constructs say the same as YAML, and what is wrong with them is found as in YAML."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from keybus.errors import Fault, TopologyError
from keybus.topology import load_declaration, load_platform, model, read_declaration
from keybus.topology.constructs import (
    Account,
    Grant,
    Order,
    Platform,
    Publisher,
    Retry,
    Subscription,
    Waiver,
)
from keybus.topology.plain import plain_data
from keybus.topology.writing import platform_yaml
from tests.unit.topology.platforms import platforms

encode = msgspec.json.encode
KINDS = {
    "accounts": Account,
    "publishers": Publisher,
    "grants": Grant,
    "subscriptions": Subscription,
    "exceptions": Waiver,
}
SCRIPT = """\
from keybus.topology.constructs import *

platform = Platform("tiny", central="me")
Account(platform, "me", id="111111111111", owners=["my-team"])
Publisher(platform, "shop", account="me", events=["order.placed"])
Subscription(platform, "orders",
    account="me",
    events=["order.placed@1"],
    filter={"detail": {"status": ["x"]}},
)
"""


@given(data=platforms())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None
)
def test_what_constructs_write_is_what_they_say(declared: Path, data: dict[str, Any]) -> None:
    meant = msgspec.convert(data, model.Platform)
    root = Platform(
        **{key: value for key, value in data.items() if key not in KINDS},
        contracts=str(declared / "contracts"),
    )
    for section, kind in KINDS.items():
        for name, said in data.get(section, {}).items():
            kind(root, name, **said)
    said = msgspec.structs.replace(root.declaration().platform, contracts="contracts")
    assert said == meant
    as_json = json.dumps(plain_data(root.declaration().platform))  # JSON is YAML
    for text in (root.to_yaml(), platform_yaml(root.declaration().platform), as_json):
        (declared / "platform.yaml").write_text(text)
        loaded, _ = load_platform(declared)
        assert loaded == root.declaration().platform
        # To Python, 1 is 1.0 and True as well; to a pattern they are not.
        assert encode(plain_data(loaded)) == encode(plain_data(root.declaration().platform))


def test_parts_may_be_told_as_values() -> None:
    root = Platform("tiny")
    Subscription(root, "a", account="me", order=Order(key="/x"), retry=Retry(max_age=60))
    assert "order:\n      key: /x\n    retry:\n      max_age: 60\n" in root.to_yaml()


def script_faults(folder: Path, text: str) -> list[Fault]:
    (folder / "platform.py").write_text(text)
    declaration, faults = read_declaration(folder)
    assert (declaration is None) == bool(faults)
    return faults


def test_a_script_is_a_platform(declared: Path) -> None:
    assert script_faults(declared, SCRIPT) == []
    declaration = load_declaration(declared / "platform.py")
    assert declaration.platform.subscriptions["orders"].account == "me"
    assert declaration.place("/subscriptions/orders/filter") == ("platform.py", 6)
    assert load_declaration(declared).platform == declaration.platform


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ('["order.placed@1"]', '["order.plcd@1"]', "unknown-event", 6),
        ('"111111111111"', "111111111111", "wrong-type", 4),
        ('"111111111111"', "object()", "wrong-type", 4),
        ('["x"]', '[float("nan")]', "bad-number", 6),
        ('["x"]', "[1 << 64]", "bad-number", 6),
        ('["x"]', '["\\ud800"]', "bad-text", 6),
        ('"detail":', "5:", "bad-key", 6),
        ('"shop", account', '"shop", acount', "python-error", 5),
        ('central="me"', 'central="mee"', "unknown-account", 3),
        ('Account(platform, "me"', "Account(platform, 5", "bad-key", 4),
        ('"tiny", central="me")', '"tiny", central="me"', "python-error", 3),
        ('Platform("tiny"', 'int("tiny"', "python-error", 3),
        (SCRIPT, "x = 1", "no-platform", 0),
        (SCRIPT, SCRIPT + "Platform('other')", "no-platform", 0),
        (SCRIPT, SCRIPT + "raise SystemExit(3)", "python-error", 11),
        (SCRIPT, SCRIPT + "Account(platform, 'me', id='1' * 12)", "duplicate-name", 11),
        (SCRIPT, SCRIPT + "a = {}\na['a'] = a\nPlatform.__call__\nplatform.declare('grants', 'x', a)", "too-deep", 14),
    ],
)  # fmt: skip
def test_a_fault_names_the_line_of_the_call(
    declared: Path, old: str, new: str, code: str, line: int
) -> None:
    assert old in SCRIPT
    faults = script_faults(declared, SCRIPT.replace(old, new, 1))
    assert (code, "platform.py", line) in [(f.code, f.file, f.line) for f in faults]


def test_a_script_may_import_what_stands_beside_it(declared: Path, tmp_path: Path) -> None:
    team = dedent("""\
        from keybus.topology.constructs import Account
        def declare(platform):
            Account(platform, "you", id=NUMBER)
    """)
    (declared / "their_team.py").write_text(team.replace("NUMBER", '"222222222222"'))
    text = SCRIPT + "import their_team\ntheir_team.declare(platform)\n"
    assert script_faults(declared, text) == []
    (tmp_path / "their_team.py").write_text(team.replace("NUMBER", '"2222"'))
    [fault] = script_faults(declared, text)
    assert (fault.code, fault.file, fault.line) == ("bad-value", "their_team.py", 3)


def test_faults_are_raised_as_well() -> None:
    with pytest.raises(TopologyError, match=r"test_constructs\.py:\d+"):
        Platform("a/b").declaration()
