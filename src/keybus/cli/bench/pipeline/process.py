"""One process of the benchmark, by its name: what runs on the leash.

``python -m keybus.cli.bench.pipeline.process NAME ASKED``
"""

import sys

from keybus.cli.bench.isolation import disturber
from keybus.cli.bench.pipeline import bare_server, bus_process, consumer, publisher

MAINS = {
    "bare_server": bare_server.main,
    "bus_process": bus_process.main,
    "consumer": consumer.main,
    "disturber": disturber.main,
    "publisher": publisher.main,
}

if __name__ == "__main__":
    MAINS[sys.argv[1]](sys.argv[2])
