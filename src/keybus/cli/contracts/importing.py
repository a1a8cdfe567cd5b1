"""``keybus contracts import``."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from keybus.cli.contracts.drafts import CLASSIFICATION, FORCE, OWNER, Draft, report
from keybus.cli.contracts.foreign_registries import confluent, eventbridge
from keybus.cli.contracts.reading import JSON
from keybus.cli.contracts.remote import is_address
from keybus.contracts.draft_folder import DraftFolder
from keybus.contracts.exchange_formats.foreign import ForeignSchema, NoSchema, joined, read_text
from keybus.contracts.exchange_formats.importing import Wish, imported
from keybus.errors import ContractError

_EVENTBRIDGE = "eventbridge:"
_KEY = "-key"


@click.command("import")
@click.argument("origin", metavar="SOURCE")
@click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("contracts")
)
@click.option(
    "--subject",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only this subject or schema; repeatable.",
)
@click.option(
    "--type", "event_type", default="", help="The event type, where SOURCE is one schema."
)
@click.option(
    "--endpoint-url", default=None, help="Of EventBridge: an endpoint other than AWS's own."
)
@OWNER
@CLASSIFICATION
@FORCE
@JSON
def import_(
    origin: str,
    folder: Path,
    names: tuple[str, ...],
    event_type: str,
    endpoint_url: str | None,
    owner: str,
    classification: str,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Draft contracts in FOLDER from schemas of others.

    SOURCE is a file or a folder of schemas (JSON Schema of any draft, OpenAPI 3, what the AWS CLI
    prints, or what a Confluent registry answers), the address of a Confluent registry, or
    eventbridge:REGISTRY, which boto3 reads. What cannot be carried is told, and marked as uncertain.
    """
    where, remarks = DraftFolder(folder), list[str]()
    found = list(_found(origin, names, endpoint_url, remarks))
    if event_type and len(found) != 1:
        raise click.UsageError(f"--type is for one schema, and {origin} has {len(found)}")
    wish = Wish(event_type, owner, classification)
    drafts = [_draft(each, where, wish) for each in found]
    remarks += [] if drafts else [f"there is no schema in {origin}"]
    sys.exit(report(where, drafts, remarks, force=force, as_json=as_json) or not drafts)


def _found(
    origin: str, names: tuple[str, ...], endpoint_url: str | None, remarks: list[str]
) -> Iterable[ForeignSchema]:
    if origin.startswith(_EVENTBRIDGE):
        registry = origin.removeprefix(_EVENTBRIDGE)
        return eventbridge(registry, names, endpoint_url, remarks)
    if is_address(origin):
        return confluent(origin, names, remarks)
    found = _of_files(Path(origin), remarks)
    chosen = [each for each in found if not names or each.name in names]
    return [each for each in chosen if names or not _is_key(each, remarks)]


def _of_files(place: Path, remarks: list[str]) -> list[ForeignSchema]:
    if not place.exists():
        raise ContractError(f"there is no {place}", hint="name a file, a folder or an address")
    files = [place] if place.is_file() else sorted(place.rglob("*.json"))
    found: dict[str, ForeignSchema] = {}
    for file in files:
        name = file.name if place.is_file() else file.relative_to(place).as_posix()
        try:
            for number, each in enumerate(read_text(file.read_text("utf-8"), file.stem)):
                found[f"{name}#{number}" if number else name] = each
        except (NoSchema, OSError, UnicodeDecodeError) as error:
            remarks.append(f"{file} was left out: {error}")
    return joined(found)


def _is_key(schema: ForeignSchema, remarks: list[str]) -> bool:
    if not schema.name.endswith(_KEY):
        return False
    remarks.append(f"{schema.name} was left out: it describes keys, not events")
    return True


def _draft(found: ForeignSchema, where: DraftFolder, wish: Wish) -> Draft:
    try:
        made = imported(found, where, wish)
    except NoSchema as error:
        return Draft(found.name, {}, {}, str(error))
    told = {"said": found.name, "losses": list(made.losses), "changes": list(made.changes)}
    return Draft(made.type, made.document, told)
