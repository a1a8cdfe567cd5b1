"""The command line: one file a command group."""

from keybus.cli.root import main

__all__ = ["main"]
