"""``keybus catalog``: the platform as pages for people, and as a document for tools."""

import click

from keybus.cli.catalog.asyncapi import asyncapi
from keybus.cli.catalog.build import build


@click.group()
def catalog() -> None:
    """The platform's catalogue: pages that a browser opens, and an AsyncAPI document."""


for command in (asyncapi, build):
    catalog.add_command(command)

__all__ = ["catalog"]
