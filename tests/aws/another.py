"""moto's server, as another implementation of the same services."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from moto.moto_server.threaded_moto_server import ThreadedMotoServer

KEY: Final = {
    "aws_access_key_id": "any",
    "aws_secret_access_key": "any",
    "region_name": "eu-central-1",
}
"""What boto3 is told for an implementation that looks at no signature."""


@contextmanager
def another() -> Iterator[str]:
    """Its URL, while it runs; what it holds is gone afterwards."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()
