"""Groups that import a command when it is asked for: not every machine has every extra."""

from collections.abc import Mapping
from importlib import import_module

import click


class LazyGroup(click.Group):
    """A group of commands that are imported one by one.

    Args:
        commands_at: The module and the attribute of each command, by its name.
        given: As `click.Group` takes them.
    """

    def __init__(
        self, *, commands_at: Mapping[str, tuple[str, str]] | None = None, **given: object
    ) -> None:
        super().__init__(**given)  # type: ignore[arg-type]  # click's own, as they came
        self._at = commands_at or {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All commands, also those whose extra is not installed."""
        return sorted(self._at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or one that says what to install."""
        if cmd_name not in self._at:
            return None
        module, name = self._at[cmd_name]
        try:
            command: click.Command = getattr(import_module(module), name)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("keybus"):
                raise
            return _without(f"{ctx.command_path} {cmd_name}", error.name or "")
        return command


def _without(path: str, missing: str) -> click.Command:
    hint = f"pip install 'keybus[all]' ({missing} is missing)"

    def refuse() -> None:
        raise click.ClickException(f"{path} needs an extra: {hint}")

    return click.Command(
        path.rpartition(" ")[2],
        callback=refuse,
        help=f"Needs an extra: {hint}",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
