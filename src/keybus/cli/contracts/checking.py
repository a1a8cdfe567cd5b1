"""``keybus contracts check`` and ``diff``."""

import sys
from functools import cache
from pathlib import Path

import click
import msgspec

from keybus.cli.contracts.baselines import AGAINST, baseline
from keybus.cli.contracts.forms import FORMS, Shown
from keybus.cli.contracts.reading import FOLDER, JSON, load
from keybus.cli.contracts.who import today
from keybus.cli.report_options import report_options
from keybus.contracts.folder import Folder
from keybus.contracts.releases import RELEASES, Releases
from keybus.contracts.releases.endings import overdue
from keybus.contracts.releases.report import Checked, Released, check_repository

_FOUND = 1


@click.command()
@FOLDER
@AGAINST
@report_options(FORMS, told="last")
def check(folder: Path, against: str, form: str, out: Path | None, *, as_json: bool) -> None:
    """Say which contracts in FOLDER can be released as they are, and what forbids the others.

    A contract that changed needs a version that says by how much: a patch where nothing but words
    changed, a minor where old and new understand each other, a major where they do not. The exit
    code is 0 if all can be released, 1 if something forbids it or the repository has faults.
    """
    compared = baseline(folder, against)
    checked = check_repository(load(folder, as_json=as_json), compared)
    own = compared.releases if isinstance(compared, Released) else Releases.load(folder / RELEASES)
    checked = msgspec.structs.replace(checked, notes=overdue(own, today()))
    shown = _shown(checked, folder)
    report = FORMS["json" if as_json else form](shown)
    if out is None:
        click.echo(report, nl=False)
    else:
        out.write_text(report, "utf-8")
        click.echo(FORMS["text"](shown).splitlines()[-1])
    sys.exit(0 if checked.is_releasable else _FOUND)


@click.command()
@FOLDER
@AGAINST
@click.option("--type", "event_type", metavar="TYPE", help="Only this event type's contract.")
@JSON
def diff(folder: Path, against: str, event_type: str | None, *, as_json: bool) -> None:
    """Show what changed in FOLDER, and what each change means; nothing is judged wrong.

    The same as `check`, for reading: the exit code is 0 whatever is found.
    """
    repository = load(folder, as_json=as_json)
    checked = check_repository(repository, baseline(folder, against))
    if event_type is not None:
        wanted = repository[event_type]
        judged = [each for each in checked.judgements if each.contract.type == wanted.type]
        checked = Checked(checked.against, judged, ())
    click.echo(FORMS["json" if as_json else "text"](_shown(checked, folder)), nl=False)


def _shown(checked: Checked, folder: Path) -> Shown:
    read = cache(lambda: Folder.read(folder))  # only where something is to be pointed at
    return Shown(checked, folder, lambda file, pointer: read().line_of(file, pointer))
