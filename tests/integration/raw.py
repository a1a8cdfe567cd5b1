"""Requests byte by byte, as no client sends them."""

import asyncio


async def raw(port: int, text: str | bytes) -> bytes:
    """The status line of the answer to these very bytes; empty where the connection was closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(text.encode() if isinstance(text, str) else text)
        async with asyncio.timeout(10):
            return await reader.readline()
    finally:
        writer.close()
