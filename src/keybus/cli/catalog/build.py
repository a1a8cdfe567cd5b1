"""``keybus catalog build``."""

from pathlib import Path

import click
import msgspec
from rich.progress import Progress

from keybus.catalog import Catalogue, catalogue_site
from keybus.cli.platform.declared import declaration_of, print_json
from keybus.cli.terminal import console
from keybus.contracts.bindings.writing import write_package
from keybus.contracts.model.bundle import DATA_FILE
from keybus.errors import ContractError


@click.command()
@click.argument("platform", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The catalogue's folder; a catalogue that was built there before is replaced.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def build(platform: Path, out: Path, as_json: bool) -> None:
    """Build the catalogue of the platform declared in PLATFORM, as a folder of pages.

    A browser opens index.html there from the disk, without any server; nothing is loaded from
    elsewhere. The same platform makes the same bytes.
    """
    _refuse_other(out)
    declaration = declaration_of(platform, as_json=as_json)
    catalogue = Catalogue.of(declaration.platform, declaration.contracts)
    pages = 3 + len(catalogue.events) + len(catalogue.accounts)
    screen = console(stderr=True)
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
        bar = progress.add_task("pages", total=pages)
        files = catalogue_site(
            catalogue, declaration.contracts.settings.policy, lambda _: progress.advance(bar)
        )
    write_package(out, files)
    if as_json:
        counts = {"events": len(catalogue.events), "accounts": len(catalogue.accounts)}
        print_json({"out": str(out), **counts, "files": sorted(files)})
        return
    events, accounts = len(catalogue.events), len(catalogue.accounts)
    click.echo(
        f"{out}: {events} event{'' if events == 1 else 's'},"
        f" {accounts} account{'' if accounts == 1 else 's'}, {len(files)} files"
    )
    click.echo(f"open {out / 'index.html'}")


def _refuse_other(out: Path) -> None:
    """Refuse a folder with anything but a catalogue in it, before any work is done.

    Raises:
        ContractError: It is one.
    """
    try:
        is_free = not out.is_dir() or not any(out.iterdir())
        data = {} if is_free else msgspec.json.decode((out / DATA_FILE).read_bytes())
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError):
        is_free, data = False, None
    if not is_free and not (isinstance(data, dict) and "catalog" in data):
        raise ContractError(
            f"{out} is not empty, and is no catalogue",
            hint="name an empty or a new folder with --out",
        )
