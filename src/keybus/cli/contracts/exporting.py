"""``keybus contracts export``."""

from pathlib import Path
from typing import Any, Final

import click
import msgspec

from keybus.cli.contracts.reading import FOLDER, load, printable
from keybus.contracts import Contract
from keybus.contracts.exchange_formats.envelopes import EVENT, enveloped
from keybus.contracts.exchange_formats.openapi_document import Written, openapi_of
from keybus.contracts.exchange_formats.self_contained import document_of
from keybus.errors import ContractError

_DRAFT_4: Final = "jsonschema-draft4"
_OPENAPI: Final = "openapi3"
_encode = msgspec.json.Encoder(decimal_format="number").encode


@click.command()
@FOLDER
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this one; repeatable.")
@click.option(
    "--format",
    "form",
    type=click.Choice([_DRAFT_4, _OPENAPI]),
    default=_DRAFT_4,
    show_default=True,
    help="What EventBridge calls JSONSchemaDraft4 and OpenApi3.",
)
@click.option(
    "--envelope/--detail",
    "whole",
    default=None,
    help="Describe whole events, as AWS's schemas do, or their detail.  [default: whole events in"
    " openapi3, else the detail]",
)
@click.option("--source", default="", help="Where the events come from, for whole events.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder: a file for each type.  [default: standard output, of one type]",
)
def export(
    folder: Path,
    types: tuple[str, ...],
    form: str,
    source: str,
    out: Path | None,
    *,
    whole: bool | None,
) -> None:
    """Write contracts in FOLDER as EventBridge's Schema Registry has schemas, each whole in itself.

    What OpenAPI 3.0 cannot say is told; the document takes more there.
    """
    repository = load(folder)
    chosen = [repository[each] for each in types] if types else list(repository.values())
    if out is None and len(chosen) != 1:
        hint = "name one with --type, or a folder with --out"
        raise ContractError(f"there are {len(chosen)} contracts in {folder}", hint=hint)
    for contract in chosen:
        written = _written(
            contract, form, source, whole=form == _OPENAPI if whole is None else whole
        )
        text = msgspec.json.format(_encode(written.document), indent=2).decode()
        for loss in written.losses:
            click.echo(printable(f"{contract.type} {loss}"), err=True)
        if out is None:
            click.echo(text)
            continue
        place = out / f"{contract.type}.json"
        try:
            out.mkdir(parents=True, exist_ok=True)
            place.write_text(f"{text}\n", "utf-8")
        except OSError as error:
            raise ContractError(f"{place} cannot be written: {error.strerror}") from error
        click.echo(printable(f"wrote {place}"))


def _written(contract: Contract, form: str, source: str, *, whole: bool) -> Written:
    document: dict[str, Any] = document_of(contract)
    if whole:
        document = enveloped(document, contract.title, contract.type, source)
    if form == _DRAFT_4:
        return Written(document, ())
    root = EVENT if whole else contract.title
    return openapi_of(document, root=root, title=contract.title, version=contract.version)
