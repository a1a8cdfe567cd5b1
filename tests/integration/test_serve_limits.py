"""What a closed bus does with requests that are large, slow, many or guessing."""

import asyncio
import datetime as dt
import io
import ipaddress
import select
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from keybus import BusUnavailable
from keybus.client.http import HttpTransport
from keybus.errors import SettingsError
from keybus.server.auth.allowance import MOST_BYTES_OF_ADDRESS
from keybus.server.auth.door import MAX_SIGNED_BODY
from keybus.server.connection import MAX_HEAD_BYTES, MAX_HEADERS, BoundedConnection
from keybus.server.serve import ServeSettings, Tls
from keybus.settings import Settings
from tests.integration.raw import raw
from tests.running import ClosedServer

pytestmark = pytest.mark.long


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_guessing_is_slowed_down_and_the_good_go_on(closed: ClosedServer) -> None:
    victim = closed.issue("shop", "publisher")
    guess, good = bearer(victim.secret[:-4] + "AAAA"), bearer(closed.token)
    statuses, after = [], ""
    async with aiohttp.ClientSession(f"{closed.url}/") as http:
        for _ in range(15):
            async with http.get("api/v1/publishers", headers=guess) as answer:
                statuses.append(answer.status)
                after = answer.headers.get("Retry-After", "")
        assert statuses == [401] * 10 + [429] * 5
        assert int(after) >= 1
        # The central account's token has been good from here, so it goes on.
        async with http.get("api/v1/publishers", headers=good) as answer:
            assert answer.status == 200
        async with http.get("api/v1/publishers", headers=bearer(victim.secret)) as answer:
            assert answer.status == 429


@pytest.mark.parametrize(
    "head",
    [
        "GET /" + "a" * MAX_HEAD_BYTES + " HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: " + "a" * MAX_HEAD_BYTES + "\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n" + "X: a\r\n" * MAX_HEADERS + "\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n",
        "nonsense\r\n\r\n",
    ],
    ids=["path", "header", "headers", "lengths", "smuggled", "not ASCII", "nonsense"],
)
async def test_a_head_that_cannot_be_taken_is_refused(closed: ClosedServer, head: str) -> None:
    assert (await raw(closed.port, head)).startswith(b"HTTP/1.1 400")


async def test_a_body_that_is_too_large_is_refused(closed: ClosedServer) -> None:
    async with aiohttp.ClientSession(f"{closed.url}/", headers=bearer(closed.token)) as http:
        large = io.BytesIO(b" " * ((8 << 20) + 1))
        async with http.post("api/v1/events", data=large) as answer:
            assert answer.status == 413
        async with http.post("api/v1/credentials", data=io.BytesIO(b" " * (17 << 10))) as answer:
            assert answer.status == 413


