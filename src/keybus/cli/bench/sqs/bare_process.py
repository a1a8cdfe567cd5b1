"""A server that stands in for a bus: what HTTP alone costs when nothing is done behind it."""

import asyncio
from typing import Final

import click
import msgspec
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from keybus.cli.bench.sqs.consumer import BATCH
from keybus.server.runner import address_of, listen

_BODY: Final = "x" * 1_000
_TARGET: Final = b"x-amz-target"


def _answers() -> tuple[bytes, bytes]:
    """What a receive and a delete are answered: ten messages of 1 KB, and ten that are deleted."""
    message = {"MessageId": "m", "ReceiptHandle": "r" * 40, "MD5OfBody": "0" * 32, "Body": _BODY}
    deleted = [{"Id": str(number)} for number in range(BATCH)]
    return (
        msgspec.json.encode({"Messages": [message] * BATCH}),
        msgspec.json.encode({"Successful": deleted, "Failed": []}),
    )


class _Application:
    """Reads the body, and answers as a bus would."""

    def __init__(self) -> None:
        self._received, self._deleted = _answers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        target = next(value for name, value in scope["headers"] if name == _TARGET)
        body = self._received if target.endswith(b"ReceiveMessage") else self._deleted
        head = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})


def main(_: str) -> None:
    """Answer until SIGTERM; the address goes to standard output."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())


async def _serve() -> None:
    with listen("127.0.0.1", 0) as listener:
        click.echo(f"ready http://{address_of(listener)}")
        config = uvicorn.Config(
            _Application(), http="httptools", lifespan="off", access_log=False, log_config=None
        )
        await uvicorn.Server(config).serve(sockets=[listener])
