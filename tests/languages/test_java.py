"""What is special to Java: names, and the pieces that a Java program is made of."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from keybus.contracts import ContractRepository
from keybus.contracts.bindings.java import java_package
from keybus.errors import ContractError

GOLDEN = Path(__file__).parent / "golden" / "java"
CORNERS = Path(__file__).parents[1] / "unit" / "contracts" / "fixtures" / "valid"
_PUBLIC = re.compile(r"^( *)(?:@Override\n *)?(public [^;={]*|[A-Z_0-9]+\(.*\)[,;])", re.MULTILINE)


def generated(contracts: Path, **deprecated: str) -> Mapping[str, str]:
    """The files of a package, as text."""
    repository = ContractRepository.load(contracts)
    files = java_package(repository.values(), deprecated, package="com.example.events")
    return {name: content.decode() for name, content in files.items()}


def public_names(files: Mapping[str, str]) -> str:
    """Everything that a program may name, file by file."""
    lines = []
    for name, text in files.items():
        if name.endswith(".java") and not name.startswith("internal/"):
            found = (f"  {each[0]}{' '.join(each[1].split())}" for each in _PUBLIC.findall(text))
            lines += [name, *found]
    return "".join(f"{line}\n" for line in lines)


def add_event(folder: Path, event_type: str, properties: Any) -> None:
    """Write the contract of another event into a repository, into a folder of its own."""
    title = "".join(word.capitalize() for word in event_type.split("."))
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": title,
        "x-keybus": {
            "type": event_type,
            "owner": "others",
            "version": "1.0.0",
            "classification": "internal",
        },
        "allOf": [{"$ref": "../core/Event.json"}, {"type": "object", "properties": properties}],
    }
    file = folder / "more" / f"{event_type}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(schema))


@pytest.fixture
def corners(tmp_path: Path) -> Path:
    """A copy of the contracts of corner cases."""
    return shutil.copytree(CORNERS, tmp_path / "contracts")


def test_names_stay() -> None:
    assert public_names(generated(CORNERS)) == (GOLDEN / "corners.txt").read_text()


def test_another_event_changes_no_file(corners: Path) -> None:
    before = generated(corners)
    kinds = {name: {"type": "string", "enum": ["site", "Kind"]} for name in ("Site", "status")}
    add_event(corners, "more.seen", kinds)
    after = generated(corners)
    assert {name for name in before if before[name] != after[name]} == {"contracts.json"}
    assert "more/MoreSeen.java" in after.keys() - before.keys()


def test_a_deprecated_class_is_marked_with_the_reason() -> None:
    reason = "delivery.status.updated 1.2.0 is deprecated: use <b>.moved</b> */ \\u002a"
    files = generated(CORNERS, **{"delivery.status.updated": reason})
    text = files["delivery/DeliveryStatusUpdated.java"]
    told = "&lt;b&gt;.moved&lt;/b&gt; *&#47; &#92;u002a"
    assert told in " ".join(text.replace("*     ", "").split())
    assert " */\n@Deprecated\npublic final class DeliveryStatusUpdated " in text
    assert [name for name, each in files.items() if "@Deprecated" in each] == [
        "delivery/DeliveryStatusUpdated.java"
    ]


@pytest.mark.parametrize("package", ["", "com.", "com.class", "com.my-events", "1st", "a b", "é;"])
def test_a_package_that_java_cannot_have_is_refused(package: str) -> None:
    with pytest.raises(ContractError, match="cannot be the name of a Java package"):
        java_package([], package=package)


def test_a_class_takes_no_name_of_an_events_constants(corners: Path) -> None:
    at = {"type": "object", "properties": {"at": {"type": "string"}}}
    add_event(corners, "more.seen", {"OWNER": at, "Owner": at, "TYPE": {"enum": ["a"]}})
    source = generated(corners)["more/MoreSeen.java"]
    nested = re.findall(r"^  public .*(?:class|enum) (\w+)", source, re.MULTILINE)
    assert nested == ["Builder", "OWNER_", "Owner", "TYPE_"]


def test_a_class_is_imported_whatever_letter_it_begins_with(corners: Path) -> None:
    for name in ("Änderung", "日付", "2fa"):
        file = corners / "core" / f"{name}.json"
        shutil.copy(corners / "core" / "Vehicle.json", file)
    names = ("%C3%84nderung", "%E6%97%A5%E4%BB%98", "2fa")
    properties = {f"p{at}": {"$ref": f"../core/{name}.json"} for at, name in enumerate(names)}
    add_event(corners, "more.seen", properties)
    source = generated(corners)["more/MoreSeen.java"]
    found = set(re.findall(r"^import com.example.events.core.(.*);", source, re.MULTILINE))
    assert found == {"Publisher", "Änderung", "日付", "_2fa"}


def test_files_that_differ_by_case_alone_are_refused(corners: Path) -> None:
    add_event(corners, "ab.c", {})
    add_event(corners, "a.bc", {})
    with pytest.raises(ContractError, match=r"would both be .* where case does not count"):
        generated(corners)
