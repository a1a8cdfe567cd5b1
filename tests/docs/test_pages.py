"""The documentation is true: its snippets run, its links lead somewhere, its options exist."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
import yaml

from keybus import InvalidEvent
from keybus.cli.root import keybus
from keybus.contracts import ContractRepository
from keybus.contracts.bindings import generate
from keybus.settings import Settings
from keybus.topology import load_platform
from tests.docs import bindings_page, cli_page
from tests.running import EXAMPLE, ROOT, ServerFactory

PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        EXAMPLE / "README.md",
        *(ROOT / "docs").glob("*.md"),
    ]
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


FIRST = ("README.md", "getting-started.md")
"""What a newcomer runs; the others' programs run with `make check`."""


def blocks(language: str, *, runs: bool = False) -> Iterator[object]:
    """Every fenced block of a language, named by its page and number.

    Args:
        language: What stands behind the fence.
        runs: They are run, which takes a second each.
    """
    for page in PAGES:
        marks = [pytest.mark.long] if runs and page.name not in FIRST else []
        found = [text for kind, text in FENCE.findall(page.read_text()) if kind == language]
        for number, text in enumerate(found, 1):
            yield pytest.param(page, text, id=f"{page.relative_to(ROOT)}-{number}", marks=marks)


@pytest.fixture(scope="session")
def documented_bindings(bindings_folder: Path) -> Path:
    """The same package under the name that the bindings' own page uses."""
    generate(
        "python", ContractRepository.load(EXAMPLE / "contracts"), bindings_folder / "my_events"
    )
    generate("python", shop(bindings_folder / "shop"), bindings_folder / "shop_events")
    return bindings_folder


def shop(folder: Path) -> ContractRepository:
    """The project of docs/getting-started.md, written to a folder as the page says."""
    page = (ROOT / "docs" / "getting-started.md").read_text()
    toml, contract, platform = (
        next(text for kind, text in FENCE.findall(page) if kind == language)
        for language in ("toml", "json", "yaml")
    )
    (folder / "contracts" / "orders").mkdir(parents=True)
    shutil.copytree(EXAMPLE / "contracts" / "core", folder / "contracts" / "core")
    (folder / "contracts" / "keybus.toml").write_text(toml)
    (folder / "contracts" / "orders" / "OrderPlaced.json").write_text(contract)
    (folder / "platform.yaml").write_text(platform)
    return load_platform(folder)[1]


@pytest.mark.parametrize(("page", "text"), list(blocks("python", runs=True)))
def test_python_runs(
    page: Path,
    text: str,
    new_server: ServerFactory,
    environment: dict[str, str],
    documented_bindings: Path,
) -> None:
    assert documented_bindings.is_dir()
    own_project = page.name == "getting-started.md"
    server = new_server(documented_bindings / "shop" if own_project else EXAMPLE)
    text = text.replace("http://127.0.0.1:7411", server.url)
    # What would run for ever is stopped once it has had time for what waits for it.
    text = text.replace(
        "subscriber.run()",
        "import threading\nthreading.Timer(2, subscriber.stop).start()\nsubscriber.run()",
    )
    done = subprocess.run(
        [sys.executable, "-c", text],
        env={**environment, "KEYBUS_URL": server.url},
        cwd=EXAMPLE if page.name == "contracts.md" else ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_readmes_mistake_is_told_as_it_says(events: ModuleType) -> None:
    [text] = [
        text
        for _, text in FENCE.findall((ROOT / "README.md").read_text())
        if text.startswith(">>>")
    ]
    call, *said = text.removeprefix(">>> ").splitlines()
    with pytest.raises(InvalidEvent) as caught:
        eval(call, vars(events))
    told = f"keybus.errors.InvalidEvent: {caught.value}".splitlines()
    assert len(told) > len(said) - 1
    for line in said:
        assert line in told or line.strip() == "…"


@pytest.mark.parametrize(("page", "text"), list(blocks("json")))
def test_json_is_json(page: Path, text: str) -> None:
    assert page.exists()
    json.loads(text)


def test_the_platform_page_shows_a_platform(tmp_path: Path) -> None:
    [text] = [
        t for kind, t in FENCE.findall((ROOT / "docs/platform.md").read_text()) if kind == "yaml"
    ]
    (tmp_path / "contracts").symlink_to(EXAMPLE / "contracts")
    (tmp_path / "platform.yaml").write_text(text)
    platform, _ = load_platform(tmp_path)
    assert set(platform.subscriptions) == set(yaml.safe_load(text)["subscriptions"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    words = FENCE.sub("", page.read_text())  # in programs, f[T](x) is a call
    links = [link for link in LINK.findall(words) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_command_lines_page_is_what_the_commands_say() -> None:
    # In a process of its own: a command remembers its help's names from whoever ran it first.
    command = [sys.executable, "-m", "tests.docs.cli_page", "-"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert cli_page.PAGE.read_text() == done.stdout, "python -m tests.docs.cli_page"


def test_the_bindings_page_shows_what_is_generated() -> None:
    told = "python -m tests.docs.bindings_page"
    assert bindings_page.PAGE.read_text() == bindings_page.render(), told


def test_every_command_is_explained_beyond_its_help() -> None:
    pages = "".join(page.read_text() for page in PAGES if page != cli_page.PAGE)
    missing = [command for command in commands(keybus) if command not in pages]
    assert missing == []


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    """Every command that is no group, with all names before its own."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        whole = f"{before}{group.name} {name}"
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{group.name} ")
        else:
            yield whole


def test_every_setting_of_clients_is_listed() -> None:
    page = (ROOT / "docs" / "client.md").read_text()
    listed = re.findall(r"^\| `KEYBUS_([A-Z_]+)` \|", page, re.MULTILINE)
    assert sorted(name.lower() for name in listed) == sorted(Settings.__struct_fields__)


def test_every_page_is_reached_from_the_readme() -> None:
    linked = set(LINK.findall((ROOT / "README.md").read_text()))
    assert {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")} <= linked
