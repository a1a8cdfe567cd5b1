"""What clients say of themselves: read leniently, whatever it is."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus import __version__
from keybus.client.agent import HEADER as SENT
from keybus.client.agent import agent
from keybus.contracts import ContractRepository
from keybus.governance.sprawl import HEADER, Agent, bindings_digest, is_older, parse_agent
from keybus.governance.sprawl.agent import MOST_BINDINGS
from tests.running import EXAMPLE


def test_what_the_client_says_is_understood(events: ModuleType) -> None:
    said = parse_agent(agent())
    digest = bindings_digest(ContractRepository.load(EXAMPLE / "contracts"))
    assert said.client == __version__
    assert (events.__name__, digest) in said.bindings
    assert said.python.startswith("3.")
    assert SENT == HEADER


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", Agent()),
        ("keybus/1.2.3", Agent("1.2.3")),
        ("keybus/1.2 \t keybus/9 nonsense / a/ /b python/3.12.1", Agent("1.2", "3.12.1")),
        ("b/sha256:0a a/1", Agent("", "", (("a", "1"), ("b", "sha256:0a")))),
        ("keybus/<script> \x1b[31m/1 é/2", Agent()),
    ],
)
def test_what_cannot_be_read_is_passed_over(text: str, found: Agent) -> None:
    assert parse_agent(text) == found


@given(st.text(max_size=5_000))
def test_anything_can_be_sent(text: str) -> None:
    found = parse_agent(text)
    assert len(found.bindings) <= MOST_BINDINGS
    assert all(len(name) <= 64 and name.isascii() for name, _ in found.bindings)


@pytest.mark.parametrize(
    ("version", "minimum", "older"),
    [
        ("0.1.0", "0.2.0", True),
        ("0.10.0", "0.9.9", False),
        ("1.0.0", "1.0", False),
        ("1.0", "1.0.0", False),
        ("1.0.0-rc.1", "1.0.0", True),
        ("1.0.0rc1", "1.0.0", True),
        ("1.0.0+local", "1.0.0", False),
        ("", "0.0.1", True),
        ("unknown", "0.0.1", True),
    ],
)
def test_which_version_is_older(version: str, minimum: str, *, older: bool) -> None:
    assert is_older(version, minimum) is older
