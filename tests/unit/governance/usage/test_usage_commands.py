"""``keybus contracts usage``, ``can-remove`` and ``can-release``, as they are typed."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from keybus.cli.contracts import contracts
from keybus.errors import ContractError, SettingsError, TopologyError
from keybus.governance.sprawl import Delivered, OfMajor, Published, UsageSnapshot
from keybus.governance.usage import Impacts, Removal, UsageReport
from tests.unit.governance.usage.scene import FILE, TYPE, edit, write

NOW = 1_800_000_000_000_000
PLATFORM = """\
bus: tiny
accounts:
  shop: {id: "111111111111"}
  desk: {id: "222222222222"}
publishers:
  shop.orders: {account: shop, events: [order.placed]}
subscriptions:
  tickets: {account: desk, events: [order.placed@1], fields: [/site/name]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    return write(tmp_path / "contracts")


@pytest.fixture
def bus() -> Iterator[str]:
    """Answers with what it has counted."""
    usage = UsageSnapshot(
        since_us=NOW - 1_000_000,
        at_us=NOW,
        published=(
            Published("shop", TYPE, 1_007, 1, NOW, (OfMajor(1, 1_000, NOW), OfMajor(2, 5, NOW))),
            Published("desk", TYPE, 1, 1, NOW),
        ),
        delivered=(Delivered("tickets", TYPE, 3, 1, NOW, (OfMajor(1, 3, NOW),)),),
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/api/v1/usage"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(msgspec.json.encode(usage))

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: object, code: int = 0) -> Result:
    found = CliRunner().invoke(contracts, [str(each) for each in arguments])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == code, found.output
    return found


def decoded(result: Result, kind: type[Any]) -> Any:
    return msgspec.json.decode(result.output, type=kind)


def test_usage(folder: Path) -> None:
    found = run("usage", TYPE, folder).output
    assert found.splitlines()[:7] == [
        "order.placed 1.0.0",
        "written by",
        "  shop.orders (shop)",
        "read by",
        "  tickets (desk) @1",
        "    reads for sure: /site/name (fields)",
        "    gets besides:   /id, /type, /time, /publisher, /schema_version, /number, /status, /site/kind",
    ]
    report = decoded(run("usage", TYPE, folder, "--json"), UsageReport)
    assert (report.type, report.readers[0].name, report.since_us) == (TYPE, "tickets", 0)


def test_usage_as_a_bus_has_counted(folder: Path, bus: str) -> None:
    found = run("usage", TYPE, folder, "--url", bus).output
    at = "2027-01-15T08:00:00Z"
    assert f"(shop): published 1,000 of @1, 5 of @2, 2 of no known major, the last {at}" in found
    assert f"desk, of which no publisher may emit it: published 1 of no known major, the last {at}" in found  # fmt: skip
    assert f"tickets (desk) @1: delivered 3 of @1, the last {at}" in found
    assert "counted since 2027-01-15T07:59:59Z" in found


@pytest.mark.parametrize(
    ("pointer", "code", "verdict"),
    [("/note", 0, "safe"), ("/site", 1, "breaks"), ("/site/kind", 1, "breaks")],
)
def test_can_remove(folder: Path, pointer: str, code: int, verdict: str) -> None:
    found = run("can-remove", TYPE, pointer, folder, code=code).output
    assert found.splitlines()[0] == f"order.placed 1.0.0 {pointer}: {verdict}"
    shown = run("can-remove", f"{TYPE}@1", pointer, folder, "--json", code=code)
    assert decoded(shown, Removal).verdict == verdict


def test_can_remove_when_nobody_knows(folder: Path) -> None:
    place = folder.parent / "platform.yaml"
    place.write_text(place.read_text().replace(", fields: [/site/name]", ""))
    found = run("can-remove", TYPE, "/site/name", folder, code=3).output
    assert "unknown  subscription tickets (desk)" in found
    assert "it gets all of an event, and nobody knows what it reads" in found
    assert "what declares it declares /home/name, /stops/*/name, /labels/*/name as well" in found


def test_can_release(folder: Path) -> None:
    before = folder.parent / "before"
    write(before)
    against = ("--against", before)
    assert "0 changed contracts" in run("can-release", folder, *against).output
    edit(folder, FILE, lambda each: each["properties"].pop("note"))
    found = run("can-release", folder, *against).output
    assert "order.placed 1.0.0 after 1.0.0: safe" in found
    assert "/note is gone; its fields leave it out" in found
    assert "check    order.placed 1.0.0 is released and never changes" in found
    edit(folder, FILE, lambda each: each["properties"].pop("site"))
    found = run("can-release", folder, *against, "--type", TYPE, code=1).output
    assert "/site is gone; its fields name /site/name" in found
    shown = decoded(run("can-release", folder, *against, "--json", code=1), Impacts)
    assert (shown.verdict, shown.contracts[0].users[1].name) == ("breaks", "tickets")
    assert "of order.placed, whose" not in found


def test_a_platform_in_python(folder: Path) -> None:
    (folder.parent / "platform.yaml").unlink()
    (folder.parent / "platform.py").write_text(
        "from keybus.topology.constructs import Account, Subscription\n"
        "from keybus.topology.root_construct import Platform\n"
        "bus = Platform('tiny')\n"
        "Account(bus, 'desk', id='222222222222')\n"
        "Subscription(bus, 'tickets', account='desk', events=['order.placed@1'], fields=['/note'])\n"
    )
    assert "its fields name /note" in run("can-remove", TYPE, "/note", folder, code=1).output


def test_bad_input(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="did you mean 'note'"):
        run("can-remove", TYPE, "/noote", folder)
    (folder / FILE).rename(tmp_path / "kept")
    (folder / FILE).write_text("{")
    assert "OrderPlaced.json" in run("usage", TYPE, folder, code=1).output
    (tmp_path / "kept").rename(folder / FILE)
    wrong = PLATFORM.replace("account: desk", "account: nobody")
    (tmp_path / "platform.yaml").write_text(wrong)
    with pytest.raises(TopologyError, match="no account is named 'nobody'"):
        run("usage", TYPE, folder)
    (tmp_path / "platform.yaml").unlink()
    with pytest.raises(SettingsError, match="--platform FILE"):
        run("usage", TYPE, folder)


def test_a_platform_that_does_not_go_with_its_contracts_is_read_all_the_same(folder: Path) -> None:
    place = folder.parent / "platform.yaml"
    place.write_text(place.read_text().replace("order.placed@1", "order.placed@9"))
    report = json.loads(run("usage", TYPE, folder, "--json").output)
    assert [(each["major"], each["version"]) for each in report["readers"]] == [(9, "")]
