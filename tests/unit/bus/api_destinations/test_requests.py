"""Whatever an event or a target says, a request goes to its endpoint, and where nothing else does."""

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.bus.api_destinations.authorization import Additions, ApiKey, Authorization, Parameter
from keybus.bus.api_destinations.destination import ApiDestination
from keybus.bus.api_destinations.headers import not_to_be_given
from keybus.bus.api_destinations.invocation import Invocation, invocation
from keybus.bus.api_destinations.parameters import Parameters
from keybus.bus.api_destinations.redaction import INSTEAD, redacted
from keybus.bus.rules.target import HttpParameters
from keybus.topology.inputs import InputError

ENDPOINT = "https://hooks.example.com:8443/a/*/b/*?fixed=*&x=1"
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["..", ".", "", "%2e%2e", "../..", "a/../b", "//evil", "?q", "#f", "@", "\r\nX: y", "\\", "*"]
)
NOTHING = Additions()
VALUES = TEXTS | st.integers() | st.floats() | st.booleans() | st.none()


def called(endpoint: str = ENDPOINT, **more: Any) -> ApiDestination:
    return ApiDestination("me", "it", "1", "c", "2", endpoint, more.get("method", "POST"), 0, 0)


def request(
    http: HttpParameters, detail: dict[str, Any], additions: Additions = NOTHING, **more: Any
) -> Invocation:
    envelope = json.dumps({"id": "1", "detail": detail}).encode()
    return invocation(
        called(**more),
        Authorization(ApiKey("X-Key", "the key"), additions),
        Parameters.compile(http),
        envelope=envelope,
        body=more.get("body", envelope),
        headers={"Content-Type": "application/json", "User-Agent": "bus"},
    )


@given(first=VALUES, second=VALUES, third=VALUES, fixed=TEXTS)
def test_a_request_goes_where_its_endpoint_is(
    first: Any, second: Any, third: Any, fixed: str
) -> None:
    http = HttpParameters(
        ("$.detail.first", "$.detail.second"),
        {"X-Third": "$.detail.third"},
        {"third": "$.detail.third", "fixed": fixed},
    )
    detail = {"first": first, "second": second, "third": third}
    try:
        made = request(http, detail)
    except InputError:
        return
    parts = urlsplit(made.url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "hooks.example.com:8443", "")
    assert made.url.isascii()
    steps = parts.path.split("/")
    assert [steps[1], steps[3]] == ["a", "b"]
    assert len(steps) == 5
    assert not {"", ".", ".."} & {unquote(steps[2]), unquote(steps[4])}
    said = (steps[2], first), (steps[4], second)
    assert all(unquote(step) == value for step, value in said if isinstance(value, str))
    members = parse_qsl(parts.query, keep_blank_values=True)
    assert members[:2] == [("fixed", "*"), ("x", "1")]
    assert [name for name, _ in members[2:]] == ["third", "fixed"]
    assert all(char not in value for value in made.headers.values() for char in "\r\n\0")


def test_of_equal_names_the_connections_hold_however_they_are_written() -> None:
    additions = Additions(
        (Parameter("x-one", "connection's"), Parameter("content-type", "text/x")),
        (Parameter("q", "connection's"),),
        (Parameter("member", "connection's"),),
    )
    http = HttpParameters(
        headers={"X-ONE": "target's", "x-two": "target's", "x-key": "target's"},
        query={"q": "target's", "r": "target's"},
    )
    made = request(http, {}, additions, endpoint="https://h/", body=b'{"member": 1, "n": 1.50}')
    headers = {name.lower(): value for name, value in made.headers.items()}
    assert len(headers) == len(made.headers)
    assert (headers["x-one"], headers["x-two"]) == ("connection's", "target's")
    assert (headers["x-key"], headers["content-type"]) == ("the key", "text/x")
    assert made.url == "https://h/?q=connection%27s&r=target%27s"
    assert made.body == b'{"member":"connection\'s","n":1.50}'


@pytest.mark.parametrize(
    "value",
    ['"\\ud800"', "1e999", "[" * 2000 + "]" * 2000, "null", "{}", "[1]", '"' + "x" * 2049 + '"'],
)
def test_what_can_be_no_value_is_no_request(value: str) -> None:
    parameters = Parameters.compile(HttpParameters(query={"q": "$.detail.it"}))
    envelope = f'{{"detail": {{"it": {value}}}}}'.encode()
    with pytest.raises(InputError, match=r"\$\.detail\.it"):
        parameters.query_of(envelope)


@pytest.mark.parametrize(("value", "text"), [("1.50", "1.50"), ("true", "true"), ('"a"', "a")])
def test_a_value_is_as_the_event_has_it(value: str, text: str) -> None:
    parameters = Parameters.compile(HttpParameters(query={"q": "$.detail.it"}))
    assert parameters.query_of(f'{{"detail": {{"it": {value}}}}}'.encode()) == {"q": text}


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1"])
def test_members_are_added_to_objects_only(body: bytes) -> None:
    additions = Additions(body=(Parameter("member", "value"),))
    with pytest.raises(InputError, match="no JSON object"):
        request(HttpParameters(), {}, additions, endpoint="https://h/", body=body)


@pytest.mark.parametrize(
    "name",
    ["Host", "content-length", "TRANSFER-ENCODING", "Connection", "Keybus-Event-Id", "a b", "a:b",
     "a\r\nb", "", "ä", "User-Agent", "Proxy-Authorization", "a,b"],
)  # fmt: skip
def test_some_headers_are_the_buss_own(name: str) -> None:
    assert not_to_be_given(name)
    with pytest.raises(InputError):
        Parameters.compile(HttpParameters(headers={name: "value"}))


@given(st.text(min_size=4, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_no_spelling_of_a_secret_is_left(secret: str, before: str, after: str) -> None:
    for spelled in (secret, json.dumps(secret, ensure_ascii=False)[1:-1]):
        text = redacted(before + spelled + after, [secret])
        assert secret not in text.replace(INSTEAD, "")


def test_a_very_short_secret_leaves_nothing_of_a_text() -> None:
    assert not redacted("an answer of theirs", ["an"])
    assert redacted("an answer of theirs", ["answer", "theirs"]) == "an *** of ***"
