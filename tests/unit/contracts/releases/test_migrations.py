"""Migrations in a ledger: written down once, kept as they were, and nothing else is disturbed."""

import json
from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from keybus.contracts.migrations import Migrations
from keybus.contracts.releases import Ledger, Releases, Said
from keybus.contracts.releases.migrating import source_of, write
from keybus.contracts.releases.releasing import Intent
from keybus.errors import BrokenContracts
from tests.unit.contracts.migrations.migrating import expression, moves
from tests.unit.contracts.releases.releasing import TYPE, released, shown

INTENT = Intent(by="ada", time="2026-01-31T08:00:00Z", why="two majors")
OLD_NAMES = (
    *("action", "version", "digest", "status", "time", "by", "why", "approvals", "breaks"),
    *("replaced_by", "sunset", "type", "sequence", "previous", "hash"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Releases of two majors."""
    releases = Releases.load(tmp_path)
    for version in ("1.0.0", "2.0.0", "2.1.0"):
        of = shown(version)
        releases.add(of, released(of))
    return tmp_path


def written(folder: Path, *found: object) -> Ledger:
    releases = Releases.load(folder)
    write(list(found), releases, INTENT)  # type: ignore[arg-type]
    return Releases.load(folder)[TYPE]


def said(ledger: Ledger, **more: object) -> Said:
    release = ledger.releases["2.1.0"]
    given = {
        "action": "migration",
        "version": "2.1.0",
        "digest": release.digest,
        "status": "active",
        "time": "2026-01-31T08:00:00Z",
        "by": "ada",
        "migration": "2-to-1.json",
        "text": "sha256:" + "0" * 64,
    }
    return Said(**{**given, **more})  # type: ignore[arg-type]


def test_it_stands_with_the_newest_release_that_it_starts_from(folder: Path) -> None:
    migration = moves()
    ledger = written(folder, migration)
    entry = ledger.entries[-1]
    assert (entry.action, entry.version, entry.migration) == ("migration", "2.1.0", "2-to-1.json")
    assert (entry.text, entry.why, entry.by) == (migration.digest, "two majors", "ada")
    assert ledger.migrations == {"2-to-1.json": entry}
    number = migration.digest.removeprefix("sha256:")
    kept = folder / "objects" / number[:2] / f"{number[2:]}.json"
    assert kept.read_text() == migration.text


def test_releases_and_their_statuses_stay_as_they_are(folder: Path) -> None:
    before = Releases.load(folder)[TYPE]
    ledger = written(folder, moves(), moves(name="1-to-2.json"))
    assert ledger.releases == before.releases
    assert [each.version for each in ledger.promises] == ["1.0.0", "2.0.0", "2.1.0"]
    last = ledger.releases["2.1.0"]
    deprecated = replace(
        said(ledger), action="status", status="deprecated", migration=UNSET, text=UNSET
    )
    after = ledger.then(replace(deprecated, replaced_by="small.shown@1", sunset="2027-06-30"))
    again = after.then(said(after, status="deprecated", text="sha256:" + "1" * 64))
    assert again.releases["2.1.0"].last.sunset == "2027-06-30"
    assert again.releases["2.1.0"].made == last.made


def test_entries_of_other_kinds_are_written_as_they_always_were(folder: Path) -> None:
    lines = (folder / "ledgers" / f"{TYPE}.jsonl").read_text().splitlines()
    assert [tuple(json.loads(line)) for line in lines] == [OLD_NAMES] * 3
    ledger, faults = Ledger.read(TYPE, (folder / "ledgers" / f"{TYPE}.jsonl").read_text(), "")
    assert not faults
    assert ledger.text().splitlines() == lines


def test_the_last_text_of_a_name_counts(folder: Path) -> None:
    first, second = moves(), moves({"op": "remove", "path": "/a"})
    written(folder, first)
    ledger = written(folder, second)
    assert ledger.migrations["2-to-1.json"].text == second.digest
    assert len(ledger.entries) == 5


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"version": "3.0.0", "migration": "3-to-1.json"}, "3.0.0 was never released"),
        ({"migration": "1-to-2.json"}, "1-to-2.json does not start from 2.1.0"),
        ({"migration": "anything"}, "has the name and the text of one"),
        ({"migration": UNSET}, "has the name and the text of one"),
        ({"text": UNSET}, "has the name and the text of one"),
        ({"status": "retired"}, "A migration changes no status, and that is active"),
        ({"digest": "sha256:" + "1" * 64}, "has another digest"),
        ({"action": "status"}, "Only a migration's entry has its name and text"),
    ],
)
def test_what_cannot_stand_in_a_ledger_is_refused(
    folder: Path, more: dict[str, object], why: str
) -> None:
    ledger = Releases.load(folder)[TYPE]
    with pytest.raises(ValueError, match=why):
        ledger.then(said(ledger, **more))


@pytest.mark.parametrize("change", ["lost", "changed"])
def test_a_kept_text_that_is_not_as_it_was_is_told(folder: Path, change: str) -> None:
    pytest.importorskip("jsonata")
    written(folder, expression("$"))
    [kept] = (folder / "objects").rglob("*.jsonata")
    if change == "lost":
        kept.unlink()
    else:
        kept.write_text("$$")
    with pytest.raises(BrokenContracts) as caught:
        Releases.load(folder)
    [fault] = caught.value.faults
    assert fault.code == "release-broken"
    assert fault.file == kept.relative_to(folder).as_posix()


def test_a_migration_whose_source_was_not_released_waits(folder: Path) -> None:
    releases = Releases.load(folder)
    waiting = moves(name="3-to-2.json")
    assert source_of(waiting, releases[TYPE]) is None
    assert write([waiting], releases, INTENT) == []
    assert list(Migrations([waiting])) == [waiting]
