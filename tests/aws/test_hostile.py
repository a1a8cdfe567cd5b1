"""(c) Whatever is sent: no 500, no dropped connection, and nothing of the inside in an answer."""

import http.client
from contextlib import suppress
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings

from tests.aws.hostility import Drawn, ordinary, requests
from tests.aws.wire import Wire

ANYTHING: Final = settings(suppress_health_check=list(HealthCheck), deadline=None)


@ANYTHING
@given(requests())
def test_whatever_is_sent(wire: Wire, drawn: Drawn) -> None:
    service, sent = drawn
    assert ordinary(wire.send(sent, service)) == []


@pytest.mark.long
@pytest.mark.timeout(600)
@settings(ANYTHING, max_examples=2000)
@given(requests())
def test_whatever_is_sent_for_longer(wire: Wire, drawn: Drawn) -> None:
    service, sent = drawn
    assert ordinary(wire.send(sent, service)) == []


@pytest.mark.parametrize("megabytes", [2, 9, 40])
def test_a_body_that_is_too_large_is_refused(wire: Wire, megabytes: int) -> None:
    host, _, port = wire.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    body = b'{"Name": "' + b"a" * (megabytes << 20) + b'"}'
    headers = {"X-Amz-Target": "AWSEvents.DescribeEventBus", "Content-Length": str(len(body))}
    connection.putrequest("POST", "/")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    with suppress(BrokenPipeError, ConnectionResetError):  # it is refused before its end
        connection.send(body)
    answer = connection.getresponse()
    assert answer.status in (400, 413)
    connection.close()
