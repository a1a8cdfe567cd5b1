"""The command line: one file a command group."""

import sys


def main() -> None:
    """Run the command line, or say which extra it needs."""
    try:
        from keybus.cli.root import run  # noqa: PLC0415 - the command line is an optional extra
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich"):
            raise
        sys.exit("error: the command line needs an extra: pip install 'keybus[all]'")
    run()


__all__ = ["main"]
