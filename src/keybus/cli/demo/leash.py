"""Ties a child process to the one that started it: when that is gone, the child ends as well.

The parent holds the other end of the child's standard input, which closes with the parent however
it ends, also where it is killed.
"""

import os
import runpy
import signal
import sys
import threading


def tie() -> None:
    """End this process, in order, once its standard input closes."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="leash", daemon=True).start()


def main() -> None:
    """``python -m keybus.cli.demo.leash MODULE ARGUMENT…``: run a module on the leash."""
    module, *arguments = sys.argv[1:]
    tie()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
