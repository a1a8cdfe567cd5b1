"""`keybus demo`, short: the table, the verdict, the exit code, and that it leaves nothing behind."""

import json
import subprocess
import sys


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "keybus", "demo", "--rate", "300", "--seconds", "4", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)


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
    assert "vendor-nobody" in done.stderr
    assert "vendor-lockwell" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_rate_of_zero_is_wrong_usage() -> None:
    done = run("--rate", "0")
    assert done.returncode == 2
    assert "--rate" in done.stderr
