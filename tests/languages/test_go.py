"""What is special to Go: its names, its formatting, its client, its page and its service."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pytest

from keybus import EventPublisher
from keybus.contracts import ContractRepository
from keybus.contracts.bindings.go import go_package
from keybus.contracts.bindings.go.names import exported, field_names, value_name
from keybus.contracts.migrations.samples import samples
from keybus.contracts.validation import DRAFT_04
from keybus.errors import ContractError
from tests.languages.golang import CLIENT, PROGRAMS, SERVICE, Go, bus
from tests.languages.hostile_go import STRICT, contract, hostile, write
from tests.languages.matrix import CORNERS, Queue, exact
from tests.running import EXAMPLE, ROOT, Server

GOLDEN = Path(__file__).parent / "golden" / "go"
PAGE = ROOT / "docs" / "bindings-go.md"
BLOCK = re.compile(r"^```go\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GO = Go()

needs_go = pytest.mark.skipif(bool(GO.missing), reason=GO.missing or "go is here")


def generated(contracts: Path, **deprecated: str) -> dict[str, str]:
    """The package's files, without the line that has the generator's version."""
    found = ContractRepository.load(contracts).values()
    sentences = {name.replace("_", "."): text for name, text in deprecated.items()}
    files = go_package(found, sentences, package="events")
    return {name: text.decode().partition("\n")[2] for name, text in files.items()}


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("*.go")), ids=lambda path: path.name)
def test_the_source_is_as_it_always_was(golden: Path) -> None:
    assert generated(CORNERS)[golden.name] == golden.read_text()


def test_another_event_changes_nothing_but_the_index(tmp_path: Path) -> None:
    contracts = shutil.copytree(CORNERS, tmp_path / "contracts")
    before = generated(contracts)
    shared = {"$schema": DRAFT_04, "title": "Vehicle", "type": "object", "properties": {"x": {}}}
    write(contracts / "fleet" / "Vehicle.json", shared)
    properties = {"vehicle": {"$ref": "../fleet/Vehicle.json"}, "class": {"type": "string"}}
    write(contracts / "fleet" / "FleetGrown.json", contract("fleet.grown", properties))
    after = generated(contracts)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"contracts.go", "contracts.json"}
    assert after.keys() - before.keys() == {"fleet_grown.go", "fleet_vehicle.go"}


def test_names_are_those_that_linters_ask_for() -> None:
    spelt = {
        "delivery_id": "DeliveryID",
        "htmlUrl": "HTMLURL",
        "user-ids": "UserIDs",
        "HTTPCode": "HTTPCode",
        "2fa": "X2fa",
        "größe": "Größe",
        "日付": "X日付",
        "ﬁle": "File",
        "map[string]any": "MapStringAny",
        "": "X",
    }
    assert {name: exported(name) for name in spelt} == spelt


def test_fields_that_would_have_one_name_get_numbers() -> None:
    names = field_names(["door-id", "DoorID", "door_id", "extra", "marshal_json"])
    assert names == {
        "door-id": "DoorID3",
        "DoorID": "DoorID2",
        "door_id": "DoorID",
        "extra": "Extra2",
        "marshal_json": "MarshalJSON2",
    }


def test_constants_are_named_by_their_values() -> None:
    values: list[str | int] = ["IN_GARAGE", "in-Garage", "", "++", "3", -1, True]
    names = [value_name(value, index) for index, value in enumerate(values)]
    assert names == ["InGarage", "InGarage", "Empty", "Value4", "3", "Minus1", "True"]


def test_two_files_of_one_name_are_refused_and_both_are_named(tmp_path: Path) -> None:
    contracts = shutil.copytree(CORNERS, tmp_path / "contracts")
    shared = {"$schema": DRAFT_04, "title": "Made", "type": "object", "properties": {"x": {}}}
    write(contracts / "order" / "Made.json", shared)
    write(
        contracts / "order" / "OrderMade.json", contract("order.made", {"x": {"$ref": "Made.json"}})
    )
    with pytest.raises(
        ContractError, match=r"order/Made\.json and order/OrderMade\.json .* OrderMade"
    ):
        generated(contracts)


@pytest.mark.parametrize(
    "package", ["my-events", "Events", "func", "main", "x_test", "", "größe", "2x"]
)
def test_a_package_that_go_cannot_have_is_refused(package: str) -> None:
    contracts = ContractRepository.load(CORNERS).values()
    with pytest.raises(ContractError, match="cannot be the name of a Go package"):
        go_package(contracts, package=package)


def test_a_deprecated_event_says_so_in_gos_own_way() -> None:
    files = generated(CORNERS, delivery_status_updated="use delivery.status.updated@2")
    source = files["delivery_status_updated.go"]
    assert "//\n// Deprecated: use delivery.status.updated@2.\ntype DeliveryStatusUpdated" in source
    assert 'Deprecated: "use delivery.status.updated@2",' in source
    assert "Deprecated" not in files["sampler_shapes_shown.go"]


@needs_go
@pytest.mark.long
@pytest.mark.timeout(900)
class TestWithGo:
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        server = Server(EXAMPLE, tmp_path_factory.mktemp("bus"))
        server.start()
        yield server
        server.stop()

    def test_the_clients_own_tests(self) -> None:
        assert GO.run(ROOT, "gofmt", "-l", str(CLIENT), str(SERVICE), str(PROGRAMS)) == ""
        GO.run(CLIENT, "go", "vet", "./...")
        GO.run(CLIENT, "go", "test", "./...")

    def test_hostile_names_and_words_compile_and_are_exchanged(self, tmp_path: Path) -> None:
        contracts = hostile(tmp_path / "contracts")
        project = tmp_path / "project"
        GO.generate(contracts, project)
        assert GO.run(
            project, "go", "list", "-f", "{{.IgnoredGoFiles}}{{.TestGoFiles}}", "./..."
        ).split() == ["[][]"]
        GO.compile(project)
        rows = [
            {"type": found.type, "detail": detail}
            for found in ContractRepository.load(contracts).values()
            for detail in islice(samples(found, found), 30)
        ]
        answers = exchanged(project, [json.dumps(row) for row in rows])
        wrong = [
            (row, answer)
            for row, answer in zip(rows, answers, strict=True)
            if not answer["ok"] or exact(answer["json"]) != exact(json.dumps(row["detail"]))
        ]
        assert not wrong, wrong[:3]

    def test_what_keybus_takes_go_takes(self, tmp_path: Path) -> None:
        contracts = tmp_path / "contracts"
        shutil.copytree(CORNERS / "core", contracts / "core")
        shutil.copy(CORNERS / "keybus.toml", contracts)
        schemas = {f"p{number}": schema for number, (schema, _) in enumerate(STRICT)}
        write(contracts / "strict" / "StrictSeen.json", contract("strict.seen", schemas))
        strict = ContractRepository.load(contracts)["strict.seen"]
        details = [
            {**HEAD, "type": "strict.seen", f"p{number}": value}
            for number, (_, values) in enumerate(STRICT)
            for value in values
        ]
        project = tmp_path / "project"
        GO.generate(contracts, project)
        rows = [json.dumps({"type": "strict.seen", "detail": detail}) for detail in details]
        answers = exchanged(project, rows)
        judged = [strict.reads(detail) for detail in details]
        assert True in judged
        assert False in judged
        wrong = [
            (detail, answer)
            for detail, fits, answer in zip(details, judged, answers, strict=True)
            if answer["ok"] != fits
        ]
        assert not wrong

    def test_the_pages_programs_print_what_it_says(self, tmp_path: Path, server: Server) -> None:
        project = tmp_path / "project"
        GO.generate(EXAMPLE / "contracts", project)
        found = BLOCK.findall(PAGE.read_text())
        assert len(found) == PAGE.read_text().count("```go\n") == 3
        for number, (source, _) in enumerate(found):
            (project / f"page{number}").mkdir()
            (project / f"page{number}" / "main.go").write_text(source)
        GO.compile(project)
        (made, says_made), (publishes, says_published), (handles, says_handled) = [
            (f"page{number}", says) for number, (_, says) in enumerate(found)
        ]
        assert GO.run(project, "go", "run", f"./{made}") == says_made
        assert GO.run(project, "go", "run", f"./{publishes}", **bus(server.url)) == says_published
        with running(project, f"./{handles}", server) as printed:
            assert printed.readline() == says_handled

    def test_the_service_carries_out_a_command_and_reports(
        self, tmp_path: Path, server: Server, events: Any
    ) -> None:
        service = shutil.copytree(
            SERVICE, tmp_path / "service", ignore=shutil.ignore_patterns("events")
        )
        GO.generate(EXAMPLE / "contracts", service)
        name = "example.com/lockwell-bridge"
        GO.module(service, name)
        GO.compile(service)
        audit = Queue(server, "777777777777", "audit")
        audit.received(audit.waiting())  # what other tests published
        command = events.DeviceCommandRequested(
            command_id="CMD-1",
            device_id="LO-1",
            vendor="lockwell",
            kind="GARAGE_DOOR",
            command="OPEN",
            site={"site_id": "SITE-1", "kind": "SINGLE_HOME"},
            timestamp="2026-01-31T08:00:00Z",
        )
        with EventPublisher(url=server.url, publisher="key.devices") as publisher:
            publisher.publish(command)
        reported: list[dict[str, Any]] = []
        with running(service, ".", server):
            while len(reported) < 2:  # the command, and what came of it
                reported += audit.received(2 - len(reported))
        report = next(e for e in reported if e["detail-type"] == "device.telemetry.reported")
        assert report["source"] == "key.devices"
        assert report["detail"]["causation_id"] == command.id
        assert report["detail"]["readings"][0] == {"name": "position", "value": "OPEN"}
        assert report["detail"]["publisher"] == {"name": "key.devices"}


HEAD = {
    "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
    "time": "2026-01-31T08:00:00Z",
    "publisher": {"name": "anybody"},
    "schema_version": "1.0.0",
}


def exchanged(project: Path, rows: list[str]) -> list[dict[str, Any]]:
    file = project / "rows.jsonl"
    file.write_text("".join(f"{row}\n" for row in rows))
    return GO.exchange(project, file)


@contextmanager
def running(project: Path, package: str, server: Server) -> Iterator[IO[str]]:
    """What a program of a project prints; it is ended in order afterwards."""
    GO.run(project, "go", "build", "-o", "program", package)
    with subprocess.Popen(
        [project / "program"],
        env=bus(server.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.terminate()
            code = process.wait(60)
    assert code == 0
