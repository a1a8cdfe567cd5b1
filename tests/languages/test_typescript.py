"""What is special to TypeScript: its names, its formatting, its page, its example."""

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from keybus.contracts import ContractRepository
from keybus.contracts.bindings import generate
from keybus.contracts.bindings.typescript import typescript_package
from keybus.contracts.scaffold import scaffold
from tests.docs import transcript
from tests.languages import hostile_typescript
from tests.languages.changed_events import changed_events
from tests.languages.making import make
from tests.languages.matrix import CORNERS
from tests.languages.typescript import (
    CLIENT,
    TypeScript,
    environment,
    installed,
    new_project,
    node,
    run,
    tool,
)
from tests.running import EXAMPLE, ROOT, Server

GOLDEN = Path(__file__).parent / "golden" / "typescript"
SERVICE = ROOT / "examples" / "typescript"
PAGE = ROOT / "docs" / "bindings-typescript.md"
LISTS = {"index.ts", "contracts.ts", "contracts.json"}
DOCUMENTED_END = "2028-12-31"
_EXPORT = re.compile(r"^export (?:interface|type|const) (\S+)", re.MULTILINE)
_FENCE = re.compile(r"^```typescript\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.timeout(600)  # npm installs, on machines that do much else
with_tools = pytest.mark.skipif(bool(TypeScript.missing), reason=TypeScript.missing)
REPOSITORIES = {"corners": CORNERS, "amazon_key": EXAMPLE / "contracts"}


def package(contracts: Path, **deprecated: str) -> dict[str, str]:
    """The files of a generated package, without the line that names Keybus's version."""
    chosen = ContractRepository.load(contracts).values()
    warnings = {name.replace("_", "."): said for name, said in deprecated.items()}
    files = typescript_package(chosen, warnings, package="events")
    return {name: text.decode().split("\n", 1)[1] for name, text in files.items()}


@pytest.mark.parametrize("name", REPOSITORIES)
def test_names_are_what_they_were(name: str) -> None:
    files = package(REPOSITORIES[name])
    exported = {file: sorted(set(_EXPORT.findall(text))) for file, text in files.items()}
    found = "".join(f"{file}: {' '.join(names)}\n" for file, names in exported.items() if names)
    assert (GOLDEN / f"{name}.txt").read_text() == found


def test_a_module_is_what_it_was() -> None:
    module = "sampler/sampler-shapes-shown.ts"
    assert (GOLDEN / Path(module).name).read_text() == package(CORNERS)[module]


def test_another_event_changes_nothing_but_lists(tmp_path: Path) -> None:
    before = package(CORNERS)
    grown = shutil.copytree(CORNERS, tmp_path / "contracts")
    scaffold(grown, "vehicle.tree.shown", owner="samplers")
    after = package(grown)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == LISTS
    assert len(after) == len(before) + 1


def test_an_event_says_what_its_contract_says() -> None:
    contract = ContractRepository.load(CORNERS)["sampler.shapes.shown"]
    text = package(CORNERS)["sampler/sampler-shapes-shown.ts"]
    assert f'TYPE: "{contract.type}"' in text
    assert f'VERSION: "{contract.version}"' in text
    assert f'"{contract.digest}"' in text
    assert f'OWNER: "{contract.owner}"' in text
    assert "deprecated" not in text.lower()


def test_an_event_that_is_to_be_left_says_so() -> None:
    said = "use sampler.shapes.drawn, until 2027-01-31"
    text = package(CORNERS, sampler_shapes_shown=said)["sampler/sampler-shapes-shown.ts"]
    assert text.count(f" * @deprecated {said}.\n */\nexport ") == 2
    assert f'DEPRECATED: "{said}"' in text


def test_the_command_line_generates_what_is_there_already(tmp_path: Path) -> None:
    out = tmp_path / "key-events"
    repository = ContractRepository.load(CORNERS)
    first = generate("typescript", repository, out)
    assert generate("typescript", repository, out) == first
    assert {file.relative_to(out).as_posix() for file in out.rglob("*.*")} == set(first)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The events of the reference application, as its page has them."""
    folder = new_project(tmp_path_factory.mktemp("typescript") / "project")
    generate("typescript", ContractRepository.load(EXAMPLE / "contracts"), folder / "src/events")
    return folder


@pytest.mark.long
@with_tools
def test_hostile_names_compile_and_are_formatted(tmp_path: Path) -> None:
    contracts = hostile_typescript.write(tmp_path / "hostile")
    make(tmp_path / "made", 60)
    folder = new_project(tmp_path / "project")
    for name, source in {"hostile": contracts, "made": tmp_path / "made"}.items():
        generate("typescript", ContractRepository.load(source), folder / "src" / name)
    generate("typescript", ContractRepository.load(CORNERS), folder / "src" / "corners")
    node(folder, tool("prettier"), "--check", "src")
    node(folder, tool("tsc"), "--project", ".")
    event = node(folder, "--input-type=module", "--eval", _ODD)
    assert json.loads(event)["oddShown"] == {"__proto__": "a", "toString": "b", "*/": "c"}


_ODD = """
import { OddShown } from "./dist/hostile/index.js";
const oddShown = { ["__proto__"]: "a", toString: "b", "*/": "c" };
const event = OddShown.create({ oddShown, values: "*/", publisher: { name: "odd" } });
console.log(OddShown.stringify(OddShown.parse(OddShown.stringify(event))));
"""


@pytest.mark.long
@with_tools
def test_it_takes_and_refuses_what_python_does(tmp_path: Path) -> None:
    make(tmp_path / "made", 120)
    toolchain = TypeScript()
    toolchain.generate(tmp_path / "made", tmp_path / "project")
    toolchain.compile(tmp_path / "project")
    changed = list(changed_events(tmp_path / "made", 12, seed=8))
    lines = [f'{{"type":"{each.type}","detail":{each.text}}}\n' for each in changed]
    (tmp_path / "rows.jsonl").write_text("".join(lines))
    answers = toolchain.exchange(tmp_path / "project", tmp_path / "rows.jsonl")
    wrong = [
        (each, answer)
        for each, answer in zip(changed, answers, strict=True)
        if answer["ok"] == bool(each.pointers)
        or not each.pointers <= set(answer.get("pointers", ()))
    ]
    refused = sum(1 for each in changed if each.pointers)
    assert 0 < refused < len(changed)
    assert not wrong, wrong[:5]


@pytest.mark.long
@with_tools
@pytest.mark.parametrize("script", ["test", "check"])
def test_the_clients_own_checks(script: str, tmp_path: Path) -> None:
    # A copy, as they build it anew: other tests run what is installed at the same time.
    left_out = shutil.ignore_patterns("node_modules", "dist", "build")
    copy = shutil.copytree(installed(), tmp_path / "client", ignore=left_out)
    (copy / "node_modules").symlink_to(installed() / "node_modules")
    run(copy, "npm", "run", script)


@pytest.mark.long
@with_tools
def test_the_packed_client_has_what_it_needs() -> None:
    [packed] = json.loads(
        run(installed(), "npm", "pack", "--dry-run", "--json", "--ignore-scripts")
    )
    files = {file["path"] for file in packed["files"]}
    assert {"package.json", "dist/index.js", "dist/index.d.ts"} <= files
    assert all(file.startswith("dist/") for file in files - {"package.json", "README.md"})


def test_locks_have_no_addresses() -> None:
    for folder in (CLIENT, SERVICE):
        lock = json.loads((folder / "package-lock.json").read_text())
        found = [each.get("resolved", "") for each in lock["packages"].values()]
        assert not any("://" in address for address in found)
        pinned = [
            each for name, each in lock["packages"].items() if name and "resolved" not in each
        ]
        assert all(each.get("integrity") or "dist" not in each for each in pinned)


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(EXAMPLE, tmp_path_factory.mktemp("bus"))
    server.start()
    yield server
    server.stop()


@pytest.mark.long
@with_tools
def test_the_page_does_what_it_says(project: Path, bus: Server) -> None:
    blocks = _FENCE.findall(PAGE.read_text())
    assert len(blocks) >= 6
    for number, block in enumerate(blocks):
        (project / "src" / f"block-{number}.ts").write_text(block)
    node(project, tool("tsc"), "--project", ".")
    for number, block in enumerate(blocks):
        program = f"dist/block-{number}.js"
        if "subscriber.run()" in block:
            assert started(project, program, bus.url).startswith("DEL-")
        else:
            assert finished(project, program, bus.url)


def finished(folder: Path, program: str, url: str) -> str:
    """What a program prints until it ends by itself."""
    done = subprocess.run(
        ["node", program],
        cwd=folder,
        env={**environment(), "KEYBUS_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def started(folder: Path, program: str, url: str) -> str:
    """The first line that a program prints that goes on until it is ended in order."""
    with subprocess.Popen(
        ["node", program],
        cwd=folder,
        env={**environment(), "KEYBUS_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    return line


@pytest.mark.long
@with_tools
def test_the_example_runs_as_it_says(tmp_path: Path) -> None:
    for folder in (CLIENT, SERVICE, EXAMPLE / "contracts"):
        left_out = shutil.ignore_patterns("node_modules", "dist", "build", "key-events")
        shutil.copytree(folder, tmp_path / folder.relative_to(ROOT), ignore=left_out)
    here = tmp_path / SERVICE.relative_to(ROOT)
    installing, *steps = transcript.steps((SERVICE / "README.md").read_text())
    # npm needs whatever this machine has set for it; the rest has a newcomer's shell.
    run(here, "bash", "-ec", installing.commands)
    printed = transcript.run(steps, here)
    assert len(printed) == len(steps)
    for step, found in zip(steps, printed, strict=True):
        assert step.expected is None or transcript.fits(step.expected, found), found
