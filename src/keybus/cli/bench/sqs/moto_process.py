"""The process of moto's server, for the same script: of a development environment only."""

import importlib.util
import signal
import threading

import click


def why_not() -> str:
    """Why moto cannot be measured; empty where it can."""
    missing = [
        name for name in ("moto", "flask", "boto3") if importlib.util.find_spec(name) is None
    ]
    return f"{', '.join(missing)} not installed" if missing else ""


def main(_: str) -> None:
    """Serve until SIGTERM; the address goes to standard output."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - of a development environment only

    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    click.echo(f"ready http://{host}:{port}")
    ended.wait()
    server.stop()
