"""What a footing lacks is named, with where it is asked for."""

import re
from typing import Any

import msgspec
import pytest

from keybus.topology.footings import FOOTINGS, capability_matrix, lacking, matrix_rows
from keybus.topology.model import Platform
from tests.running import ROOT

PLAIN: dict[str, Any] = {"account": "me", "filter": {"source": ["x"]}}


@pytest.mark.parametrize(
    ("asked", "embedded", "aws"),
    [
        ({}, [], []),
        ({"fields": ["/a"]}, [], [("fields", "/fields")]),
        ({"retry": {"attempts": 3}}, [], []),
        ({"retry": {"max_age": 60}}, [], []),
        ({"retry": {"max_age": 86_401}}, [], [("retry.max_age.days", "/retry/max_age")]),
        ({"retry": {"keep_dead_letters": 3600}}, [], []),
        ({"order": {}}, [], [("order", "/order")]),
        ({"order": {"on_failure": "skip"}}, [], [("order", "/order")]),
        ({"start": "latest"}, [], []),
        ({"start": "2026-01-31"}, [], [("start", "/start")]),
        ({"target": {"webhook": {"url": "https://a.example"}}}, [], [("webhook", "/target/webhook")]),
        ({"target": {"input": "1"}}, [], []),
        ({"target": {"jsonata": "detail"}}, [], [("input.jsonata", "/target/jsonata")]),
        ({"alarms": {"waiting": 5}}, [("alarms", "/alarms")], []),
    ],
)  # fmt: skip
def test_what_is_lacking_is_named(
    asked: dict[str, Any], embedded: list[tuple[str, str]], aws: list[tuple[str, str]]
) -> None:
    data = {"bus": "tiny", "subscriptions": {"a/b": PLAIN | asked}}
    at = "/subscriptions/a~1b"
    lacks = lacking(msgspec.convert(data, Platform))
    assert [(lack.capability, lack.pointer) for lack in lacks] == [(i, at + p) for i, p in embedded]
    assert all(lack.capability in lack.message and lack.hint for lack in lacks)
    there, *lacks = lacking(msgspec.convert({**data, "footing": "aws"}, Platform))
    assert (there.capability, there.pointer) == ("bus", "/footing")
    assert [(lack.capability, lack.pointer) for lack in lacks] == [(i, at + p) for i, p in aws]
    [there] = lacking(msgspec.convert({**data, "footing": "nats"}, Platform))
    assert (there.capability, there.pointer) == ("bus", "/footing")


def test_the_page_has_the_matrix() -> None:
    page = (ROOT / "docs" / "platform.md").read_text().partition("## Footings")[2]
    rows = re.findall(r"^\| `(.+)` \| (.+) \|$", page.partition("## ")[0], re.MULTILINE)
    assert [(name, *rest.split(" | ")) for name, rest in rows] == matrix_rows()


def test_every_footing_stands_somewhere_to_every_capability() -> None:
    for capability in capability_matrix():
        assert set(capability.standings) == set(FOOTINGS)
