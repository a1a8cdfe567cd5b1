"""Plain values are what YAML 1.2 says, and nothing changes without a word."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keybus.errors import Fault, TopologyError
from keybus.topology import load_platform
from tests.unit.topology.conftest import FaultsOf

PLATFORM = """\
bus: tiny
accounts:
  no: {id: "111111111111"}
subscriptions:
  all: {account: no, filter: {detail: {value: [%s]}}}
"""


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *((text, text) for text in ("NO", "no", "ON", "yes", "y", "12:30", "2026-01-31", "1_000")),
        *((text, text) for text in ("0b11", "0X1F", "0o8", "=", "<<", "+", ".", "e5", "tRUE")),
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        *((text, None) for text in ("null", "Null", "NULL", "~")),
        ("012", 12),
        ("-7", -7),
        ("+7", 7),
        ("0o17", 15),
        ("0x1f", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("-1.50E-2", -0.015),
        ("9223372036854775807", 2**63 - 1),
        ('"12"', "12"),
        ("'true'", "true"),
        ('"\\U0001F600"', "\U0001f600"),
        ('"\\ud83d\\ude00"', "\U0001f600"),  # as JSON escapes it
        ('"\\/"', "/"),
    ],
)
def test_a_plain_value(declared: Path, written: str, value: Any) -> None:
    (declared / "platform.yaml").write_text(PLATFORM % written)
    platform, _ = load_platform(declared)
    found = platform.subscriptions["all"].filter
    assert found == {"detail": {"value": [value]}}
    assert type(found["detail"]["value"][0]) is type(value)
    assert platform.subscriptions["all"].account == "no"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *((text, "bad-number") for text in (".inf", "-.Inf", ".nan", ".NaN", "1e400", "1e-400")),
        *((text, "bad-number") for text in ("0x" + "f" * 17, "0x" + "f" * 5000, "9" * 5000)),
        *((text, "bad-number") for text in ("0o" + "7" * 30, "0.1234567890123456789")),
        *((text, "tag") for text in ("!!timestamp 2026-01-31", "!!bool x", "!!int ''", "!own x")),
        *((text, "tag") for text in ("!!str x", "!!set {a}", "!!binary x", "! 5", "!!omap []")),
        ('"\\ud800"', "bad-text"),
        ('"\\UFFFFFFFF"', "bad-yaml"),
        ('"\\U00110000"', "bad-yaml"),
        ("\x07", "bad-yaml"),
    ],
)
def test_what_no_event_can_hold(faults_of: FaultsOf, written: str, code: str) -> None:
    [fault] = faults_of(PLATFORM % written)
    assert (fault.code, fault.line) == (code, 5)
    str(fault).encode()
    if code == "tag":
        assert "write it plainly" in fault.hint


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("[a]", "bad-key"),
        ("{a: b}", "bad-key"),
        ("!!str a", "tag"),
        ('"\\ud800"', "bad-text"),
    ],
)
def test_keys_are_text(faults_of: FaultsOf, key: str, code: str) -> None:
    found = faults_of(f'bus: tiny\naccounts:\n  ? {key}\n  : {{id: "111111111111"}}\n')
    assert (code, 3) in [(fault.code, fault.line) for fault in found]
    assert all(str(fault).encode() for fault in found)


WORDS = st.sampled_from(["bus", "accounts", "publishers", "subscriptions", "contracts", "account"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(WORDS | st.text(), inner),
    max_leaves=15,
)

OF_A_SUBSCRIPTION = ("filter", "retry", "order", "target", "alarms", "fields")
OF_THE_PLATFORM = ("contracts", "accounts", "grants", "exceptions", "include", "central", "footing")
PLACES = ("", "grant", "exception", *OF_A_SUBSCRIPTION, *OF_THE_PLATFORM)


@given(value=VALUES, place=st.sampled_from(PLACES))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
def test_nothing_in_a_file_is_a_traceback(declared: Path, value: Any, place: str) -> None:
    text = _flow(value)
    whole = {
        "": text,
        "grant": f"bus: a\ngrants: {{g: {text}}}",
        "exception": f"bus: a\nexceptions: {{g: {text}}}",
        **{
            key: f"bus: a\nsubscriptions: {{s: {{account: b, {key}: {text}}}}}"
            for key in OF_A_SUBSCRIPTION
        },
    }.get(place, f"bus: a\n{place}: {text}")
    (declared / "platform.yaml").write_bytes(whole.encode("utf-8", "surrogatepass"))
    faults: tuple[Fault, ...] = ()
    try:
        load_platform(declared)
    except TopologyError as error:
        faults = error.faults
    lines = [fault.line for fault in faults if fault.file == "platform.yaml"]
    assert lines == sorted(lines)
    assert all(str(fault).encode() for fault in faults)


def _flow(value: Any) -> str:
    """YAML in flow style, numbers as Python writes them."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(character):08X}" for character in value) + '"'
    return "null" if value is None else str(value).lower()
