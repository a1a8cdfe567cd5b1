"""What no client sends: requests drawn by hypothesis, each a few steps away from a valid one."""

import codecs
import json
from functools import cache
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from tests.aws.chapters import CHAPTERS
from tests.aws.chapters.step import filled
from tests.aws.closed import GUESSED
from tests.aws.mutants import mutants
from tests.aws.serialising import Sent, serialised
from tests.aws.surface import SERVICES, model, service_model, supported
from tests.aws.wire import Answered
from tests.integration.fuzzing.fuzzed_server import INSIDES

Drawn = tuple[str, Sent]
"""A service's name, and a request that is meant for it."""
WORDS: Final = ("default", "none", "desk-feed", "amazon-key", "keybus", "a", "*", *GUESSED)
URLS: Final = (
    "http://127.0.0.1/555555555555/kestrel-queue",
    "/333333333333/none",
    "https://sqs.eu-central-1.amazonaws.com/333333333333/desk-feed",
    "none",
)
TYPES: Final = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/x-amz-json-1.0",
    "application/x-amz-json-9.9; charset=utf-16",
    "application/cbor",
    "",
)
ENCODINGS: Final = ("gzip", "deflate", "br", "aws-chunked", "identity", "x" * 300)
TARGETS: Final = (
    "",
    ".",
    "AWSEvents",
    "AWSEvents.",
    ".PutEvents",
    "AmazonSQS.PutEvents",
    "AWSEvents.putevents",
    "AWSEvents.PutEvents.PutEvents",
    "AWSEvents.__init__",
    "DynamoDB_20120810.ListTables",
    "x" * 4000,
    "AWSEvents.Put\u00e9vents",
)
BODIES: Final = (
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"}",
    b"\x00" * 100,
    b"\xff\xfe{}",
    codecs.BOM_UTF8 + b"{}",
    '{"Name": "\u00e9"}'.encode("latin-1"),
    "{}".encode("utf-16"),
    b'{"Name": "\\ud800"}',
    b'{"Name": "a", "Name": "b", "Name": {"Name": "c"}}',
    b'{"Entries": NaN}',
    b'{"Limit": 1e999}',
    b'{"Limit": ' + b"9" * 10_000 + b"}",
    b"[" * 100_000,
    b'{"Entries":' * 50_000,
    b'{"Entries": ' + b"[" * 900 + b"]" * 900 + b"}",
    b"Action=SendMessage&MessageBody=a",
    b"<SendMessage/>",
    b'{"__proto__": {}, "__type": "x", "": ""}',
)

plain: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
"""Any JSON."""


class _Kept(dict[str, str]):
    """Values for whatever a chapter keeps."""

    def __missing__(self, name: str) -> str:
        return f"arn:aws:events:local:111111111111:{name}/kestrel-rule"


@st.composite
def requests(draw: st.DrawFn) -> Drawn:
    """A request, a few steps away from a valid one; most are for what is supported."""
    known = draw(st.integers(0, 7)) > 0
    service, operation = draw(st.sampled_from(list(supported()) if known else _all()))
    asked = draw(_mangled(service, operation))
    kept = _Kept(run=draw(st.sampled_from(WORDS)), url=draw(st.sampled_from(URLS)))
    sent = serialised(service, operation, filled(asked, kept))
    for change in draw(st.lists(st.sampled_from(_CHANGES), max_size=2, unique=True)):
        sent = draw(change(sent))
    return service, sent


def ordinary(answered: Answered) -> list[str]:
    """What is wrong with an answer to whatever was sent; nothing, where it is as it should be."""
    found = []
    if answered.status >= 500:
        found.append(f"status {answered.status}")
    if answered.is_error and (inside := INSIDES.search(answered.body)):
        found.append(f"the answer holds {inside}")
    kind = answered.headers.get("content-type", "")
    if "json" in kind:
        answered.json()
    if answered.is_error and "amz-json" in kind and not answered.code:
        found.append("the error has no code")
    return found


@cache
def _all() -> list[tuple[str, str]]:
    return [(name, each) for name in SERVICES for each in service_model(name).operation_names]


@cache
def _valid(service: str, operation: str) -> list[Any]:
    """Valid input of an operation; an empty one where it is in no chapter."""
    steps = [each for chapter in CHAPTERS.values() for each in chapter]
    return [
        each.asked for each in steps if (each.service, each.operation) == (service, operation)
    ] or [{}]


@cache
def _mutants(service: str, operation: str) -> list[Any]:
    shape = model(service, operation).input_shape
    return [each.asked for each in mutants(shape, _valid(service, operation)[0])] if shape else [{}]


@st.composite
def _mangled(draw: st.DrawFn, service: str, operation: str) -> Any:
    """Valid input, or what differs from it in one member."""
    way = draw(st.sampled_from(("mutant", "member", "as it is")))
    if way == "mutant":
        return draw(st.sampled_from(_mutants(service, operation)))
    asked = draw(st.sampled_from(_valid(service, operation)))
    if way == "member" and asked:
        return asked | {draw(st.sampled_from(sorted(asked))): draw(plain)}
    return asked


def _other_target(sent: Sent) -> st.SearchStrategy[Sent]:
    names = st.sampled_from(TARGETS) | st.text(
        st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40
    )
    return names.map(lambda name: _with(sent, **{"X-Amz-Target": name}))


def _other_type(sent: Sent) -> st.SearchStrategy[Sent]:
    return st.sampled_from(TYPES).map(lambda kind: _with(sent, **{"Content-Type": kind}))


def _encoded(sent: Sent) -> st.SearchStrategy[Sent]:
    return st.sampled_from(ENCODINGS).map(lambda kind: _with(sent, **{"Content-Encoding": kind}))


def _other_body(sent: Sent) -> st.SearchStrategy[Sent]:
    bodies = st.sampled_from(BODIES) | st.binary(max_size=200) | plain.map(_dumped)
    return bodies.map(lambda body: msgspec.structs.replace(sent, body=body))


def _cut(sent: Sent) -> st.SearchStrategy[Sent]:
    size = len(sent.body)
    return st.integers(0, size).map(lambda at: msgspec.structs.replace(sent, body=sent.body[:at]))


def _twice(sent: Sent) -> st.SearchStrategy[Sent]:
    """Every member once more, with another value first."""
    inner = sent.body.strip().removeprefix(b"{").removesuffix(b"}")
    body = b"{" + inner.replace(b'": "', b'": "x') + b"," + inner + b"}"
    return st.just(msgspec.structs.replace(sent, body=body))


def _other_way(sent: Sent) -> st.SearchStrategy[Sent]:
    methods = st.sampled_from(("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST"))
    paths = st.sampled_from(
        ("/", "//", "/?Action=ListQueues", "/v1/registries", "/tags/x", "/%2e%2e/", "/v1/%00")
    )
    return st.builds(
        lambda method, path: msgspec.structs.replace(sent, method=method, path=path), methods, paths
    )


def _with(sent: Sent, **headers: str) -> Sent:
    return msgspec.structs.replace(sent, headers=sent.headers | headers)


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


_CHANGES: Final = (_other_target, _other_type, _encoded, _other_body, _cut, _twice, _other_way)
