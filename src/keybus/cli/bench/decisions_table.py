"""The authorizer's figures as tables for people."""

from rich.console import Console
from rich.table import Table

from keybus.cli.bench.decisions import Decisions

GOAL = 1_000.0
"""Nanoseconds an event that the authorizer may add on the hot path."""
_MEBIBYTE = 2**20


def show_decisions(screen: Console, run: Decisions) -> None:
    """Print all of the run."""
    on = run.setting
    heading = (
        f"{run.accounts:,} accounts, {run.subscriptions:,} subscriptions with a grant each,"
        f" {run.event_types:,} event types; {run.events:,} events a round in batches of 100,"
        f" median of {run.rounds} rounds; one thread, {on.cpus} processors.\n"
        f"Keybus {on.keybus}, {on.python}, msgspec {on.msgspec}, {on.system}.\n\n"
        f"Compiled in {1e3 * run.compile_seconds:,.0f} ms, and all gates in"
        f" {1e3 * run.gates_seconds:,.0f} ms; they hold {run.memory_bytes / _MEBIBYTE:,.1f} MiB.\n"
    )
    screen.print(heading, highlight=False, markup=False)
    screen.print(_table(run))
    said, style = _verdict(run)
    screen.print(f"\n{said}", highlight=False, markup=False, style=style)


def _table(run: Decisions) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("ns an event", no_wrap=True)
    for column in ("loop alone", "with the question", "added"):
        table.add_column(column, justify="right")
    for each in run.decisions:
        numbers = (each.loop, each.asked, each.added)
        table.add_row(each.name, *(f"{number:,.1f}" for number in numbers))
    return table


def _verdict(run: Decisions) -> tuple[str, str]:
    if not run.ok:
        names = ", ".join(each.name for each in run.decisions if each.refused)
        return f"Events were refused that may not be: {names}.", "red"
    worst = max(run.decisions, key=lambda each: each.added)
    within = worst.added <= GOAL
    goal = f"{'within' if within else 'above'} the goal of {GOAL:,.0f} ns"
    said = f"The most that is added: {worst.added:,.0f} ns ({worst.name}), {goal}."
    return said, "green" if within else "yellow"
