"""`keybus` itself: its commands, and the one place where errors become exit codes."""

import sys

import click

from keybus import __version__
from keybus.cli.lazy import LazyGroup
from keybus.errors import KeybusError

COMMANDS = {
    "archive": ("keybus.cli.archive", "archive"),
    "audit": ("keybus.cli.audit", "audit"),
    "backup": ("keybus.cli.backup", "backup"),
    "bench": ("keybus.cli.bench", "bench"),
    "catalog": ("keybus.cli.catalog", "catalog"),
    "contracts": ("keybus.cli.contracts", "contracts"),
    "credentials": ("keybus.cli.credentials", "credentials"),
    "demo": ("keybus.cli.demo", "demo"),
    "dev": ("keybus.cli.dev", "dev"),
    "dlq": ("keybus.cli.dlq", "dlq"),
    "explain": ("keybus.cli.explain", "explain"),
    "patterns": ("keybus.cli.patterns", "patterns"),
    "platform": ("keybus.cli.platform", "platform"),
    "queue": ("keybus.cli.queue", "queue"),
    "replay": ("keybus.cli.replay", "replay"),
    "restore": ("keybus.cli.backup", "restore"),
    "serve": ("keybus.cli.serve", "serve"),
    "subscriptions": ("keybus.cli.subscriptions", "subscriptions"),
    "tail": ("keybus.cli.tail", "tail"),
    "webhooks": ("keybus.cli.webhooks", "webhooks"),
}


@click.command(
    cls=LazyGroup,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, package_name="keybus")
def keybus() -> None:
    """Keybus: one governed event bus; contracts, routing and delivery."""


def run() -> None:
    """Run the command line: 0 done, 1 an error that is named, 2 wrong usage."""
    try:
        keybus(prog_name="keybus")
    except KeybusError as error:
        click.secho("error: ", fg="red", err=True, nl=False)
        click.echo(error.with_code, err=True)
        sys.exit(1)
