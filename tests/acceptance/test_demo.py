"""`keybus demo`, short: the table, the verdict, the exit code, and that it leaves nothing behind."""

import json
import signal
import subprocess
import sys
import time
import urllib.request

import pytest


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "keybus", "demo", "--rate", "300", "--seconds", "4", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)


@pytest.mark.long
def test_the_outage_of_a_vendor_touches_only_its_subscription() -> None:
    done = run("--json", "--vendor", "lockwell")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["ok"]
    assert report["lost"] == 0
    assert report["acknowledged"] > 1000
    rows = {row["subscription"]: row for row in report["rows"]}
    broken = rows.pop("vendor-lockwell")
    assert broken["broken"]
    assert broken["failed_attempts"] > 0
    assert broken["handled"] == broken["matched"] > 0
    assert all(row["handled"] == row["matched"] for row in rows.values())
    assert all(row["failed_attempts"] == 0 for row in rows.values())
    assert sum(row["matched"] for row in rows.values()) > report["acknowledged"]
    assert "touched only vendor-lockwell" in report["verdict"]
    assert "lockwell is broken" in done.stderr


def test_an_unknown_vendor_is_refused_by_name() -> None:
    done = run("--vendor", "nobody")
    assert done.returncode == 1
    assert "nobody" in done.stderr
    assert "lockwell" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_rate_of_zero_is_wrong_usage() -> None:
    done = run("--rate", "0")
    assert done.returncode == 2
    assert "--rate" in done.stderr


@pytest.mark.long
def test_a_rate_that_the_machine_does_not_hold_is_said_to_be_that() -> None:
    done = run("--rate", "100000", "--seconds", "2", "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert not report["ok"]
    assert "--rate" in report["verdict"]
    assert report["lost"] == 0


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGKILL, marks=pytest.mark.long),
        pytest.param(signal.SIGINT, marks=pytest.mark.long),
        pytest.param(signal.SIGHUP, marks=pytest.mark.long),
    ],
)
def test_however_it_ends_it_leaves_no_process_behind(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "keybus", "demo", "--rate", "300", "--seconds", "60"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        url = demo.stdout.readline().rpartition(" on ")[2].strip()
        while "published" not in demo.stdout.readline():
            assert demo.poll() is None
        demo.send_signal(number)
        _, errors = demo.communicate(timeout=60)
    if number is not signal.SIGKILL:
        assert demo.returncode == 128 + number
        assert errors == f"ended by {number.name}\n"
    # The bus ends last, and nothing listens once it has.
    deadline = time.monotonic() + 30
    while answers(url):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
    except OSError:
        return False
    return True
