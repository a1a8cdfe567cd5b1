"""`keybus` itself: its commands, and the one place where errors become exit codes."""

import sys
from importlib import import_module

import click

from keybus import __version__
from keybus.errors import KeybusError

COMMANDS = {
    "archive": ("keybus.cli.archive", "archive"),
    "audit": ("keybus.cli.audit", "audit"),
    "backup": ("keybus.cli.backup", "backup"),
    "bench": ("keybus.cli.bench", "bench"),
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


class Commands(click.Group):
    """Imports a command when it is asked for: not every machine has every extra."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All commands, also those whose extra is not installed."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command, or one that says what to install."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        try:
            command: click.Command = getattr(import_module(module), name)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("keybus"):
                raise
            return _without(cmd_name, error.name or "")
        return command


def _without(name: str, missing: str) -> click.Command:
    hint = f"pip install 'keybus[all]' ({missing} is missing)"

    def refuse() -> None:
        raise click.ClickException(f"keybus {name} needs an extra: {hint}")

    return click.Command(
        name,
        callback=refuse,
        help=f"Needs an extra: {hint}",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


@click.command(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
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
