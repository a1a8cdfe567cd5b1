"""AsyncAPI's own parser finds nothing wrong with documents that Keybus makes."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from keybus.catalog import Catalogue, asyncapi_document
from keybus.catalog.asyncapi import Options, Server, as_json, as_yaml
from keybus.topology import load_platform
from tests.running import EXAMPLE
from tests.unit.catalog import platforms

HERE = Path(__file__).parent
PACKAGE = ("package.json", "package-lock.json", ".npmrc")
NODE, NPM = shutil.which("node"), shutil.which("npm")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not (NODE and NPM), reason="node and npm are not installed"),
    pytest.mark.timeout(600),
]
SERVERS = (Server("dev", "127.0.0.1:7411", "http"), Server("eu", "bus.example.com", "https", "/a"))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parser, installed as its lock file says."""
    folder = tmp_path_factory.mktemp("asyncapi")
    for name in PACKAGE:
        shutil.copy(HERE / name, folder)
    done = subprocess.run(
        [str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "node_modules"


@pytest.fixture(scope="module")
def judged(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the parser says of every document, by the document's name; it is started once."""
    folder = tmp_path_factory.mktemp("documents")
    catalogues = {
        "example": Catalogue.of(*load_platform(EXAMPLE)),
        "history": platforms.with_history(folder / "history").catalogue(),
        # The parser itself cannot read a document in which something is called __proto__.
        "hostile": platforms.hostile(folder / "hostile", "__proto__").catalogue(),
    }
    for name, catalogue in catalogues.items():
        whole = asyncapi_document(catalogue, Options(servers=SERVERS))
        alone = asyncapi_document(catalogue, Options(payload="detail"))
        (folder / f"{name}.json").write_text(as_json(whole), encoding="utf-8")
        (folder / f"{name}.yaml").write_text(as_yaml(whole), encoding="utf-8")
        (folder / f"{name}-detail.json").write_text(as_json(alone), encoding="utf-8")
    whole["channels"]["odd.thing"]["address"] = 7
    (folder / "wrong.json").write_text(as_json(whole), encoding="utf-8")
    done = subprocess.run(
        [str(NODE), str(HERE / "validate.js"), *sorted(map(str, folder.glob("*.[jy]*")))],
        env={**os.environ, "NODE_PATH": str(packages)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {Path(each["file"]).name: each for each in json.loads(done.stdout)}


@pytest.mark.parametrize("platform", ["example", "history", "hostile"])
@pytest.mark.parametrize("form", [".json", ".yaml", "-detail.json"])
def test_a_document_is_valid(judged: dict[str, Any], platform: str, form: str) -> None:
    found = judged[f"{platform}{form}"]
    worse = [each for each in found["diagnostics"] if each["severity"] in ("error", "warning")]
    assert worse == []
    assert found["isValid"]


def test_the_parser_sees_what_was_written(judged: dict[str, Any]) -> None:
    found = judged["example.json"]
    assert len(found["channels"]) == 17
    assert "key.delivery:send:delivery.failed" in found["operations"]
    assert "partner-feed:receive:*" in found["operations"]
    assert "delivery.status.updated" in found["messages"]
    yaml = judged["example.yaml"]
    assert {name: yaml[name] for name in ("channels", "operations", "messages")} == {
        name: found[name] for name in ("channels", "operations", "messages")
    }


def test_the_parser_refuses_what_is_wrong(judged: dict[str, Any]) -> None:
    found = judged["wrong.json"]
    assert not found["isValid"]
    assert any(each["severity"] == "error" for each in found["diagnostics"])
