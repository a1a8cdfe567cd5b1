"""A bus of its own for each round, in a folder that is gone afterwards."""

import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from keybus.cli.bench.pipeline.board import Board
from keybus.cli.bench.pipeline.bus_process import Serving
from keybus.cli.bench.pipeline.children import Child, child
from keybus.cli.bench.pipeline.plan import Setup
from keybus.cli.bench.pipeline.project import Tokens, issue_tokens, write_project


class Stage(msgspec.Struct, frozen=True):
    """A bus that answers, and what its clients need.

    Attributes:
        folder: For what processes say.
        bus: Its process.
        url: Its address.
        tokens: Who asks.
        subscriptions: Their names.
        board: What the processes share.
        board_file: Where that is.
    """

    folder: Path
    bus: Child
    url: str
    tokens: Tokens
    subscriptions: Sequence[str]
    board: Board
    board_file: Path


@contextmanager
def stage(setup: Setup, within: Path | None, order: str = "") -> Generator[Stage]:
    """Start a bus on a new store.

    Args:
        setup: How it is set up.
        within: The folder whose disk is measured; None: the system's for temporary files.
        order: What follows a failed event of its key; empty: no order is asked for.
    """
    with tempfile.TemporaryDirectory(prefix="keybus-bench-", dir=within) as name:
        folder = Path(name)
        data, board_file = folder / "data", folder / "board"
        names = write_project(folder, setup.subscriptions, order)
        tokens = Tokens()
        if setup.guard == "on":
            tokens = issue_tokens(folder, data, signed=setup.signed)
        board = Board(board_file, setup.subscriptions, make=True)
        with child("bus_process", Serving(name, str(data), setup, tokens.sealing), folder) as bus:
            yield Stage(folder, bus, bus.told, tokens, names, board, board_file)
        board.close()
