"""Every fault of a platform file, with its line; and none in the reference application."""

from pathlib import Path

import pytest

from keybus.errors import Fault, TopologyError
from keybus.topology import load_platform

GOOD = """\
bus: tiny
accounts:
  me: {id: "111111111111"}
publishers:
  key.me: {account: me, events: []}
subscriptions:
  all: {account: me, filter: {source: [key.me]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "keybus.toml").write_text('[repository]\nname = "tiny"\n')
    return tmp_path


def faults(folder: Path, text: str | bytes) -> tuple[Fault, ...]:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "platform.yaml").write_bytes(data)
    with pytest.raises(TopologyError) as caught:
        load_platform(folder)
    assert all(fault.file == "platform.yaml" for fault in caught.value.faults)
    assert all(str(fault) in str(caught.value) for fault in caught.value.faults)
    return caught.value.faults


def test_the_reference_application_has_none(example: Path) -> None:
    platform, contracts = load_platform(example)
    assert "notifications" in platform.subscriptions
    assert platform.account_of_source("key.delivery") == platform.accounts["deliveries"].id
    assert platform.account_of_source("unheard.of") == "000000000000"
    assert "delivery.status.updated" in contracts.types


def test_the_file_itself_may_be_named(folder: Path) -> None:
    (folder / "platform.yaml").write_text(GOOD)
    assert load_platform(folder / "platform.yaml")[0].bus == "tiny"


def test_all_faults_are_listed_with_their_lines(folder: Path) -> None:
    text = GOOD + (
        "  lost: {account: nobody, events: [no.such.event@1]}\n"
        "  idle: {account: me}\n"
        '  odd: {account: me, filter: {source: "key.me"}}\n'
    )
    assert [(fault.code, fault.line) for fault in faults(folder, text)] == [
        ("unknown-account", 8),
        ("unknown-event", 8),
        ("no-events", 9),
        ("bad-filter", 10),
    ]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ('"111111111111"', '"1"', "bad-value", 3),
        ("bus: tiny", "buss: tiny", "unknown-key", 1),
        ("account: me, events: []", "account: me", "missing-key", 5),
        ("bus: tiny", "bus: tiny\nbus: tiny", "duplicate-key", 2),
        ("bus: tiny", "bus: [", "bad-yaml", 3),
        ("me: {id", "you: *a\n  me: &a {id", "bad-yaml", 3),
        ('  me: {id: "111111111111"}', '  me: &a {id: "111111111111"}\n  you: *a', "alias", 4),
        ("bus: tiny", "bus: !!python/object:os.system x", "tag", 1),
        ("account: me, events: []", "account: me, events: [No.Such]", "bad-value", 5),
        ("events: []", "events: [no.such]", "unknown-event", 5),
    ],
)
def test_a_fault_is_found_where_it_stands(
    folder: Path, old: str, new: str, code: str, line: int
) -> None:
    found = faults(folder, GOOD.replace(old, new, 1))
    assert (code, line) in [(fault.code, fault.line) for fault in found]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "missing-key"),
        ("[]", "wrong-type"),
        ("just text", "wrong-type"),
        (b"bus: \xff", "not-utf8"),
        pytest.param("a: " + "[" * 100_000, "too-deep", marks=pytest.mark.long),
        ("a: " + "[" * 100 + "]" * 100, "too-deep"),
    ],
)
def test_what_is_no_platform_is_refused(folder: Path, text: str | bytes, code: str) -> None:
    assert faults(folder, text)[0].code == code


def test_a_missing_file_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match=r"platform\.yaml"):
        load_platform(tmp_path)


def test_majors_and_owners_are_checked(example: Path, tmp_path: Path) -> None:
    (tmp_path / "contracts").symlink_to(example / "contracts")
    (tmp_path / "teams").symlink_to(example / "teams")
    text = (example / "platform.yaml").read_text()
    text = text.replace("delivery.status.updated@1", "delivery.status.updated@7", 1)
    text = text.replace("    account: access\n", "    account: devices\n", 1)
    codes = {fault.code for fault in faults(tmp_path, text)}
    assert codes == {"unknown-major", "not-owner"}
