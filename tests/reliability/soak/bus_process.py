"""`keybus`, in a process with small caches and windows, whose log is trimmed every few seconds.

What is full, or over, after half an hour of `keybus serve` is so after two minutes here: what
still grows then is a leak.
"""

from functools import partial
from typing import Final

from keybus.bus.archive import retention
from keybus.bus.ingest import deduplication
from keybus.bus.ingest.recent import Recent
from keybus.cli import main
from keybus.engines.sqlite import engine
from keybus.engines.sqlite.ring import Ring

_HURRIED: Final = (
    (retention, "FRESH_SECONDS", 60),
    (retention, "SWEEP_SECONDS", 5.0),
    (deduplication, "SECONDS", 60.0),
    (deduplication, "Recent", partial(Recent, 1 << 12)),
    (engine, "Ring", partial(Ring, limit=8 << 20)),
)

if __name__ == "__main__":
    for module, name, value in _HURRIED:
        assert hasattr(module, name)
        setattr(module, name, value)
    main()
