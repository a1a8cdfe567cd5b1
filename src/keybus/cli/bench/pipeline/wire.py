"""HTTP and WebSocket as lean as a client can speak them: finished bytes out, few looks at what comes.

For measuring on the loopback only: it believes what it is answered.
"""

import re
import socket
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

_READ: Final = 1 << 18
_SECONDS: Final = 15.0
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_SHORT, _TWO_BYTES, _EIGHT_BYTES = 126, 126, 127
_CLOSE, _PING = 8, 9
_BINARY, _PONG = 0x82, 0x8A
_NO_MASK: Final = bytes(4)  # masked with zeros is what it was


def connect(url: str) -> socket.socket:
    """A connection to a bus."""
    at = urlsplit(url)
    found = socket.create_connection((at.hostname, at.port), timeout=_SECONDS)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


class Connection:
    """An HTTP connection with at most one request on its way.

    Attributes:
        number: Its file descriptor.
        due_us: When the request on its way was to be sent.
        close: Ends it.
    """

    def __init__(self, url: str) -> None:
        self._socket = connect(url)
        self.number = self._socket.fileno()
        self.due_us = 0
        self.close = self._socket.close
        self._held = b""

    def send(self, request: bytes | bytearray, due_us: int) -> None:
        """Send a request."""
        self.due_us = due_us
        self._socket.sendall(request)

    def receive(self) -> tuple[bytes, bytes] | None:
        """The answer's head and body, once they are there whole.

        Raises:
            ConnectionError: The server has closed it.
        """
        data = self._socket.recv(_READ)
        if not data:
            raise ConnectionError("the server closed a connection")
        held = self._held + data if self._held else data
        head, found, body = held.partition(b"\r\n\r\n")
        length = _LENGTH.search(head) if found else None
        if length is None or len(body) < int(length[1]):
            self._held = held
            return None
        self._held = b""
        return head, body


class WebSocket:
    """A WebSocket's client end.

    Attributes:
        number: Its file descriptor.
        close: Ends it.
    """

    def __init__(self, url: str, path: str, token: str) -> None:
        """Connect.

        Raises:
            ConnectionError: The server answers something else.
        """
        self._socket = connect(url)
        self.number = self._socket.fileno()
        self.close = self._socket.close
        credential = f"authorization: Bearer {token}\r\n" if token else ""
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nhost: {urlsplit(url).netloc}\r\n{credential}"
            "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
            "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        self._held = bytearray()
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            self._read()
        if not self._held.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(bytes(self._held[:500]).decode(errors="replace"))
        del self._held[: end + 4]

    def receive(self) -> Iterator[bytes]:
        """Whatever messages are there now; at least something is read.

        Raises:
            ConnectionError: The server has closed it, or says why it will.
        """
        self._read()
        held, at = self._held, 0
        while (found := _frame(held, at)) is not None:
            start, end = found
            kind = held[at] & 15
            if kind == _CLOSE:
                raise ConnectionError(bytes(held[start + 2 : end]).decode(errors="replace"))
            if kind == _PING:
                self.send(bytes(held[start:end]), _PONG)
            else:
                yield bytes(memoryview(held)[start:end])
            at = end
        del held[:at]

    def send(self, message: bytes, kind: int = _BINARY) -> None:
        """Send a message."""
        length = len(message)
        if length < _SHORT:
            head = bytes((kind, 0x80 | length))
        elif length < 1 << 16:
            head = bytes((kind, 0x80 | _TWO_BYTES)) + length.to_bytes(2)
        else:
            head = bytes((kind, 0x80 | _EIGHT_BYTES)) + length.to_bytes(8)
        self._socket.sendall(head + _NO_MASK + message)

    def _read(self) -> None:
        data = self._socket.recv(_READ)
        if not data:
            raise ConnectionError("the server closed a WebSocket")
        self._held += data


def _frame(held: bytearray, at: int) -> tuple[int, int] | None:
    """Where the payload of the frame that begins here is, if all of it is there."""
    there = len(held)
    if there < at + 2:
        return None
    length, start = held[at + 1], at + 2
    if length >= _SHORT:
        start += 2 if length == _TWO_BYTES else 8
        if there < start:
            return None
        length = int.from_bytes(held[at + 2 : start])
    return (start, start + length) if there >= start + length else None
