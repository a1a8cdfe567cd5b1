"""A small project: a repository of one contract, some of its releases, and a platform beside it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from keybus.cli.contracts import contracts
from keybus.contracts import Contract
from keybus.contracts.releases import Releases, Said
from keybus.errors import KeybusError
from tests.unit.contracts.releases.releasing import TEXT, TYPE, released, shown

PLATFORM = """\
bus: small
accounts:
  makers: {id: "111111111111"}
  readers: {id: "222222222222"}
publishers:
  shop.makers: {account: makers, events: [small.shown]}
subscriptions:
  old: {account: readers, events: [small.shown@1]}
  both: {account: readers, events: [small.shown@1, small.shown@2]}
  new: {account: readers, events: [small.shown@2]}
  any: {account: readers, filter: {detail-type: [small.shown]}}
"""


def day(days: int) -> str:
    """A day, so many from today."""
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


class Project:
    """A folder with ``contracts`` and, where a test writes it, ``platform.yaml``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contracts = folder / "contracts"
        self.contracts.mkdir()
        (self.contracts / "keybus.toml").write_text('[repository]\nname = "small"\n')

    @property
    def releases(self) -> Releases:
        return Releases.load(self.contracts / "releases")

    def write(self, contract: Contract) -> None:
        """The folder's own contract."""
        for file, document in contract.closure.items():
            place = self.contracts / file
            place.parent.mkdir(exist_ok=True)
            place.write_text(json.dumps(document))

    def release(self, *found: Contract | str, **said: Any) -> None:
        """Release contracts; a version stands for a contract with one text."""
        for each in found:
            contract = shown(each, name=TEXT) if isinstance(each, str) else each
            self.releases.add(contract, released(contract, **said))

    def say(self, version: str, status: str, **said: Any) -> None:
        """An entry about a release, whatever its sunset date."""
        digest = self.releases[TYPE].releases[version].digest
        given = {"action": "status", "digest": digest, "status": status, **said}
        entry = Said(version=version, time="2026-01-31T08:00:00Z", by="ada", **given)
        self.releases.say(TYPE, entry)

    def deprecate(self, *versions: str, sunset: str, by: str = "small.shown@2") -> None:
        for version in versions:
            self.say(version, "deprecated", replaced_by=by, sunset=sunset)

    def statuses(self) -> dict[str, str]:
        return {each.version: each.status for each in self.releases[TYPE].releases.values()}

    def platform(self, text: str = PLATFORM) -> Path:
        place = self.folder / "platform.yaml"
        place.write_text(text)
        return place

    def run(self, command: str, *arguments: object, code: int = 0, text: str = "") -> Result:
        """What a command does; an error that it names is raised."""
        words = [command, *map(str, arguments)]
        found = CliRunner().invoke(contracts, words, input=text)
        if isinstance(found.exception, KeybusError):
            raise found.exception
        assert found.exit_code == code, found.output
        return found
