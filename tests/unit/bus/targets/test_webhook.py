"""Deliveries are posted, signed, and settled by what the endpoint answers."""

import asyncio
import hashlib
import hmac
from typing import Any

import msgspec
import pytest

from keybus.bus import Bus
from keybus.bus.control.versions import Declared
from keybus.errors import SubscriptionError
from keybus.governance import ANYBODY
from keybus.testing import ManualClock
from tests.unit.bus.consuming import Consumer, turns
from tests.unit.bus.offered import status
from tests.unit.bus.targets.conftest import StartHooked
from tests.unit.bus.targets.endpoint import Endpoint, Request, answers
from tests.unit.bus.targets.watching import dead, until_state

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
A_MINUTE = 60


async def test_an_event_is_posted_with_what_a_receiver_needs(
    hooked: StartHooked, endpoint: Endpoint
) -> None:
    bus = await hooked()
    [result] = await bus.put([status(1, trace=TRACE)])
    [request] = await endpoint.until(1)
    assert request.line == "POST /in?x=1 HTTP/1.1"
    assert request.event["detail"]["delivery_id"] == "DEL-1"
    headers = request.headers
    assert headers["host"] == f"hooks.example.com:{endpoint.port}"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["keybus-event-id"] == result.event_id
    assert headers["keybus-event-type"] == "delivery.status.updated"
    assert headers["keybus-subscription"] == "all"
    assert headers["keybus-attempt"] == "1"
    assert headers["traceparent"] == TRACE
    assert "keybus-signature" not in headers
    await until_state(bus, waiting=0, in_flight=0)
    assert bus.dispatcher("all").acknowledged == 1


async def test_it_is_signed_under_the_secret_and_with_two_while_that_is_rotated(
    hooked: StartHooked, endpoint: Endpoint, clock: ManualClock
) -> None:
    bus = await hooked(webhook={"secret": "hook"})
    await bus.put([status(1)])
    [info] = await bus.subscriptions()
    assert info.target is not None
    assert info.target.state == "stopped"
    assert "keybus webhooks secret issue hook --account me" in info.target.reason
    assert (await bus.states())["all"].waiting == 1
    first = (await bus.webhook_secrets.issue("me", "hook", by=ANYBODY)).secret
    [request] = await endpoint.until(1)
    assert proofs(request.headers["keybus-signature"]) == [proof(first, clock, request.body)]
    second = (await bus.webhook_secrets.rotate("me", "hook", by=ANYBODY, overlap=A_MINUTE)).secret
    await bus.put([status(2)])
    request = (await endpoint.until(2))[1]
    assert proofs(request.headers["keybus-signature"]) == [
        proof(second, clock, request.body),
        proof(first, clock, request.body),
    ]
    clock.advance(A_MINUTE)
    await bus.put([status(3)])
    request = (await endpoint.until(3))[2]
    assert proofs(request.headers["keybus-signature"]) == [proof(second, clock, request.body)]


async def test_a_secret_that_is_revoked_leaves_nothing_posted_unsigned(
    hooked: StartHooked, endpoint: Endpoint
) -> None:
    bus = await hooked(webhook={"secret": "hook"})
    await bus.webhook_secrets.issue("me", "hook", by=ANYBODY)
    await bus.put([status(1)])
    await endpoint.until(1)
    await until_state(bus, waiting=0, in_flight=0)
    await bus.webhook_secrets.revoke("me", "hook", by=ANYBODY)
    await bus.put([status(2), status(3)])
    await until_state(bus, waiting=2, in_flight=0)
    [info] = await bus.subscriptions()
    assert info.target is not None
    assert (info.target.state, info.consumers) == ("stopped", 0)
    await bus.webhook_secrets.issue("me", "hook", by=ANYBODY)
    requests = await endpoint.until(3)
    assert all("keybus-signature" in each.headers for each in requests)
    assert [each.headers["keybus-attempt"] for each in requests] == ["1"] * 3


async def test_a_large_body_arrives_whole(hooked: StartHooked, endpoint: Endpoint) -> None:
    template = "[<aws.events.event.json>, <aws.events.event.json>]"
    bus = await hooked(input_transformer={"template": template})
    await bus.put([status(1, note="x" * 800_000)])
    [request] = await endpoint.until(1)
    assert [len(each["detail"]["note"]) for each in request.event] == [800_000] * 2
    assert request.headers["content-length"] == str(len(request.body))


def proofs(header: str) -> list[str]:
    time, *found = header.split(",")
    return [f"{time} {each.removeprefix('v1=')}" for each in found]


def proof(secret: str, clock: ManualClock, body: bytes) -> str:
    seconds = clock.time_us() // 1_000_000
    signed = f"{seconds}.".encode() + body
    return f"t={seconds} {hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


@pytest.mark.parametrize("code", [409, 429, 500, 502, 503])
async def test_what_may_work_later_is_tried_again(
    hooked: StartHooked, endpoint: Endpoint, clock: ManualClock, code: int
) -> None:
    endpoint.then = [answers(code), answers(200)]
    bus = await hooked()
    await bus.put([status(1)])
    await endpoint.until(1)
    await until_state(bus, delayed=1)
    clock.advance(A_MINUTE)
    second = (await endpoint.until(2))[1]
    assert second.headers["keybus-attempt"] == "2"
    await until_state(bus, waiting=0, in_flight=0, dead=0)


