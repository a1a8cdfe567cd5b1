"""``keybus patterns lint``: patterns against the contracts of the events that they are for."""

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import click
import msgspec

from keybus.cli.patterns.source import Unusable, as_text, contents, until_nobody_reads
from keybus.contracts import Contract, ContractRepository
from keybus.contracts.pattern_lint import PatternFinding, lint_pattern
from keybus.errors import (
    BrokenContracts,
    Fault,
    PatternError,
    SettingsError,
    TopologyError,
    UnknownEventType,
)
from keybus.patterns.wording import printable

_NOT_READ: Final = {"unreadable", "not-utf8", "bad-yaml", "too-deep"}  # of the whole file


class Row(msgspec.Struct, frozen=True):
    """One line of what is printed.

    Attributes:
        pattern: Which pattern: as it was given, or a subscription's name; empty for a fault of
            the platform file.
        severity: ``error`` or ``warning``.
        rule: The rule that found it.
        message: What is wrong.
        pointer: JSON pointer into the pattern, or into the platform file.
        hint: What to do next.
        events: The event types that it is true of.
        overridable: Whether it can be allowed.
        file: The platform file.
        line: The line in it.
    """

    pattern: str
    severity: str
    rule: str
    message: str
    pointer: str
    hint: str = ""
    events: tuple[str, ...] = ()
    overridable: bool = False
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """``where pointer: severity: message (hint) [rule]``."""
        where = f"{self.file}:{self.line}" if self.file else self.pattern
        hint = f" ({self.hint})" if self.hint else ""
        place = f"{where} {self.pointer}".strip()
        text = f"{self.severity}: {self.message}{hint} [{self.rule}]"
        return f"{place}: {text}" if place else text


@click.command()
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option(
    "--contracts",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("contracts"),
    show_default=True,
    help="The contract repository.",
)
@click.option("--event", "events", multiple=True, metavar="TYPE", help="Only for these events.")
@click.option("--foreign", is_flag=True, help="Events without a contract may be meant as well.")
@click.option(
    "--allow",
    multiple=True,
    metavar="RULE|FIELD",
    help="What is meant: a rule that can be allowed, or an undeclared field: detail.colour.",
)
@click.option(
    "--platform",
    type=click.Path(path_type=Path),
    help="Check every filter of this platform.yaml against the platform's own contracts.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def lint(
    patterns: tuple[str, ...],
    folder: Path,
    events: tuple[str, ...],
    foreign: bool,
    allow: tuple[str, ...],
    platform: Path | None,
    as_json: bool,
) -> None:
    """Find what of each PATTERN can never match, and what of it filters nothing.

    A PATTERN is JSON, @FILE, or - for standard input. It is judged over the events that are
    named, or over all that have a contract.

    The exit code is 0 if there are no errors, 1 if something can never match, 2 if something
    could not be used.
    """
    if not patterns and platform is None:
        raise click.UsageError("give a PATTERN, or --platform FILE")
    if patterns.count("-") > 1:
        raise click.UsageError("standard input can be only one of the patterns")
    rows = [] if platform is None else list(_of_platform(platform))
    if patterns:
        check = partial(
            lint_pattern, contracts=_contracts(folder, events), foreign=foreign, allow=allow
        )
        for number, pattern in enumerate(patterns, start=1):
            rows += _of_pattern(pattern, number if len(patterns) > 1 else 0, check)
    with until_nobody_reads():
        _print(rows, as_json=as_json)
    if any(row.severity == "error" for row in rows):
        sys.exit(1)


def _contracts(folder: Path, events: Iterable[str]) -> list[Contract]:
    """The contracts of some events, or all of them."""
    try:
        repository = ContractRepository.load(folder)
        return [repository[each] for each in events] or list(repository.values())
    except (BrokenContracts, UnknownEventType) as error:
        raise Unusable(error.with_code) from error


def _of_pattern(
    source: str, number: int, check: Callable[[str | bytes], list[PatternFinding]]
) -> Iterator[Row]:
    """What is found in one pattern; numbered where there are several."""
    named = source[1:] if source.startswith("@") else f"pattern {number}" if number else ""
    try:
        found = check(contents(source))
    except PatternError as error:
        message = f"Event pattern is not valid. Reason: {error}"
        raise Unusable(f"{f'{named}: ' if named else ''}{message} [{error.code}]") from error
    except SettingsError as error:
        raise click.UsageError(f"--allow: {error}") from error
    for one in found:
        yield _row(one, named, one.pointer, _hint(one))


def _of_platform(path: Path) -> Iterator[Row]:
    """What is found in the filters of a platform; its faults, where it has any."""
    try:
        # Platform files are YAML, which is an extra; patterns and contracts need none.
        from keybus.topology import lint_filters, load_declaration  # noqa: PLC0415
    except ModuleNotFoundError as error:
        message = f"--platform needs an extra: pip install 'keybus[all]' ({error.name} is missing)"
        raise Unusable(message) from error
    try:
        declaration = load_declaration(path)
    except TopologyError as error:
        if any(fault.code in _NOT_READ and not fault.pointer for fault in error.faults):
            raise Unusable(error.with_code) from error
        yield from map(_fault, error.faults)
        return
    except BrokenContracts as error:
        raise Unusable(error.with_code) from error
    for name, one in lint_filters(declaration.platform, declaration.contracts):
        row = _row(one, name, one.pointer, one.hint)
        file, line = declaration.place(one.pointer)
        yield msgspec.structs.replace(row, file=file, line=line)


def _row(found: PatternFinding, pattern: str, pointer: str, hint: str) -> Row:
    return Row(
        pattern=pattern,
        severity=found.severity,
        rule=found.rule,
        message=found.message,
        pointer=pointer,
        hint=hint,
        events=found.event_types,
        overridable=found.overridable,
    )


def _fault(fault: Fault) -> Row:
    return Row(
        pattern="",
        severity="error",
        rule=fault.code,
        message=fault.message,
        pointer=fault.pointer,
        hint=fault.hint,
        file=fault.file,
        line=fault.line,
    )


def _hint(found: PatternFinding) -> str:
    if found.severity == "warning" or not found.overridable:
        return found.hint
    meant = f"if it is meant: --allow {found.field or 'undeclared-field'}"
    return f"{found.hint}; {meant}" if found.hint else meant


def _print(rows: list[Row], *, as_json: bool) -> None:
    if as_json:
        click.echo(as_text(rows))
        return
    for row in rows:
        click.echo(printable(str(row)))
    if not rows:
        click.echo("nothing to say against it")