@pytest.mark.long
async def test_bodies_of_nobody_knows_whom_take_bounded_memory(tmp_path: Path) -> None:
    server = ClosedServer(tmp_path)
    await asyncio.to_thread(server.start)
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    head = (
        f"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Date: {stamp}\r\n"
        f"Content-Length: {MAX_SIGNED_BODY}\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential=KBAK/{stamp[:8]}/a/events/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}\r\n\r\n"
    )
    waiting = []
    try:
        for _ in range(MOST_BYTES_OF_ADDRESS // MAX_SIGNED_BODY + 1):
            waiting.append(socket.create_connection(("127.0.0.1", server.port), 10))
            waiting[-1].sendall(head.encode() + bytes(MAX_SIGNED_BODY - 1))  # one byte is missing
        answered, _, _ = await asyncio.to_thread(select.select, waiting, [], [], 10)
        assert answered[0].recv(100).startswith(b"HTTP/1.1 429")
        head = (
            f"GET /api/v1/platform HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {server.token}\r\n"
        )
        assert (await raw(server.port, f"{head}\r\n")).startswith(b"HTTP/1.1 200")
    finally:
        for each in waiting:
            each.close()
        server.stop()


class Impatient(BoundedConnection):
    """The same, in less time than a test takes."""

    head_seconds = body_seconds = 0.2


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body, and answers."""
    try:
        content = await Request(scope, receive).body()
    except ClientDisconnect:
        return
    await PlainTextResponse(f"{len(content)} bytes")(scope, receive, send)


@pytest.fixture
async def impatient() -> AsyncIterator[int]:
    """The port of a server that waits for nobody."""
    config = uvicorn.Config(read_all, ws="websockets-sansio", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: Impatient(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n"


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST / HT", HEAD, HEAD + b"\r\n", HEAD + b"\r\n12345"],
    ids=["nothing", "a line", "a head", "no body", "half a body"],
)
async def test_a_request_that_does_not_come_in_time_is_ended(impatient: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient)
    writer.write(sent)
    async with asyncio.timeout(5):
        answer = await reader.read()  # to the end: the connection is closed
    assert answer.startswith(b"HTTP/1.1 408")
    writer.close()


async def test_a_head_that_drips_is_ended_all_the_same(impatient: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient)

    async def drip() -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.02)

    writer.write(b"GET / HTTP/1.1\r\nX: ")
    dripping = asyncio.create_task(drip())
    async with asyncio.timeout(5):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    dripping.cancel()
    writer.close()


async def test_who_is_in_time_keeps_the_connection(impatient: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient)
    for _ in range(3):
        writer.write(HEAD + b"\r\n0123456789")
        async with asyncio.timeout(5):
            assert (await reader.readuntil(b"10 bytes")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.1)  # together they take longer than either bound
    writer.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A certificate of 127.0.0.1 that is its own authority."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bus.example")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, secret))
    return Tls(folder / "cert.pem", folder / "key.pem")


@pytest.mark.long
async def test_tls_with_and_without_a_clients_certificate(tmp_path: Path, certificate: Tls) -> None:
    cert, key = str(certificate.certificate), str(certificate.key)
    server = ClosedServer(tmp_path, "--tls-cert", cert, "--tls-key", key)
    try:
        await asyncio.to_thread(server.start)
        await check_tls(f"https://127.0.0.1:{server.port}", server, cert)
        server.stop()
        server.options = (*server.options, "--tls-client-ca", cert)
        await asyncio.to_thread(server.start)
        url = f"https://127.0.0.1:{server.port}/healthz"
        async with aiohttp.ClientSession() as http:
            with pytest.raises((aiohttp.ClientError, OSError)):
                await http.get(url, ssl=ssl.create_default_context(cafile=cert))
            mutual = ssl.create_default_context(cafile=cert)
            mutual.load_cert_chain(cert, key)
            async with http.get(url, ssl=mutual) as answer:
                assert answer.status == 200
    finally:
        server.stop()


async def check_tls(url: str, server: ClosedServer, cert: str) -> None:
    known = Settings(token=server.token, ca_file=cert)
    transport = HttpTransport(url, request_timeout=5, settings=known)
    assert await transport.publishers("a.b") == []
    await transport.close()
    for address, settings in ((url, Settings(token=server.token)), (server.url, Settings())):
        stranger = HttpTransport(address, request_timeout=5, settings=settings)
        with pytest.raises(BusUnavailable):
            await stranger.publishers("a.b")
        await stranger.close()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"host": "0.0.0.0"}, r"plain HTTP on 0\.0\.0\.0"),
        ({"host": "0.0.0.0", "no_auth": True}, "--no-auth lets everybody in"),
        ({"host": "0.0.0.0", "no_auth": True, "tls_terminated": True}, "--no-auth lets"),
        ({"host": "::", "no_auth": True}, "--no-auth lets"),
        ({"tls_terminated": True, "proxies": "*"}, "believe everybody"),
    ],
)
def test_what_would_leave_the_bus_open_is_refused(
    tmp_path: Path, settings: dict[str, object], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        msgspec.convert({"folder": tmp_path, **settings}, ServeSettings, strict=False).check()


async def test_without_auth_it_is_open_to_this_machine_and_to_no_page(tmp_path: Path) -> None:
    server = ClosedServer(tmp_path, "--no-auth")
    await asyncio.to_thread(server.start)
    try:
        async with aiohttp.ClientSession(f"{server.url}/") as http:
            async with http.get("api/v1/platform") as answer:
                assert answer.status == 200
            for headers in ({"Host": "rebound.example"}, {"Origin": "http://rebound.example"}):
                async with http.get("api/v1/platform", headers=headers) as answer:
                    assert answer.status == 403
                with pytest.raises(aiohttp.WSServerHandshakeError):
                    await http.ws_connect(
                        "api/v1/subscriptions/shop-feed/deliveries", headers=headers
                    )
            async with http.get("api/v1/credentials") as answer:
                assert (await answer.json())["code"] == "credential"
    finally:
        server.stop()
