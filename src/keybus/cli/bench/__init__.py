"""`keybus bench`: how fast Keybus is, beside what it is measured against."""

from keybus.cli.bench.command import bench

__all__ = ["bench"]
