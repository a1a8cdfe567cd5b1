"""`keybus bench pipeline`: what it sends, counts and says; never its speeds."""

import os
import socket
import threading
import uuid
from pathlib import Path

import apsw
import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from keybus.cli.bench import bench
from keybus.cli.bench.pipeline.backlog import Backlog, run_backlog
from keybus.cli.bench.pipeline.blocked import run_blocked, why_not_blocked
from keybus.cli.bench.pipeline.board import Board
from keybus.cli.bench.pipeline.bodies import EPOCH, Bodies
from keybus.cli.bench.pipeline.bus_process import Serving
from keybus.cli.bench.pipeline.children import ChildFailed, child
from keybus.cli.bench.pipeline.commits import run_commits
from keybus.cli.bench.pipeline.figures import Figures, Processors, row
from keybus.cli.bench.pipeline.latency import Percentiles, percentiles
from keybus.cli.bench.pipeline.moving import Moved
from keybus.cli.bench.pipeline.pace import Saturating, Steady
from keybus.cli.bench.pipeline.plan import CASES, SCENARIOS, Case, Load, Setup
from keybus.cli.bench.pipeline.project import write_project
from keybus.cli.bench.pipeline.report import Report, faults, goals
from keybus.cli.bench.pipeline.round import run_round
from keybus.cli.bench.pipeline.stage import stage
from keybus.cli.bench.pipeline.standins import run_stand_in
from keybus.cli.bench.pipeline.tables import show
from keybus.cli.bench.pipeline.wire import Connection, WebSocket
from keybus.cli.bench.report import setting
from keybus.protocol import PutRequest
from keybus.topology import load_platform

SECONDS = 0.5
TIMES = Percentiles(1.0, 2.0, 9.0, 10.0)


def figures(taken: float = 50_000.0, *, missing: int = 0, refused: str = "") -> Figures:
    busy = Processors(0.9, 0.3, 0.5)
    return Figures(taken, 5 * taken, busy, TIMES, TIMES, 0.1, 0, missing, refused)


def report(case: Case, *rounds: Figures) -> Report:
    rows = [row("saturation", case, rounds)]
    backlog = Backlog(9, Moved(9, 1e5, 20.0), Moved(8, 1e5, None), 1, 2, 3, 1)
    return Report(
        setting=setting(None),
        seconds=5.0,
        rounds=len(rounds),
        rows=rows,
        backlog=backlog,
        blocked=None,
        blocked_missing="it lacks order",
        faults=list(faults(rows, backlog, None)),
    )


def shown(found: Report) -> str:
    console = Console(width=110)
    with console.capture() as captured:
        show(console, found)
    return captured.get()


def test_requests_are_whole_and_no_two_events_are_alike(tmp_path: Path) -> None:
    write_project(tmp_path, 1)
    contract = load_platform(tmp_path)[1]["parcel.status.updated"]
    bodies = Bodies("http://127.0.0.1:1", "secret", 10, run=7)
    ids, keys = set(), set()
    for sent_us in (5, 6_000_000_000):
        head, _, body = bytes(bodies.next(sent_us)).partition(b"\r\n\r\n")
        assert b"authorization: Bearer secret\r\n" in head
        assert head.endswith(b"content-length: %d" % len(body))
        for entry in msgspec.json.decode(body, type=PutRequest).entries:
            detail = msgspec.json.decode(entry.detail)
            assert contract.accepts(detail)
            assert detail["sent_us"] == EPOCH + sent_us
            ids.add(str(uuid.UUID(detail["id"])))
            keys.add(detail["parcel_id"])
    assert len(ids) == len(keys) == 20
    assert all(each.startswith("00000007-") for each in ids)


def test_a_steady_pace_is_kept_whatever_was_late() -> None:
    pace = Steady(1_000, 6_000, 1_000.0)
    assert pace.due(999) is None
    assert pace.wait(500) == 0.0005
    assert [pace.due(9_000) for _ in range(6)] == [1_000, 2_000, 3_000, 4_000, 5_000, None]
    assert pace.over(9_000)


def test_a_saturating_pace_waits_for_the_slowest_subscription(tmp_path: Path) -> None:
    board = Board(tmp_path / "board", 2, make=True)
    pace = Saturating(1_000, 9_000, board, lag=10, most=3)
    board.taken = 10
    assert pace.due(2_000) is None
    board.deliver(0, 9)
    assert pace.due(2_000) is None
    board.deliver(1, 1)
    assert [pace.due(2_000) for _ in range(4)] == [2_000, 2_000, 2_000, None]
    assert pace.over(2_000)
    board.close()


