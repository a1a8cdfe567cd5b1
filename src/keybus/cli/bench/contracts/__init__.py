"""`keybus bench contracts`: what the schema repository costs."""

from keybus.cli.bench.contracts.command import contracts

__all__ = ["contracts"]
