"""What an operator of a closed bus asks it: what became of an event, what comes now, how it is."""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError

import pytest
from click.testing import CliRunner, Result

from keybus.cli.explain import NoSuchEvent
from keybus.cli.root import keybus
from keybus.errors import SubscriptionError
from tests.running import ClosedServer


@pytest.fixture(scope="module")
def shop(closed: ClosedServer) -> str:
    return closed.issue("shop", "publisher", "subscriber").secret


@pytest.fixture(scope="module")
def desk(closed: ClosedServer) -> str:
    return closed.issue("desk", "subscriber").secret


@pytest.fixture(scope="module")
def sale(closed: ClosedServer, shop: str) -> str:
    """The id of an event that the shop has put."""
    detail = {"id": "sale-1", "amount": 5}
    entry = {"source": "shop.till", "detail_type": "Sale", "detail": detail}
    [result] = asked(closed, shop, "events", {"entries": [entry]})["results"]
    event_id: str = result["event_id"]
    return event_id


def asked(bus: ClosedServer, token: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"{bus.url}/api/v1/{path}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def sell(bus: ClosedServer, token: str, *amounts: int) -> None:
    entries = [
        {"source": "shop.till", "detail_type": "Sale", "detail": {"amount": each}}
        for each in amounts
    ]
    asked(bus, token, "events", {"entries": entries})


@contextmanager
def following(bus: ClosedServer, token: str, **wanted: Any) -> Iterator[Iterator[dict[str, Any]]]:
    """The lines of a tail, but for signs of life."""
    request = urllib.request.Request(
        f"{bus.url}/api/v1/tail",
        json.dumps(wanted).encode(),
        {"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        lines = map(json.loads, iter(answer.readline, b""))
        yield (line for line in lines if line["type"] != "alive")


def amount(line: dict[str, Any]) -> int:
    found: int = line["envelope"]["detail"]["amount"]
    return found


def subscriptions(bus: ClosedServer, token: str, event: str) -> list[str]:
    found = asked(bus, token, f"explain?{urllib.parse.urlencode({'event': event})}")
    return [told["subscription"] for each in found["events"] for told in each["subscriptions"]]


def test_each_account_is_told_of_its_own_subscriptions(
    closed: ClosedServer, shop: str, desk: str, sale: str
) -> None:
    for event in (sale, "sale-1"):
        assert subscriptions(closed, shop, event) == ["shop-feed"]
        assert subscriptions(closed, desk, event) == ["desk-feed"]
        assert subscriptions(closed, closed.token, event) == ["desk-feed", "shop-feed"]


def ran(bus: ClosedServer, token: str, *arguments: str) -> Result:
    environment = {"KEYBUS_TOKEN": token, "KEYBUS_URL": bus.url}
    return CliRunner().invoke(keybus, arguments, env=environment)


def test_the_command_line_says_it_in_words(closed: ClosedServer, shop: str, sale: str) -> None:
    told = ran(closed, shop, "explain", sale).stdout
    assert "waiting          shop-feed" in told
    assert "no consumer is connected" in told
    assert "only your account's" in told
    found = json.loads(ran(closed, shop, "explain", sale, "--json").stdout)
    assert found["events"][0]["event_id"] == sale
    missing = ran(closed, shop, "explain", "sale-2").exception
    assert isinstance(missing, NoSuchEvent)
    unknown = ran(closed, shop, "explain", sale, "--subscription", "desk-feed").exception
    assert isinstance(unknown, SubscriptionError)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "event=",
        "event=x&before=0",
        "event=x&before=-1",
        "event=x&since=noon",
        "event=" + 300 * "x",
    ],
)
def test_what_cannot_be_looked_for_is_refused(closed: ClosedServer, shop: str, query: str) -> None:
    with pytest.raises(HTTPError) as refused:
        asked(closed, shop, f"explain?{query}")
    refused.value.close()
    assert refused.value.code == 400


def test_whoever_may_read_an_event_sees_it_come(closed: ClosedServer, shop: str, desk: str) -> None:
    over = {"detail": {"amount": [{"numeric": [">", 100]}]}}
    with (
        following(closed, shop, pattern=over, limit=2) as own,
        following(closed, desk, subscription="desk-feed", pattern=over) as granted,
    ):
        sell(closed, shop, 101, 5, 102)
        assert [amount(next(own)) for _ in range(2)] == [101, 102]
        assert next(own) == {"type": "end", "reason": ""}
        assert [amount(next(granted)) for _ in range(2)] == [101, 102]


def test_the_command_line_shows_what_stands_and_ends(closed: ClosedServer, shop: str) -> None:
    sell(closed, shop, 201)
    pattern = '{"detail": {"amount": [201]}}'
    asked_for = ["tail", "--since", "2020-01-01", "--limit", "1", "--pattern", pattern]
    told = closed.command(*asked_for, token=shop).stdout
    assert told.rstrip().endswith('{"amount": 201}')
    assert "\x1b" not in told
    [line] = ran(closed, shop, *asked_for, "--json").stdout.splitlines()
    assert amount(json.loads(line)) == 201


def test_a_tail_ends_with_its_credential(closed: ClosedServer) -> None:
    issued = closed.issue("shop", "publisher")
    with following(closed, issued.secret) as lines:
        revoking = urllib.request.Request(
            f"{closed.url}/api/v1/credentials/{issued.credential.id}",
            headers={"Authorization": f"Bearer {closed.token}"},
            method="DELETE",
        )
        urllib.request.urlopen(revoking, timeout=20).close()
        assert "revoked" in next(lines)["reason"]
        assert list(lines) == []


def test_nobody_watches_what_is_anothers(closed: ClosedServer, desk: str) -> None:
    auditor = closed.issue("desk", "auditor").secret
    refusals: list[tuple[str, dict[str, Any], int]] = [
        (auditor, {}, 403),
        (closed.token, {}, 403),
        (closed.token, {"subscription": "shop-feed"}, 403),
        (desk, {"subscription": "shop-feed"}, 403),
        (desk, {"subscription": "nobody's"}, 403),
        (desk, {"pattern": {"a": 1}}, 400),
        (desk, {"since": "noon"}, 400),
        (desk, {"limit": 0}, 400),
        (desk, {"patern": {}}, 400),
    ]
    for token, wanted, status in refusals:
        with pytest.raises(HTTPError) as refused, following(closed, token, **wanted):
            pass
        refused.value.close()
        assert refused.value.code == status, wanted


def test_events_of_many_lines_are_one_line(closed: ClosedServer, shop: str) -> None:
    with following(closed, shop, limit=1) as lines:
        detail = '{"amount":\n 301,\r\n "text": "a\\nb"}'
        entry = f'{{"source": "shop.till", "detail_type": "Sale", "detail": {detail}}}'
        request = urllib.request.Request(
            f"{closed.url}/api/v1/events",
            f'{{"entries": [{entry}]}}'.encode(),
            {"Authorization": f"Bearer {shop}"},
        )
        urllib.request.urlopen(request, timeout=20).close()
        assert next(lines)["envelope"]["detail"] == {"amount": 301, "text": "a\nb"}


def test_metrics_are_for_auditors(closed: ClosedServer, shop: str, sale: str) -> None:
    auditor = closed.issue("desk", "auditor").secret
    assert sale
    for token in (auditor, closed.token):
        request = urllib.request.Request(
            f"{closed.url}/metrics", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            told = answer.read().decode()
        assert 'keybus_queue_waiting{subscription="shop-feed"}' in told
        assert "process_cpu_seconds_total" in told
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {shop}"}, 403)):
        request = urllib.request.Request(f"{closed.url}/metrics", headers=headers)
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        refused.value.close()
        assert refused.value.code == status
