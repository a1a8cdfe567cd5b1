"""A closed bus posts: over TLS, signed, within what its operator and its accounts allow."""

import asyncio
import hashlib
import hmac
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.running import ClosedServer
from tests.unit.bus.targets.authority import Authority
from tests.unit.bus.targets.endpoint import Endpoint

pytestmark = pytest.mark.long

PLATFORM = """\
bus: small
organization: o-smallexample
central: operations
accounts:
  operations: {{id: "111111111111", owners: [olga]}}
  shop: {{id: "222222222222", owners: [sven]}}
  desk: {{id: "333333333333", owners: [dora], destinations: ["localhost:{port}"]}}
publishers:
  shop.till: {{account: shop, events: []}}
  desk.lamp: {{account: desk, events: []}}
subscriptions:
  desk-hook:
    account: desk
    filter: {{source: [desk.lamp]}}
    target:
      webhook: {{url: "https://localhost:{port}/in", secret: hook}}
      jsonata: '{{"lit": detail.on, "from": source}}'
"""


class HookedServer(ClosedServer):
    """`keybus serve` with one webhook, whose endpoint's authority it trusts."""

    def __init__(self, folder: Path, authority: Authority, port: int, *options: str) -> None:
        self._authority = authority
        super().__init__(folder, "--despite", "the endpoint is on this machine", *options)
        (self.folder / "platform.yaml").write_text(PLATFORM.format(port=port))

    def environment(self) -> dict[str, str]:
        return super().environment() | {"SSL_CERT_FILE": str(self._authority.file)}

    def subscriptions(self, token: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            self.command("subscriptions", "--json", token=token).stdout
        )
        return found


def put(server: ClosedServer, token: str, **detail: object) -> None:
    entry = {"source": "desk.lamp", "detail_type": "Lamp Switched", "detail": detail}
    request = urllib.request.Request(
        f"{server.url}/api/v1/events",
        json.dumps({"entries": [entry]}).encode(),
        {"Authorization": f"Bearer {token}"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        [result] = json.load(answer)["results"]
        assert "event_id" in result


@pytest.mark.long
async def test_a_webhook_of_a_closed_bus(tmp_path: Path) -> None:
    authority, endpoint = Authority(tmp_path), Endpoint()
    await endpoint.start(authority.serving("localhost"))
    server = HookedServer(
        tmp_path, authority, endpoint.port, "--webhook-network", "127.0.0.0/8",
        "--webhook-network", "::1/128",
    )  # fmt: skip
    await asyncio.to_thread(server.start)
    try:
        await asyncio.to_thread(_refused_to_others, server)
        desk = (await asyncio.to_thread(server.issue, "desk", "publisher", "subscriber")).secret
        issued = await asyncio.to_thread(
            server.command, "webhooks", "secret", "issue", "hook", token=desk
        )
        secret = issued.stdout.strip()
        await asyncio.to_thread(put, server, desk, on=True)
        [request] = await endpoint.until(1)
        assert request.event == {"lit": True, "from": "desk.lamp"}
        sent, proof = request.headers["keybus-signature"].split(",")
        signed = sent.removeprefix("t=").encode() + b"." + request.body
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        assert proof == f"v1={expected}"
        await asyncio.to_thread(server.stop)
        stored = (server.data / "bus.db").read_bytes()
        assert secret.encode() not in stored
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(put, server, desk, on=False)
        request = (await endpoint.until(2))[1]
        assert request.event["lit"] is False
        audit = await asyncio.to_thread(server.command, "audit", "list", token=server.token)
        assert "webhook-secret.issued  desk/hook" in audit.stdout
    finally:
        await asyncio.to_thread(server.stop)
        await endpoint.stop()


def _refused_to_others(server: HookedServer) -> None:
    """A subscriber issues and sees its own account's secrets; an auditor sees all, and issues none."""
    shop = server.issue("shop", "subscriber").secret
    auditor = server.issue("shop", "auditor").secret
    done = server.command(
        "webhooks", "secret", "issue", "hook", "--account", "desk", token=shop, check=False
    )
    assert "[forbidden]" in done.stderr
    done = server.command("webhooks", "secret", "issue", "hook", token=auditor, check=False)
    assert "[forbidden]" in done.stderr
    server.command("webhooks", "secret", "issue", "own", token=shop)
    for command in (["issue", "own"], ["issue", "a b"], ["rotate", "none"], ["revoke", "none"]):
        done = server.command("webhooks", "secret", *command, token=shop, check=False)
        assert done.returncode == 1
        assert "[credential]" in done.stderr
    central = server.token
    server.command("webhooks", "secret", "issue", "other", "--account", "desk", token=central)
    seen = {
        token: server.command("webhooks", "secret", "list", "--json", token=token).stdout
        for token in (shop, auditor, central)
    }
    names = {token: {each["name"] for each in json.loads(found)} for token, found in seen.items()}
    assert names == {shop: {"own"}, auditor: {"own", "other"}, central: {"own", "other"}}
    assert all("kbws_" not in found for found in seen.values())


@pytest.mark.long
async def test_an_inner_network_is_closed_to_webhooks(tmp_path: Path) -> None:
    authority, endpoint = Authority(tmp_path), Endpoint()
    await endpoint.start(authority.serving("localhost"))
    server = HookedServer(tmp_path, authority, endpoint.port)
    await asyncio.to_thread(server.start)
    try:
        desk = (await asyncio.to_thread(server.issue, "desk", "publisher", "subscriber")).secret
        await asyncio.to_thread(server.command, "webhooks", "secret", "issue", "hook", token=desk)
        await asyncio.to_thread(put, server, desk, on=True)
        async with asyncio.timeout(20):
            while True:
                [info] = await asyncio.to_thread(server.subscriptions, desk)
                if info["target"]["reason"]:
                    break
        assert info["target"]["reason"] == "localhost leads into the bus's own network"
        assert endpoint.connections == 0
    finally:
        await asyncio.to_thread(server.stop)
        await endpoint.stop()


@pytest.mark.parametrize("network", ["10.0.0.1/8", "inside"])
def test_what_is_no_network_is_refused(tmp_path: Path, network: str) -> None:
    server = ClosedServer(tmp_path)
    done = server.command("serve", str(server.folder), "--webhook-network", network, check=False)
    assert done.returncode == 1
    assert "is no network" in done.stderr
