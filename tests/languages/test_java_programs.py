"""Java programs: the documentation's, the example service, and hostile contracts, compiled and run."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keybus import Event, EventPublisher
from keybus.contracts import ContractRepository
from keybus.contracts.bindings import generate
from tests.languages.java import (
    CLIENT,
    CREDENTIALS,
    PACKAGE,
    Java,
    class_path,
    java,
    javac,
    run,
)
from tests.languages.matrix import Queue, exact
from tests.running import EXAMPLE, ROOT, Server

JAVA = Java()
SERVICE = ROOT / "examples" / "java"
PAGE = ROOT / "docs" / "bindings-java.md"
LOCAL = "http://127.0.0.1:7411"
_BLOCK = re.compile(r"^```java\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(JAVA.missing), reason=JAVA.missing),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference application's events, one of them deprecated, compiled."""
    folder = tmp_path_factory.mktemp("java")
    place = folder / "src" / Path(*PACKAGE.split("."))
    told = {"delivery.failed": "delivery.failed 1.0.0 is deprecated: use its second version"}
    generate("java", ContractRepository.load(EXAMPLE / "contracts"), place, told, PACKAGE)
    JAVA.compile(folder)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(EXAMPLE, tmp_path_factory.mktemp("bus"))
    server.start()
    yield server
    server.stop()


def compiled(project: Path, name: str, source: str) -> str:
    """The class path of a program's classes and what it needs."""
    out = project / name
    out.mkdir()
    (out / f"{name}.java").write_text(source)
    path = os.pathsep.join((str(out), str(project / "classes"), class_path()))
    javac("-cp", path, "-d", str(out), str(out / f"{name}.java"))
    return path


def program(name: str, block: str, more: str = "") -> str:
    """A block of the page as a program."""
    lines = block.splitlines()
    imports = "\n".join(line for line in lines if line.startswith("import "))
    body = "\n".join(line for line in lines if not line.startswith("import "))
    return (
        f"{imports}\npublic final class {name} {{\n  private {name}() {{}}\n"
        f"{more}\n  public static void main(String[] args) throws Exception {{\n{body}\n  }}\n}}\n"
    )


def test_the_pages_events_are_made_as_it_says(project: Path) -> None:
    block = _BLOCK.findall(PAGE.read_text())[0]
    said = block.replace("error.faults(); //", "System.out.println(error.faults()); //").replace(
        "event.toJson(); //", "System.out.println(event.toJson()); //"
    )
    assert said.count("System.out") == 2
    path = compiled(project, "Creating", program("Creating", said))
    written, faults = java(path, "Creating").splitlines()
    event = json.loads(written)
    assert event["progress"] == {"step": 4, "steps": 7}
    assert "previous_status" not in event
    assert "pointer=/delivery_id" in faults or "/delivery_id: " in faults
    assert "/timestamp" in faults


def test_the_pages_publisher_and_subscriber_meet(project: Path, server: Server) -> None:
    publishing, subscribing = _BLOCK.findall(PAGE.read_text())[1:3]
    path = compiled(
        project, "Publishing", program("Publishing", publishing.replace(LOCAL, server.url))
    )
    java(path, "Publishing")
    # What runs for ever is stopped by what it waits for.
    handled = "event -> { System.out.println(event.deliveryId()); HANDLED.countDown(); }"
    stopping = "new Thread(() -> stop(subscriber)).start();\nsubscriber.run();"
    block = subscribing.replace(LOCAL, server.url)
    block = block.replace(".build()", ".wait(java.time.Duration.ofSeconds(1)).build()")
    block = block.replace("event -> System.out.println(event.deliveryId())", handled)
    block = block.replace("subscriber.run();", stopping)
    assert "HANDLED" in block
    more = """
  private static final java.util.concurrent.CountDownLatch HANDLED =
      new java.util.concurrent.CountDownLatch(1);

  private static void stop(dev.keybus.EventSubscriber subscriber) {
    try {
      HANDLED.await();
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
    subscriber.stop();
  }
"""
    path = compiled(project, "Subscribing", program("Subscribing", block, more))
    assert java(path, "Subscribing").split() == ["DEL-123"]


def test_the_page_has_no_other_programs() -> None:
    assert len(_BLOCK.findall(PAGE.read_text())) == 3


