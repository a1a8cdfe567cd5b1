"""``keybus platform check --templates``: templates of the AWS footing, held to the platform."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from keybus.cdk import Deployment, deployment_of
from keybus.cdk.checker import (
    Template,
    TemplateFinding,
    TemplateReport,
    check_templates,
    read_templates,
)
from keybus.cdk.deployment import is_region
from keybus.governance.compliance import RULES
from keybus.patterns.wording import printable
from keybus.topology import load_declaration

Command = TypeVar("Command", bound=Callable[..., Any])
FORMS: Final = ("text", "json")
"""The forms that a report on templates has."""


class TemplateOptions(msgspec.Struct, frozen=True):
    """What the command was told of templates.

    Attributes:
        folder: Where they are.
        stacks: ``ACCOUNT/REGION`` by file name.
        region: The central bus's region; empty: the platform's, or its template's.
        regions: Those of subscriptions that are elsewhere.
        leave_out: JSON pointers of what AWS lacks and is knowingly done without.
    """

    folder: Path
    stacks: Mapping[str, str]
    region: str
    regions: Mapping[str, str]
    leave_out: tuple[str, ...]


def template_options(command: Command) -> Command:
    """``--templates``, ``--stack``, ``--region`` and ``--leave-out``, as ``templates``."""
    options = (
        click.option(
            "--templates",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            help="Judge the templates in this folder as well, such as cdk.out.",
        ),
        click.option(
            "--stack",
            "stacks",
            multiple=True,
            metavar="FILE=ACCOUNT/REGION",
            help="Where a template stands that no manifest.json places.",
        ),
        click.option(
            "--region",
            "regions",
            multiple=True,
            metavar="[SUBSCRIPTION=]REGION",
            help="The central bus's region on AWS, or a subscription's.",
        ),
        click.option(
            "--leave-out",
            multiple=True,
            metavar="POINTER",
            help="What AWS lacks and is knowingly done without.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def options_of(
    templates: Path | None,
    stacks: tuple[str, ...],
    regions: tuple[str, ...],
    leave_out: tuple[str, ...],
    form: str,
) -> TemplateOptions | None:
    """The options as they were given; None where no templates are to be judged.

    Raises:
        UsageError: They do not go together.
    """
    if templates is None:
        if stacks or regions or leave_out:
            raise click.UsageError("--stack, --region and --leave-out go with --templates")
        return None
    if form not in FORMS:
        raise click.UsageError(f"with --templates, the report is text or json, not {form}")
    placed = _pairs(stacks, "--stack")
    central, elsewhere = regions_of(regions)
    return TemplateOptions(templates, placed, central, elsewhere, leave_out)


def regions_of(given: tuple[str, ...]) -> tuple[str, Mapping[str, str]]:
    """The central bus's region, or empty, and those of subscriptions that are elsewhere.

    Raises:
        UsageError: There are two for the central bus, or for a subscription.
    """
    elsewhere = _pairs((each for each in given if "=" in each), "--region")
    central = [each for each in given if "=" not in each]
    if len(central) > 1:
        raise click.UsageError("the central bus has one --region")
    return "".join(central), elsewhere


def judge(folder: Path, options: TemplateOptions, now_us: int) -> TemplateReport:
    """Judge the templates by the platform in a folder.

    Raises:
        UnreadableTemplates: They cannot be read.
        PlanRefused: The platform cannot stand on AWS.
        TopologyError: It has faults.
        BrokenContracts: Its contracts have.
    """
    templates = read_templates(options.folder, options.stacks)
    return check_templates(_deployment(folder, options, templates, now_us), templates)


def _deployment(
    folder: Path, options: TemplateOptions, templates: tuple[Template, ...], now_us: int
) -> Deployment:
    declared = load_declaration(folder)
    platform, region = declared.platform, options.region
    if not region and not is_region(platform.region):
        # As the construct does it: the platform names no region of AWS's, so the stack's is meant.
        central = platform.accounts.get(platform.central or "")
        own = {each.region for each in templates if central and each.account == central.id}
        region = own.pop() if len(own) == 1 else ""
    return deployment_of(
        declared,
        region=region,
        regions=options.regions,
        leave_out=options.leave_out,
        now_us=now_us,
    )


def as_text(report: TemplateReport) -> str:
    """The report as text; nothing in it acts on a terminal."""
    return "".join(f"{printable(line)}\n" for line in _lines(report))


def _lines(report: TemplateReport) -> Iterator[str]:
    count = len(report.findings)
    judged = len(report.templates)
    yield ""
    found = f"{count} finding{'' if count == 1 else 's'}" if count else "nothing is found"
    yield f"Templates: {found} in {judged} template{'' if judged == 1 else 's'}"
    for each in report.findings:
        yield from _of_finding(each)
    if report.unseen:
        yield "Not judged, as no template is of their account and region:"
        yield f"  {', '.join(report.unseen)}"


def _of_finding(finding: TemplateFinding) -> Iterator[str]:
    rule = RULES[finding.rule]
    yield ""
    yield f"{rule.id} {rule.title} ({rule.severity})"
    yield f"  {finding.where}"
    yield f"  {finding.message}"
    if finding.said is not None:
        yield f"  says:     {_short(finding.said)}"
    if finding.expected is not None:
        yield f"  expected: {_short(finding.expected)}"
    yield f"  What to do: {finding.hint}."


def _short(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not (name and separator and value):
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint=option)
        if name in found:
            raise click.BadParameter(f"{name!r} is given twice", param_hint=option)
        found[name] = value
    return found
