"""A bus that ends: whoever waits for messages is answered, and not waited for."""

import http.client
import json
from pathlib import Path

import pytest

from tests.integration.sqs.serving import SHOP, attributes, client, created, serving

pytestmark = pytest.mark.long


def test_long_polls_are_answered_when_the_bus_ends(tmp_path: Path) -> None:
    server = serving(tmp_path)
    server.start()
    sqs = client("sqs", server.url)
    urls = [created(sqs), *(f"{server.url}/{SHOP}/{name}" for name in ("feed", "feed-dlq"))]
    polls = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=30) for _ in urls]
    for poll, url in zip(polls, urls, strict=True):
        asked = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20})
        poll.request("POST", "/", asked, {"X-Amz-Target": "AmazonSQS.ReceiveMessage"})
    for url in urls:  # asked later, and answered: those wait by now
        assert attributes(sqs, url)
    assert server.stop() == 0
    for poll in polls:
        answer = poll.getresponse()
        assert (answer.status, json.loads(answer.read())) == (200, {})
        poll.close()
    assert "Error" not in server.log.read_text()
    sqs.close()
