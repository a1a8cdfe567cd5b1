"""`keybus bench authorizer`: its platform and what it counts; never its speeds."""

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from keybus.cli.bench import bench
from keybus.cli.bench.decisions import Decision, Decisions
from keybus.cli.bench.decisions_table import show_decisions
from keybus.cli.bench.report import setting
from keybus.cli.bench.tenants import asked_by, tenants
from keybus.governance.authorizer import Authorizer

SMALL = ["--accounts", "30", "--subscriptions", "400", "--events", "1000", "--rounds", "1"]
ASKED = [
    "put, the decision",
    "put, as ingest asks",
    "delivery, gate open",
    "delivery, each looked at",
]


def run(refused: int, added: float) -> Decisions:
    decision = Decision("put", 10.0, 10.0 + added, added, refused)
    return Decisions(2, 3, 8, 100, 1, 0.1, 0.1, 2**20, setting(None), [decision])


def shown(found: Decisions) -> str:
    console = Console(width=110)
    with console.capture() as captured:
        show_decisions(console, found)
    return captured.get()


@pytest.mark.long
def test_the_command_asks_everything_and_nothing_is_refused() -> None:
    done = CliRunner().invoke(bench, ["authorizer", "--json", *SMALL])
    assert done.exit_code == 0, done.output
    report = msgspec.json.decode(done.stdout, type=Decisions)
    sizes = (report.accounts, report.subscriptions, report.event_types, report.events)
    assert sizes == (30, 400, 120, 1000)
    assert [each.name for each in report.decisions] == ASKED
    assert all(each.asked > 0 and each.loop > 0 for each in report.decisions)
    assert report.memory_bytes > 0
    assert report.ok


@pytest.mark.long
def test_the_command_prints_a_row_for_each_question() -> None:
    done = CliRunner().invoke(bench, ["authorizer", *SMALL])
    assert done.exit_code == 0, done.output
    assert all(each in done.output for each in ASKED)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (run(refused=1, added=5.0), "Events were refused that may not be: put."),
        (run(refused=0, added=5.0), "The most that is added: 5 ns (put), within the goal"),
        (run(refused=0, added=5000.0), "The most that is added: 5,000 ns (put), above the goal"),
    ],
)
def test_the_verdict_is_said(found: Decisions, expected: str) -> None:
    assert expected in shown(found)


def test_its_platform_has_what_others_may_not_receive() -> None:
    made = tenants(30, 400)
    authorizer = Authorizer(made.platform, made.contracts)
    [source, event_type], *_ = made.own(1)
    assert authorizer.put(made.principals[1], source, event_type) is None
    assert authorizer.put(made.principals[0], source, event_type) is not None
    named = [name for name, each in made.platform.subscriptions.items() if each.events]
    assert 0 < len(named) < 400
    for name, declared in made.platform.subscriptions.items():
        for coming, sent in asked_by(declared, made):
            assert authorizer.deliver(name, coming, sent, 0) is None
    refused = [authorizer.deliver(name, "thing0.changed0", "source-0", 0) for name in named]
    assert any(refusal and refusal.code == "no-grant" for refusal in refused)
