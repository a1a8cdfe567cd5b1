"""``keybus contracts``: check, list, show, generate from and release a contract repository."""

from keybus.cli.contracts.group import contracts

__all__ = ["contracts"]