def test_percentiles_are_by_the_nearest_rank() -> None:
    assert percentiles(range(1_000, 101_000, 1_000)) == Percentiles(50.0, 90.0, 99.0, 100.0)
    assert percentiles([7_000]) == Percentiles(7.0, 7.0, 7.0, 7.0)
    assert percentiles([]) is None


@pytest.mark.long
@pytest.mark.parametrize(
    "setup", [Setup("on", 2), Setup("off", 1), Setup("on", 1, 0.5)], ids=["on", "off", "slow-disk"]
)
def test_a_round_delivers_all_that_was_taken(setup: Setup, tmp_path: Path) -> None:
    found = run_round(Case("few", Load(2, 200, 4), setup), SECONDS, tmp_path)
    assert (found.missing, found.refused) == (0, "")
    assert found.taken > 0
    assert found.delivered > 0
    assert found.handled is not None
    assert found.answered is not None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_backlog_is_put_and_drained(tmp_path: Path) -> None:
    said: list[str] = []
    found = run_backlog(3_000, tmp_path, said.append)
    assert (found.put.events, found.drained.events, found.missing) == (3_000, 3_000, 0)
    assert found.put.refused == ""


@pytest.mark.long
def test_a_blocked_key_is_measured_where_there_is_order(tmp_path: Path) -> None:
    if why := why_not_blocked():
        assert "order.block" in why
        return
    # Some hundreds are in memory, leased, and the others aside: it needs more than those.
    found = run_blocked(20_000, SECONDS, tmp_path, lambda _: None)
    assert (found.put.events, found.missing) == (20_000, 0)
    assert found.blocked.handled is not None


@pytest.mark.long
@pytest.mark.parametrize(
    "case", [CASES["baselines"][3], CASES["baselines"][5], CASES["baselines"][7]]
)
def test_what_stands_in_for_a_bus_answers(case: Case, tmp_path: Path) -> None:
    found = run_stand_in(case, SECONDS, tmp_path)
    assert found.refused == ""
    assert found.taken > 0 or (case.setup.subscriptions and found.delivered > 0)


