"""`keybus` itself: the groups, and the one place where errors become exit codes."""

import sys

import click

from keybus import __version__
from keybus.cli.contracts import contracts
from keybus.cli.demo import demo
from keybus.cli.dev import dev
from keybus.cli.subscriptions import subscriptions
from keybus.errors import KeybusError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, package_name="keybus")
def keybus() -> None:
    """Keybus: one governed event bus; contracts, routing and delivery."""


keybus.add_command(contracts)
keybus.add_command(demo)
keybus.add_command(dev)
keybus.add_command(subscriptions)


def main() -> None:
    """Run the command line: 0 done, 1 an error that is named, 2 wrong usage."""
    try:
        keybus()
    except KeybusError as error:
        click.secho("error: ", fg="red", err=True, nl=False)
        click.echo(f"{error} [{error.code}]", err=True)
        sys.exit(1)
