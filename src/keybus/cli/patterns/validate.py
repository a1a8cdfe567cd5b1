"""``keybus patterns validate``: would EventBridge take it."""

import click

from keybus.cli.patterns.source import pattern_option, read_pattern, until_nobody_reads


@click.command()
@pattern_option
def validate(pattern: str) -> None:
    """Check a pattern; say why it is not valid.

    The reason is EventBridge's own. The exit code is 0 if it is valid, 2 if not.
    """
    read_pattern(pattern)
    with until_nobody_reads():
        click.echo("valid")
