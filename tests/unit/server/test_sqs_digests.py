"""The digests of SQS's messages, against the documented algorithm and against moto."""

import hashlib
from struct import pack
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from keybus.bus.message_queues.message import Attribute
from keybus.server.sqs.digests import attributes_digest, body_digest


def documented(attributes: dict[str, Attribute]) -> str:
    """As "Calculating the MD5 message digest for message attributes" says it, step by step."""
    buffer = bytearray()
    for name in sorted(attributes):
        each = attributes[name]
        for part in (name, each.type):
            encoded = part.encode()
            buffer += pack("!I", len(encoded)) + encoded
        if each.type.startswith("Binary"):
            assert isinstance(each.value, bytes)
            buffer += b"\x02" + pack("!I", len(each.value)) + each.value
        else:
            assert isinstance(each.value, str)
            encoded = each.value.encode()
            buffer += b"\x01" + pack("!I", len(encoded)) + encoded
    return hashlib.md5(buffer).hexdigest()


TEXTS = st.builds(Attribute, st.sampled_from(["String", "Number", "String.a"]), st.text(min_size=1))
BYTES = st.builds(Attribute, st.sampled_from(["Binary", "Binary.png"]), st.binary(min_size=1))


@given(st.dictionaries(st.text("abcé._-", min_size=1), TEXTS | BYTES, min_size=1, max_size=10))
def test_attributes_are_digested_as_documented(attributes: dict[str, Attribute]) -> None:
    assert attributes_digest(attributes) == documented(attributes)


def test_nothing_has_no_digest() -> None:
    assert attributes_digest({}) is None
    assert body_digest(b"") == "d41d8cd98f00b204e9800998ecf8427e"


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_moto_answers_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    attributes = {
        "colour": Attribute("String", "grün"),
        "count": Attribute("Number.int", "12"),
        "key": Attribute("Binary", bytes(range(256))),
    }
    asked: dict[str, Any] = {
        name: {"DataType": each.type, _VALUE[type(each.value)]: each.value}
        for name, each in attributes.items()
    }
    with mock_aws():
        sqs = boto3.client("sqs", region_name="eu-central-1")
        url = sqs.create_queue(QueueName="digests")["QueueUrl"]
        sent = sqs.send_message(QueueUrl=url, MessageBody="Käse", MessageAttributes=asked)
        sqs.close()
    assert sent["MD5OfMessageAttributes"] == attributes_digest(attributes)
    assert sent["MD5OfMessageBody"] == body_digest("Käse".encode())


_VALUE = {str: "StringValue", bytes: "BinaryValue"}