@pytest.mark.parametrize("code", [300, 302, 307, 400, 401, 404, 410, 422])
async def test_what_will_never_work_is_a_dead_letter_with_what_was_said(
    hooked: StartHooked, endpoint: Endpoint, code: int
) -> None:
    endpoint.then = [answers(code, b"no\x1b[2J such\n  thing", Location="https://169.254.169.254/")]
    bus = await hooked()
    await bus.put([status(1)])
    await until_state(bus, dead=1)
    [letter] = await dead(bus)
    assert f"answered {code}: no [2J such thing" in letter.reason
    assert letter.cause == f"webhook.{code}"
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(("code", "after"), [(429, "300"), (503, "300"), (503, "date")])
async def test_a_retry_after_delays_that_delivery_and_no_other(
    hooked: StartHooked, endpoint: Endpoint, clock: ManualClock, code: int, after: str
) -> None:
    # The manual clock's own start is 2023-11-14 22:13:20.
    told = "Tue, 14 Nov 2023 22:18:20 GMT" if after == "date" else after
    endpoint.then = [answers(code, Retry_After=told), answers(200)]
    bus = await hooked()
    await bus.put([status(1)])
    await endpoint.until(1)
    await until_state(bus, delayed=1)
    await bus.put([status(2)])
    await endpoint.until(2)
    clock.advance(299)
    await turns()
    assert len(endpoint.requests) == 2
    clock.advance(1)
    assert (await endpoint.until(3))[2].event["detail"]["delivery_id"] == "DEL-1"


async def test_a_retry_after_is_bounded_and_a_negative_one_gives_up(
    hooked: StartHooked, endpoint: Endpoint, clock: ManualClock
) -> None:
    endpoint.then = [answers(429, Retry_After="99999999"), answers(429, Retry_After="-1")]
    bus = await hooked()
    await bus.put([status(1)])
    await until_state(bus, delayed=1)
    clock.advance(3600)
    await until_state(bus, dead=1)
    assert "Retry-After: -1" in (await dead(bus))[0].reason


async def test_a_webhooks_subscription_is_nobody_elses_to_consume(hooked: StartHooked) -> None:
    bus = await hooked()
    with pytest.raises(SubscriptionError, match="delivers to its webhook"):
        Consumer(bus, "all")


async def test_where_nothing_is_posted_it_is_a_queue_as_others(
    hooked: StartHooked, endpoint: Endpoint
) -> None:
    bus = await hooked(settings={"posts": False})
    consumer = Consumer(bus, "all")
    await bus.put([status(1)])
    await consumer.ack(*await consumer.until(1))
    assert endpoint.connections == 0


async def test_the_bound_of_requests_at_once_is_kept(
    hooked: StartHooked, endpoint: Endpoint
) -> None:
    bus = await hooked(settings={"concurrency": 3})
    await bus.put([status(number) for number in range(30)])
    await endpoint.until(30)
    await until_state(bus, waiting=0, in_flight=0)
    assert endpoint.connections <= 3
    assert {each.event["detail"]["delivery_id"] for each in endpoint.requests} == {
        f"DEL-{number}" for number in range(30)
    }


async def test_keys_are_in_order_and_one_that_fails_holds_up_no_other(
    hooked: StartHooked, endpoint: Endpoint, clock: ManualClock
) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        first_try = request.headers["keybus-attempt"] == "1"
        fails = first_try and request.event["detail"]["delivery_id"] == "DEL-0"
        await answers(500 if fails else 200)(request, writer)

    endpoint.then = [answer]
    bus = await hooked(subscription={"order": {"key": "/delivery_id"}})
    events = [
        status(key, f"S{number}", id=f"{key}-{number}") for number in range(4) for key in range(3)
    ]
    await bus.put(events)
    await endpoint.until(9)
    await until_state(bus, delayed=1)
    assert by_key(endpoint) == {
        "DEL-0": ["S0"],
        "DEL-1": ["S0", "S1", "S2", "S3"],
        "DEL-2": ["S0", "S1", "S2", "S3"],
    }
    async with asyncio.timeout(10):
        while len(endpoint.requests) < 16:
            await turns()
            clock.advance(A_MINUTE)
            await asyncio.sleep(0.001)
    await until_state(bus, waiting=0, in_flight=0, ordered=0, dead=0)
    assert by_key(endpoint)["DEL-0"] == ["S0", "S0", "S1", "S1", "S2", "S2", "S3", "S3"]


def by_key(endpoint: Endpoint) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for request in endpoint.requests:
        detail = request.event["detail"]
        found.setdefault(detail["delivery_id"], []).append(detail["status"])
    return found


async def test_another_platform_moves_the_webhook(hooked: StartHooked, endpoint: Endpoint) -> None:
    bus = await hooked()
    await bus.put([status(1)])
    await endpoint.until(1)
    await apply(bus, {"input_path": "$.detail.delivery_id"})
    await bus.put([status(2)])
    assert (await endpoint.until(2))[1].body == b'"DEL-2"'
    webhook = bus.platform.subscriptions["all"].target.webhook
    await apply(bus, {"webhook": None})
    consumer = Consumer(bus, "all")
    await bus.put([status(3)])
    [delivery] = await consumer.until(1)
    assert delivery.envelope == b'"DEL-3"'
    await apply(bus, {"webhook": webhook})
    assert consumer.session.ended == "the subscription delivers to its webhook from now on"
    await consumer.leave()
    assert (await endpoint.until(3))[2].body == b'"DEL-3"'


async def apply(bus: Bus, target: dict[str, Any]) -> None:
    before = bus.platform.subscriptions["all"]
    after = msgspec.structs.replace(before, target=msgspec.structs.replace(before.target, **target))
    platform = msgspec.structs.replace(bus.platform, subscriptions={"all": after})
    await bus.apply(Declared(platform, bus.generation.contracts))
