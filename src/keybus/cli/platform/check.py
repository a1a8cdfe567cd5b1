"""``keybus platform check``: the taxonomy of unauthorized exchanges, asked of a platform."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from msgspec.structs import replace

from keybus.cdk.checker import TemplateReport
from keybus.cli.patterns.source import until_nobody_reads
from keybus.cli.platform.evidence import read_evidence
from keybus.cli.platform.templates import (
    TemplateOptions,
    as_text,
    judge,
    options_of,
    template_options,
)
from keybus.cli.report_options import report_options
from keybus.clock import SYSTEM
from keybus.errors import KeybusError, PlanRefused, SettingsError
from keybus.governance.compliance import Report, check_compliance
from keybus.governance.compliance.render import FORMS
from keybus.governance.compliance.render.document import json_text
from keybus.settings import Settings

_FOUND = 1
_NOT_READ = 3


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--url", help="Judge this running bus as well.")
@report_options(FORMS, told="first")
@click.option(
    "--at",
    metavar="TIME",
    help="Judge expiry at this day or time, in UTC: 2027-06-30, 2027-06-30T12:00:00Z.  [default: now]",
)
@template_options
def check(
    folder: Path,
    url: str | None,
    form: str,
    as_json: bool,
    out: Path | None,
    at: str | None,
    templates: Path | None,
    stacks: tuple[str, ...],
    regions: tuple[str, ...],
    leave_out: tuple[str, ...],
) -> None:
    """Find unauthorized exchanges in the platform declared in FOLDER.

    The exit code is 0 if nothing is found that no exception accepts, 1 if something is, 2 for
    wrong usage, 3 if the declaration has other faults or the bus gave no answer.
    """
    now_us = SYSTEM.time_us() if at is None else _moment(at)
    form = "json" if as_json else form
    asked = options_of(templates, stacks, regions, leave_out, form)
    try:
        bus = None if url is None else Settings.from_environment().bus(url)
        evidence = read_evidence(folder, url=bus, now_us=now_us)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    except KeybusError as error:  # 1 is for what is found
        _tell(error)
        sys.exit(_NOT_READ)
    report = check_compliance(evidence)
    if asked is None:
        _write(FORMS[form](report), FORMS["text"](report), out)
        sys.exit(exit_code(report))
    judged = _judged(folder, asked, now_us, report)
    report = replace(report, judged=(*report.judged, "templates"))
    _write(*_both(report, judged, form), out)
    sys.exit(exit_code(report) or (_FOUND if judged.findings else 0))


def exit_code(report: Report) -> int:
    """How a check ends: 3 where the declaration cannot be used, 1 for findings, or else 0."""
    if report.faults:
        return _NOT_READ
    return _FOUND if report.findings else 0


def _judged(folder: Path, asked: TemplateOptions, now_us: int, report: Report) -> TemplateReport:
    """The report on templates; where they cannot be judged, it is said why, and the command ends."""
    try:
        return judge(folder, asked, now_us)
    except KeybusError as error:
        click.echo(FORMS["text"](report), err=True)
        _tell(error)
        found = report.findings and isinstance(error, PlanRefused)
        sys.exit(_FOUND if found else _NOT_READ)


def _both(report: Report, judged: TemplateReport, form: str) -> tuple[str, str]:
    """Both reports in one form, and as text."""
    text = FORMS["text"](report) + as_text(judged)
    if form == "text":
        return text, text
    whole = {"declaration": json.loads(FORMS["json"](report)), "templates": judged}
    return json_text(whole), text


def _tell(error: KeybusError) -> None:
    click.secho("error: ", fg="red", err=True, nl=False)
    click.echo(error.with_code, err=True)


def _write(text: str, told: str, out: Path | None) -> None:
    """Write a report; where it goes to a file, its text's first line to standard output."""
    with until_nobody_reads():
        if out is None:
            click.echo(text, nl=False)
            return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror}"
        raise click.UsageError(message) from error
    click.echo(told.partition("\n")[0])


def _moment(text: str) -> int:
    """A day or time in microseconds since the Unix epoch; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(text)
        moment = read if read.tzinfo is not None else read.replace(tzinfo=UTC)
        return int(moment.timestamp()) * 1_000_000
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{text!r} is no day or time, such as 2027-06-30T12:00:00Z", param_hint="--at"
        ) from error
