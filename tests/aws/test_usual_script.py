"""The same script, unchanged: on Keybus, open and closed, and on another implementation."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.aws import usual_script as script
from tests.aws.another import KEY, another
from tests.aws.closed import SignedServer
from tests.aws.usual_script import usual_script
from tests.running import Server

EXPECTED: Final[dict[str, Any]] = {
    "rule": "rule/key-events",
    "targets": 0,
    "failed": 0,
    "received": [
        {"source": "usual.script", "detail-type": "Usual Event", "detail": {"number": number}}
        for number in range(3)
    ],
    "left": 0,
}


def test_on_an_open_bus_where_it_leaves_nothing_behind(open_bus: Server) -> None:
    for _ in range(2):
        assert usual_script(open_bus.url, KEY) == EXPECTED


@pytest.mark.long
def test_on_a_closed_bus_with_signatures(signed_bus: SignedServer) -> None:
    name, secret = signed_bus.scripts
    key = {
        "aws_access_key_id": name,
        "aws_secret_access_key": secret,
        "region_name": "eu-central-1",
    }
    assert usual_script(signed_bus.url, key) == EXPECTED


def test_on_another_implementation() -> None:
    with another() as url:
        assert usual_script(url, KEY) == EXPECTED


@pytest.mark.long
@pytest.mark.parametrize("variable", [False, True], ids=["an argument", "a variable"])
def test_as_a_program(open_bus: Server, environment: dict[str, str], variable: bool) -> None:  # noqa: FBT001 - a parameter of the test
    endpoint = {"AWS_ENDPOINT_URL": open_bus.url} if variable else {}
    done = subprocess.run(
        [sys.executable, str(Path(script.__file__)), *([] if variable else [open_bus.url])],
        env=environment | endpoint,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == EXPECTED
