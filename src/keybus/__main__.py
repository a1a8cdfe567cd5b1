"""``python -m keybus`` is the command line."""

from keybus.cli import main

main()
