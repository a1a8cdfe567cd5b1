"""What a running bus took although it does not fit, over HTTP and on the command line."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from click.testing import CliRunner, Result

from keybus.cli.contracts import contracts
from tests.running import Server

TYPE = "delivery.status.updated"


@pytest.fixture
def url(shared_server: Server) -> str:
    """A bus that took an event whose status no contract lists."""
    detail = {"type": TYPE, "status": "IN_GARAG", "publisher": {"name": "key.delivery"}}
    entry = {"source": "key.delivery", "detail_type": TYPE, "detail": detail}
    body = json.dumps({"entries": [entry]}).encode()
    request = urllib.request.Request(
        f"{shared_server.url}/api/v1/events", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert "event_id" in json.load(answer)["results"][0]
    return shared_server.url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(contracts, ["violations", *arguments], catch_exceptions=False)


def test_they_are_answered_by_type(url: str) -> None:
    def asked(query: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{url}/api/v1/admission/violations{query}", timeout=20) as got:
            found: dict[str, Any] = json.load(got)
            return found

    assert {each["type"] for each in asked("")["counts"]} >= {TYPE}
    found = asked(f"?type={TYPE}")
    assert {"enum", "required"} <= {each["rule"] for each in found["counts"]}
    assert json.loads(found["samples"][0]["detail"])["status"] == "IN_GARAG"
    assert asked("?type=no.such")["counts"] == []
    with pytest.raises(urllib.error.HTTPError, match="400"):
        asked("?typ=x")


def test_the_command_line_shows_them(url: str) -> None:
    table = run("--url", url).output
    assert table.splitlines()[0].split()[:2] == ["TYPE", "RULE"]
    assert "IN_GARAG" not in table
    shown = run(TYPE, "--url", url)
    assert "[required]" in shown.output
    assert '"status":"IN_GARAG"' in shown.output
    found = json.loads(run(TYPE, "--url", url, "--json").output)
    assert found["counts"][0]["type"] == TYPE
    assert "nothing that does not fit was taken since" in run("no.such", "--url", url).output
