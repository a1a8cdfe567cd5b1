"""docs/from-aws.md shows what the command prints."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from keybus.cli.root import keybus
from tests.docs.transcript import fits
from tests.running import ROOT

CONSOLE = re.compile(r"^```console\n\$ keybus (.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("shop")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of moto
def test_what_the_page_shows_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [(command, expected)] = CONSOLE.findall((ROOT / "docs" / "from-aws.md").read_text())
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(keybus, command.split())
    assert done.exit_code == 0, done.output
    assert fits(expected.rstrip(), done.output), done.output
