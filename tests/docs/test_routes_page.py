"""docs/server.md lists exactly the routes that there are, each with its decision."""

import re

from keybus.bus.dead_letters.letters import CAUSES
from keybus.server.access import Guarded
from keybus.server.app import routes
from keybus.server.native import deliveries
from tests.running import ROOT

PAGE = (ROOT / "docs" / "server.md").read_text()
ROW = re.compile(r"^\| (WebSocket )?`(?:([A-Z]+) )?(/[^`?]*)[^`]*` \| `([a-z.]+)` \|", re.MULTILINE)
CLOSE_CODE = re.compile(r"^\| (\d{4}) \|", re.MULTILINE)


def test_every_route_is_listed_with_its_decision() -> None:
    listed = [
        (method or socket.strip(), path, decision)
        for socket, method, path, decision in ROW.findall(PAGE)
    ]
    assert len(listed) == len(set(listed))
    found = set()
    for route in routes():
        methods = (route.methods or set()) - {"HEAD"} if isinstance(route, Guarded) else None
        path = re.sub(r"\{(\w+)[^}]*\}", lambda name: name[1].upper(), route.path)
        for method in methods or {"WebSocket"}:
            found.add((method, path, route.access.action or route.access.rule))
    assert set(listed) == found


def test_every_cause_of_the_bus_is_listed() -> None:
    page = (ROOT / "docs" / "dead-letters.md").read_text().partition("## Looking")[0]
    assert set(re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE)) == set(CAUSES)


def test_every_close_code_is_listed() -> None:
    told = {int(code) for code in re.findall(r"\b(?:4\d{3}|1012)\b", deliveries.__doc__ or "")}
    assert {int(code) for code in CLOSE_CODE.findall(PAGE)} == told
