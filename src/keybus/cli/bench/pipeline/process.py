"""One process of the benchmark, by its name: what runs on the leash.

``python -m keybus.cli.bench.pipeline.process NAME ASKED``
"""

import sys

from keybus.cli.bench.isolation import disturber
from keybus.cli.bench.pipeline import bare_server, bus_process, consumer, publisher
from keybus.cli.bench.sqs import bare_process, moto_process
from keybus.cli.bench.sqs import consumer as sqs_consumer

MAINS = {
    "bare_process": bare_process.main,
    "bare_server": bare_server.main,
    "bus_process": bus_process.main,
    "consumer": consumer.main,
    "disturber": disturber.main,
    "moto_process": moto_process.main,
    "publisher": publisher.main,
    "sqs_consumer": sqs_consumer.main,
}

if __name__ == "__main__":
    MAINS[sys.argv[1]](sys.argv[2])
