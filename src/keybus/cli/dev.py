"""`keybus dev`: run a bus from a folder."""

import logging
from pathlib import Path

import click

from keybus.bus import Bus, Mode
from keybus.server.dev import DevSettings, serve_dev
from keybus.settings import DEFAULT_PORT


@click.command()
@click.argument(
    "folder", type=click.Path(exists=True, path_type=Path), default=Path(), metavar="[FOLDER]"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, help="The port; 0 takes any that is free."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Where events are kept.  [default: .keybus in FOLDER]",
)
@click.option("--memory", is_flag=True, help="Keep nothing on disk.")
@click.option(
    "--admission",
    type=click.Choice(["enforce", "observe", "off"]),
    default="observe",
    show_default=True,
    help="What happens to an event that does not fit its contract.",
)
def dev(
    folder: Path,
    host: str,
    port: int,
    data: Path | None,
    memory: bool,
    admission: Mode,
) -> None:
    """Run a bus from FOLDER, where platform.yaml is, for development.

    It answers programs on this machine only and asks nobody for credentials. Events are kept in
    FOLDER/.keybus and survive a restart.
    """
    if memory and data is not None:
        raise click.UsageError("--memory keeps nothing, so --data has no use")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)

    def ready(url: str, bus: Bus) -> None:
        count = len(bus.platform.subscriptions)
        click.echo(f"ready {url}")
        click.echo(
            f"bus {bus.platform.bus!r}, {count} subscription{'' if count == 1 else 's'}; open to this machine only, "
            f"without credentials. EventBridge clients: --endpoint-url {url}",
            err=True,
        )

    settings = DevSettings(
        folder=folder, data=data, host=host, port=port, memory=memory, admission=admission
    )
    serve_dev(settings, ready)
