"""``keybus platform check``: what it prints, and how it ends."""

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from keybus.cli.platform import platform
from tests.unit.governance.compliance.platforms import FIXTURES, merged, snapshot, sound

AT = ("--at", "2027-01-15")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(platform, ["check", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(FIXTURES / "contracts", tmp_path / "contracts")
    shutil.copy(FIXTURES / "sound.yaml", tmp_path / "platform.yaml")
    return tmp_path


def change(folder: Path, old: str, new: str) -> None:
    path = folder / "platform.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_nothing_is_found(folder: Path) -> None:
    done = run(folder, *AT)
    assert done.exit_code == 0
    assert done.output.startswith("Compliance: 0 errors, 0 warnings\n")
    assert "DX07 No dead letters: on the embedded footing" in done.output


def test_findings_are_told_with_file_and_line(folder: Path) -> None:
    change(folder, "clearance: confidential, destinations", "clearance: internal, destinations")
    done = run(folder, *AT)
    assert done.exit_code == 1
    assert "DX15 Classified event to an uncleared subscriber (error)" in done.output
    lines = (folder / "platform.yaml").read_text().splitlines()
    line = next(i for i, text in enumerate(lines, 1) if text.startswith("  bills:"))
    assert f"{folder}/platform.yaml:{line} /subscriptions/bills/events/1: " in done.output


def test_the_moment_decides(folder: Path) -> None:
    assert run(folder, "--at", "2027-06-29T23:59:59Z").exit_code == 0
    done = run(folder, "--at", "2027-06-30T00:00:00Z", "--json")
    assert done.exit_code == 1
    assert {row["rule"] for row in json.loads(done.output)["findings"]} == {"DX12"}
    assert run(folder, "--at", "someday").exit_code == 2


def test_a_declaration_that_cannot_be_used_is_never_clean(folder: Path) -> None:
    change(folder, "bus: tiny-bus", "bus: tiny-bus\nbuss: x")
    done = run(folder, *AT)
    assert done.exit_code == 3
    assert "1 fault" in done.output
    assert "[unknown-key]" in done.output
    assert run(folder / "nowhere", *AT).exit_code == 3
    sarif = json.loads(run(folder, *AT, "--format", "sarif").output)
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_broken_contracts_are_faults(folder: Path) -> None:
    (folder / "contracts" / "Broken.json").write_text("{")
    done = run(folder, *AT)
    assert done.exit_code == 3
    assert "not every rule could be asked" in done.output


def test_a_fault_that_is_an_exchange_is_a_finding(folder: Path) -> None:
    change(
        folder, "account: billing, events: [invoice.sent]", "account: billing, events: [order.paid]"
    )
    done = run(folder, *AT)
    assert done.exit_code == 1
    assert "DX04" in done.output
    assert "not every rule could be asked" in done.output


@pytest.mark.parametrize("form", ["text", "json", "sarif", "html"])
def test_a_report_goes_to_a_file(folder: Path, form: str) -> None:
    out = folder / "report"
    done = run(folder, *AT, "--format", form, "--out", out)
    assert (done.exit_code, done.output) == (0, "Compliance: 0 errors, 0 warnings\n")
    assert out.read_text() == run(folder, *AT, "--format", form).output


def test_a_file_that_cannot_be_written_is_wrong_usage(folder: Path) -> None:
    assert run(folder, *AT, "--out", folder / "none" / "report").exit_code == 2


class _Bus(http.server.BaseHTTPRequestHandler):
    """Answers one snapshot."""

    evidence = b""

    def do_GET(self) -> None:
        assert self.path == "/api/v1/evidence"
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.evidence)))
        self.end_headers()
        self.wfile.write(self.evidence)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def bus(request: pytest.FixtureRequest) -> Iterator[str]:
    running = snapshot(merged(sound(), {}), request.param)
    handler = type("Bus", (_Bus,), {"evidence": msgspec.json.encode(running)})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("bus", [{}], indirect=True)
def test_a_running_bus_as_declared(folder: Path, bus: str) -> None:
    done = run(folder, *AT, "--url", bus)
    assert (done.exit_code, "and the running bus" in done.output) == (0, True)
    assert "--url" not in done.output


@pytest.mark.parametrize("bus", [{"authentication": False, "bus": "other"}], indirect=True)
def test_a_running_bus_that_is_not(folder: Path, bus: str) -> None:
    done = run(folder, *AT, "--url", bus, "--json")
    assert done.exit_code == 1
    rows = json.loads(done.output)["findings"]
    assert {(row["rule"], row["pointer"]) for row in rows} == {
        ("DX01", "/running/authentication"),
        ("DX17", "/running/bus"),
    }


def test_a_bus_that_does_not_answer_is_not_clean(folder: Path) -> None:
    done = run(folder, *AT, "--url", "http://127.0.0.1:1")
    assert done.exit_code == 3
    assert "error: no answer" in done.output
    assert run(folder, *AT, "--url", "ftp://x").exit_code == 2
