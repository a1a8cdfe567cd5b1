"""``keybus contracts generate``."""

from pathlib import Path

import click

from keybus.cli.contracts.reading import FOLDER, load
from keybus.contracts.bindings import generate_python
from keybus.errors import ContractError

LANGUAGES = {"python": generate_python}


@click.command()
@FOLDER
@click.option("--language", required=True, help="The language of the bindings: python.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the generated package; what was generated there before is replaced.",
)
def generate(folder: Path, language: str, out: Path) -> None:
    """Generate typed event classes from the contracts in FOLDER."""
    generator = LANGUAGES.get(language)
    if generator is None:
        raise ContractError(
            f"there are no bindings for {language!r}", hint=f"supported: {', '.join(LANGUAGES)}"
        )
    repository = load(folder)
    files = generator(repository, out)
    click.echo(f"{out}: {len(repository)} events, {len(files)} files")
