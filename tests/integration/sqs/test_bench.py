"""`keybus bench sqs`, small: it measures what it says, and nothing is lost."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.long


def test_what_is_put_is_received_and_deleted() -> None:
    options = ["--json", "--rounds", "1", "--seconds", "1", "--messages", "500"]
    done = subprocess.run(
        [sys.executable, "-m", "keybus", "bench", "sqs", *options, "--boto3-messages", "50"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["faults"] == []
    assert report["missing"] == ""
    assert len(report["rows"]) == 6
    assert all(row["median"] > 0 for row in report["rows"])
