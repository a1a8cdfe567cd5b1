"""``keybus platform report``: what it prints, and how it ends."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest
from click.testing import CliRunner, Result

from keybus.cli.platform.report import report
from keybus.clock import SYSTEM
from keybus.governance.sprawl import Agent, Published, Seen, UsageSnapshot
from tests.unit.governance.sprawl.platforms import DAY, contracts, fields

PLATFORM = """\
bus: tiny
minimum: {client: 9.0.0}
accounts:
  shop: {id: "111111111111", owners: [shop-team]}
  desk: {id: "222222222222", owners: [desk-team]}
publishers:
  shop.orders: {account: shop, events: [order.placed]}
subscriptions:
  own-orders: {account: shop, events: [order.placed@1]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    contracts(
        tmp_path / "contracts",
        {"order.placed": fields("order_id:string"), "orders.placed": fields("order_id:string")},
    )
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    return tmp_path


@pytest.fixture
def bus() -> Iterator[str]:
    """Answers with the use of an old client."""
    now = SYSTEM.time_us()
    usage = UsageSnapshot(
        since_us=now - 90 * DAY,
        at_us=now,
        published=(Published("shop", "order.placed", 1, now - 80 * DAY, now - 70 * DAY),),
        seen=(Seen("shop", Agent("0.1.0", "3.11.7", (("shop_events", "sha256:0a"),)), now),),
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


def run(*arguments: object, **environment: str) -> Result:
    unset: dict[str, str | None] = {"KEYBUS_URL": None}
    return CliRunner().invoke(
        report, [str(argument) for argument in arguments], env=unset | environment
    )


def codes(result: Result) -> set[str]:
    return {each["code"] for each in json.loads(result.stdout)["findings"]}


def test_without_a_bus_what_is_declared_is_looked_at(folder: Path) -> None:
    shown = run(folder)
    assert shown.exit_code == 0, shown.output
    assert "use is not known" in shown.stdout
    assert "event-near-duplicate" in shown.stdout
    assert codes(run(folder, "--json")) == {
        "event-near-duplicate",
        "event-without-publisher",
        "event-without-subscriber",
    }


def test_with_a_bus_its_use_is_looked_at_as_well(folder: Path, bus: str) -> None:
    found = codes(run(folder, "--url", bus, "--json"))
    assert found >= {"event-idle", "subscription-idle", "client-below-minimum", "bindings-other"}
    assert found == codes(run(folder, "--json", KEYBUS_URL=bus))
    assert "event-idle" not in codes(run(folder, "--url", bus, "--days", "75", "--json"))
    shown = run(folder, "--url", bus)
    assert shown.exit_code == 0
    assert "0.1.0 (too old)" in shown.stdout
    assert "sha256:0a (other)" in shown.stdout


def test_it_fails_only_where_it_is_asked_to(folder: Path, bus: str) -> None:
    assert run(folder, "--url", bus, "--fail-on", "minimum").exit_code == 1
    assert run(folder, "--fail-on", "minimum").exit_code == 0
    (folder / "platform.yaml").write_text(PLATFORM.replace("9.0.0", "0.1.0"))
    assert run(folder, "--url", bus, "--fail-on", "minimum").exit_code == 0