def test_what_fails_comes_again_and_what_it_makes_names_its_cause(
    project: Path, server: Server, events: Any
) -> None:
    queue = Queue(server, "444444444444", "notifications")
    queue.received(queue.waiting())
    sent: list[Event] = [
        events.DeliveryStatusUpdated(
            delivery_id=f"DEL-{number}", status="IN_GARAGE", timestamp="2026-01-31T08:00:00Z"
        )
        for number in range(3)
    ]
    with EventPublisher(url=server.url, publisher="key.delivery") as publisher:
        publisher.publish_many(sent)
    lines = JAVA.program(project, "Retry", server.url, queue.url, "3").splitlines()
    assert sorted(lines) == sorted(f"{event.id} {event.id}" for event in sent)
    assert queue.waiting() == 0


def test_a_deprecated_class_is_a_warning_to_its_users(project: Path) -> None:
    use = "System.out.println(com.example.events.delivery.DeliveryFailed.TYPE);"
    with pytest.raises(AssertionError, match=r"DeliveryFailed in .* has been deprecated"):
        compiled(project, "Deprecated", program("Deprecated", use))


def test_the_service_answers_commands(server: Server, events: Any, tmp_path: Path) -> None:
    chosen = ("device.command.requested", "device.telemetry.reported")
    repository = ContractRepository.load(EXAMPLE / "contracts")
    sources = tmp_path / "src" / "com" / "example" / "portalis"
    shutil.copytree(SERVICE / "src/main/java/com/example/portalis", sources, ignore=_generated)
    of_service = {name: repository[name] for name in chosen}
    generate("java", of_service, sources / "events", package="com.example.portalis.events")
    JAVA.compile(tmp_path)
    path = os.pathsep.join((str(tmp_path / "classes"), class_path()))
    audit = Queue(server, "777777777777", "audit")
    audit.received(audit.waiting())
    with subprocess.Popen(
        ["java", "-cp", path, "com.example.portalis.PortalisGateway"],
        env={**os.environ, **CREDENTIALS, "KEYBUS_URL": server.url},
        stderr=subprocess.PIPE,
        text=True,
    ) as service:
        guard = threading.Timer(120, service.kill)
        guard.start()
        try:
            command = _command(events)
            with EventPublisher(url=server.url, publisher="key.devices") as publisher:
                publisher.publish(command)
            asked, told = sorted(audit.received(2), key=lambda each: str(each["detail-type"]))
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(60)
            guard.cancel()
    assert service.returncode == 128 + signal.SIGTERM
    assert (asked["detail-type"], told["detail-type"]) == chosen
    assert told["detail"]["readings"] == [{"name": "position", "value": "OPEN"}]
    assert told["detail"]["causation_id"] == command.id
    assert told["detail"]["trace"][:36] == str(command.trace)[:36]


def test_the_client_and_the_service_build_with_maven(tmp_path: Path) -> None:
    """Their own unit tests run, and a warning of the compiler is an error."""
    for name, folder in (("client", CLIENT), ("service", SERVICE)):
        shutil.copytree(folder, tmp_path / name, ignore=_generated)
    generate(
        "java",
        ContractRepository.load(EXAMPLE / "contracts"),
        tmp_path / "service/src/main/java/com/example/portalis/events",
        package="com.example.portalis.events",
    )
    (tmp_path / "pom.xml").write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>tests</groupId>"
        "<artifactId>all</artifactId><version>1</version><packaging>pom</packaging>"
        "<modules><module>client</module><module>service</module></modules></project>"
    )
    run("mvn", "-q", "-B", "-f", str(tmp_path / "pom.xml"), "package")
    assert list((tmp_path / "client" / "target").glob("keybus-client-*.jar"))
    assert (tmp_path / "client" / "target" / "surefire-reports").is_dir()


def test_hostile_contracts_compile_and_say_what_they_say(tmp_path: Path) -> None:
    contracts = _hostile(tmp_path / "contracts")
    project = tmp_path / "project"
    JAVA.generate(contracts, project)
    JAVA.compile(project)
    event = json.dumps(_EVENT)
    rows = tmp_path / "rows.jsonl"
    rows.write_text(f'{{"type": "odd.seen", "detail": {event}}}\n')
    [answer] = JAVA.exchange(project, rows)
    assert answer["ok"], answer
    assert exact(answer["json"]) == exact(event)


def _generated(_: str, names: list[str]) -> set[str]:
    """What a copy of a project leaves out."""
    return {"target", "events"} & set(names)