def answering(*parts: bytes, heard: list[bytes]) -> tuple[str, threading.Thread]:
    """A server on one connection: reads something before each part that it sends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            for part in parts:
                heard.append(connection.recv(65_536))
                connection.sendall(part)
            heard.append(connection.recv(65_536))

    thread = threading.Thread(target=serve)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", thread


def test_a_web_socket_takes_frames_of_every_length_and_answers_pings() -> None:
    heard: list[bytes] = []
    long, longer = b"a" * 1_000, b"b" * 100_000
    frames = b"".join(
        (
            b"\x81\x02{}",
            b"\x89\x02hi",
            b"\x82\x7e" + len(long).to_bytes(2) + long,
            b"\x82\x7f" + len(longer).to_bytes(8) + longer,
        )
    )
    url, thread = answering(b"HTTP/1.1 101 Switching\r\n\r\n", frames, heard=heard)
    client = WebSocket(url, "/here", "secret")
    client.send(b"go")
    found: list[bytes] = []
    while len(found) < 3:
        found += client.receive()
    thread.join(5)
    client.close()
    assert found == [b"{}", long, longer]
    assert heard[0].startswith(b"GET /here HTTP/1.1\r\n")
    assert heard[1:] == [b"\x82\x82\0\0\0\0go", b"\x8a\x82\0\0\0\0hi"]


def test_a_close_is_told_with_its_reason() -> None:
    close = b"\x88\x06" + (4403).to_bytes(2) + b"gone"
    url, thread = answering(b"HTTP/1.1 101 Switching\r\n\r\n", close, heard=[])
    client = WebSocket(url, "/here", "")
    client.send(b"go")
    with pytest.raises(ConnectionError, match="gone"):
        list(client.receive())
    client.close()
    thread.join(5)


def test_an_answer_in_pieces_is_put_together() -> None:
    url, thread = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{", b'"a}', heard=[])
    client = Connection(url)
    client.send(b"GET / HTTP/1.1\r\n\r\n", 5)
    assert client.receive() is None
    client.send(b"more", 5)
    assert client.receive() == (b"HTTP/1.1 200 OK\r\nContent-Length: 4", b'{"a}')
    client.close()
    thread.join(5)


def test_commits_are_counted_and_leave_the_disk_as_it_was(tmp_path: Path) -> None:
    before = apsw.vfs_names()
    found = run_commits(Case("", Load(10), Setup("off", 0, 1.0), "commit"), 0.1, tmp_path)
    assert found.taken > 0
    assert found.answered is not None
    assert found.answered.p50 >= 1.0
    assert apsw.vfs_names() == before


@pytest.mark.long
def test_processes_end_with_their_round_whatever_happens(tmp_path: Path) -> None:
    pids: list[int] = []

    def broken_off() -> None:
        with stage(Setup("off"), tmp_path) as on:
            pids.append(on.bus.pid)
            os.kill(on.bus.pid, 0)
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        broken_off()
    [pid] = pids
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_process_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    asked = Serving(str(tmp_path / "nothing"), str(tmp_path / "data"), Setup("off"))
    with (
        pytest.raises(ChildFailed, match=r"(?s)bus_process \(\d+\) did not start.*nothing"),
        child("bus_process", asked, tmp_path),
    ):
        pass


@pytest.mark.long
def test_the_command_answers_json_and_exits_by_what_it_found(tmp_path: Path) -> None:
    arguments = ["--only", "backlog", "--backlog", "500", "--within", str(tmp_path), "--json"]
    done = CliRunner().invoke(bench, ["pipeline", *arguments])
    assert done.exit_code == 0, done.output
    found = msgspec.json.decode(done.stdout, type=Report)
    assert found.backlog is not None
    assert found.backlog.put.events == 500
    assert not found.rows
    assert "metrics" not in found.left_out


@pytest.mark.parametrize(
    "arguments",
    [["--only", "nonsense"], ["--seconds", "0"], ["--rounds", "0"], ["--backlog", "1"]],
)
def test_wrong_usage_is_refused_before_anything_is_measured(arguments: list[str]) -> None:
    done = CliRunner().invoke(bench, ["pipeline", *arguments])
    assert done.exit_code == 2
    assert arguments[0] in done.output


def test_every_scenario_can_be_asked_for_and_names_its_cases_once() -> None:
    assert set(CASES) < set(SCENARIOS)
    names = [(name, case.name) for name, cases in CASES.items() for case in cases]
    assert len(set(names)) == len(names)


def test_medians_are_number_by_number_and_what_may_not_happen_is_summed() -> None:
    case = CASES["saturation"][0]
    found = row("saturation", case, [figures(10.0, missing=1), figures(30.0), figures(20.0)])
    assert (found.median.taken, found.spread, found.median.missing) == (20.0, (10.0, 30.0), 1)
    assert found.bus_us == pytest.approx(60_000.0)


def test_goals_are_of_the_cases_that_have_one() -> None:
    one, *_, five = (
        case
        for case in CASES["saturation"]
        if case.load.per_request == 10 and case.setup.guard == "on"
    )
    steady = CASES["steady-2000"][0]
    asked = [("saturation", one), ("saturation", five), ("steady-2000", steady)]
    asked += [("slow-disk", case) for case in CASES["slow-disk"]]
    rows = [row(name, case, [figures(20_000.0)]) for name, case in asked]
    assert [(each.wanted, each.met) for each in goals(rows)] == [
        (40_000.0, False),
        (150_000.0, False),
        (3.0, True),
        (8.0, False),
    ]


def test_what_was_lost_refused_or_too_slow_is_a_fault() -> None:
    steady, loss = CASES["steady-2000"][0], figures(1_000.0, missing=3, refused="429 slow down")
    said = " ".join(report(steady, loss).faults)
    assert "3 acknowledged events did not come" in said
    assert "429 slow down" in said
    assert "1,000/s were taken, so the rate was not held" in said
    assert not report(steady, loss).ok


def test_the_table_is_whole_at_its_width_and_says_what_is_on() -> None:
    text = shown(report(CASES["saturation"][0], figures()))
    assert "…" not in text
    assert "50,000" in text
    assert "admission enforce, de-duplication, metrics." in " ".join(text.split())
    assert "not on" not in text
    assert "met: durable events/s, one subscription: 50,000 (goal 40,000)" in text
    assert "blocked key: not measured: it lacks order" in text
    assert "backlog: 1 acknowledged events did not come." in text
