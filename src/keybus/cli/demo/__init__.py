"""`keybus demo`: the reference application on a bus of its own, measured from outside."""

from keybus.cli.demo.command import demo

__all__ = ["demo"]