def _command(events: Any) -> Any:
    return events.DeviceCommandRequested(
        command_id="CMD-000140-1",
        device_id="PO-760497-00156-E",
        vendor="portalis",
        kind="SMART_LOCK",
        command="OPEN",
        site={"site_id": "SITE-00156", "kind": "APARTMENT_BUILDING"},
        timestamp="2026-01-05T08:00:01.414Z",
    )


_WORDS = 'Ends a comment */ with \\u002a\\u002f {@code x} <b> @deprecated & "\\'
_NAMES = (
    *("class", "Class", "CLASS", "$", '"', "*/", "\\u000a", "a-b", "a_b", "aB", "", "_", "__"),
    *("toString", "hashCode", "wait", "getClass", "equals", "builder", "build", "set", "fields"),
    *("contract", "value", "null", "note", "note_is_null", "日付", "🙂", "ﬁ", "1", "TYPE", "var"),
)
_VALUES = ("", "+", "-", "a b", "a-b", "A_B", "values", "null", '"', "\\", "*/", "🙂", "größe", "9")
_NESTED = ("string", "String", "list", "optional", "object", "builder_", "json", "override", "enum")
_LONG = "quite_" * 40
_HEAD = {
    "id": "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
    "type": "odd.seen",
    "time": "2026-01-31T08:00:00Z",
    "publisher": {"name": "odd"},
    "schema_version": "1.0.0",
}
_EVENT = {
    **_HEAD,
    "names": dict.fromkeys(_NAMES, "x") | {"note": None},
    "nested": {name: {"at": "there"} for name in _NESTED},
    "closed": list(_VALUES),
    "open": [*_VALUES],
    "many": "value 7",
    "deep": {"x": [None, {"y": 1}]},
    "folders": {"at": "one"},
    "contracts": {"at": "another"},
    "letters": {"at": "a third"},
    "TYPE": "one",
    "OWNER": {"at": "there"},
    _LONG: {"at": "there"},
    "whole": {**_HEAD, "again": [_HEAD, None]},
}


def _hostile(folder: Path) -> Path:
    """A repository whose names and texts are as bad as they may be."""
    shutil.copytree(EXAMPLE / "contracts" / "core", folder / "core")
    (folder / "keybus.toml").write_text('[repository]\nname = "odd"\n')
    text = {"type": "string", "description": _WORDS}
    names: dict[str, Any] = dict.fromkeys(_NAMES, text) | {"note": {"type": ["string", "null"]}}
    at = {"type": "object", "required": ["at"], "properties": {"at": text}}
    listed = {"type": "string", "enum": list(_VALUES), "description": _WORDS}
    properties = {
        "names": {"type": "object", "properties": names},
        "nested": {"type": "object", "properties": dict.fromkeys(_NESTED, at)},
        "closed": {"type": "array", "items": listed},
        "open": {"type": "array", "items": {**listed, "x-extensible": True}},
        "many": {"type": "string", "enum": [f"value {number}" for number in range(3_000)]},
        "deep": {"description": _WORDS + " long" * 20_000},
        "folders": {"$ref": "../internal/class.json"},
        "contracts": {"$ref": "../core/OddSeenContract.json"},
        "letters": {"$ref": "../core/%C3%84nderung.json"},
        "TYPE": {"type": "string", "enum": ["one"]},
        "OWNER": at,
        _LONG: at,
        "whole": {"$ref": "#"},
        "again": {"type": "array", "items": {"oneOf": [{"$ref": "#"}, {"type": "null"}]}},
    }
    shared = {"$schema": "http://json-schema.org/draft-04/schema#", "title": "Shared", **at}
    (folder / "core" / "OddSeenContract.json").write_text(json.dumps(shared))
    (folder / "core" / "Änderung.json").write_text(json.dumps(shared))
    (folder / "internal").mkdir()
    (folder / "internal" / "class.json").write_text(json.dumps(shared))
    (folder / "new").mkdir()
    contract = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "OddSeen",
        "description": _WORDS,
        "x-keybus": {
            "type": "odd.seen",
            "owner": "odd",
            "version": "1.0.0",
            "classification": "internal",
        },
        "allOf": [{"$ref": "../core/Event.json"}, {"type": "object", "properties": properties}],
    }
    (folder / "new" / "OddSeen.json").write_text(json.dumps(contract))
    return folder
