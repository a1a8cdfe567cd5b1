"""What no client sends: unknown paths, broken bodies, and whatever else comes along."""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.server.schemas import SCHEMAS
from keybus.server.schemas.places import Place, places_of
from tests.integration.served import SECONDS, Served
from tests.unit.bus.registry.publishing import SOLD, write

KINDS = {"BadRequestException", "ForbiddenException"}
"""What any operation may answer; some have more kinds of their own."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[http.client.HTTPConnection]:
    """To a bus of its own: what is made here stays."""
    served = Served(write(tmp_path_factory.mktemp("small")), is_open=True)
    made = http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=SECONDS)
    yield made
    made.close()
    served.close()


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b""
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/"),
        ("GET", "/v1/nothing"),
        ("PATCH", "/v1/registries"),
        ("POST", "/v1/registries"),
        ("GET", "/v1/registries/name/a/b"),
        ("GET", "/v1/registries/name/"),
        ("PUT", "/tags/arn:aws:schemas:local:100000000000:registry/a"),
        ("GET", "/v1/registries/name/a%2Fb"),
    ],
)
def test_what_is_no_operation_is_told_in_the_services_words(
    connection: http.client.HTTPConnection, method: str, path: str
) -> None:
    status, headers, content = ask(connection, method, path)
    assert (status, headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    assert set(json.loads(content)) == {"Code", "Message"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b"[]",
        b"7",
        b'"text"',
        b"[" * 100_000,
        b'{"Description": ' + b"[" * 100_000,
        b'{"Description": "\\ud800"}',
        b'{"Description": 7}',
        b'{"tags": {"a": {}}}',
        b'{"tags": [1]}',
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    connection: http.client.HTTPConnection, body: bytes
) -> None:
    status, headers, content = ask(connection, "POST", "/v1/registries/name/unread", body)
    assert (status, headers["x-amzn-errortype"]) == (400, "BadRequestException")
    assert json.loads(content)["Code"] == "BadRequestException"
    assert ask(connection, "GET", "/v1/registries/name/unread")[0] == 404


@pytest.mark.parametrize("name", ["%ff%fe", "%00", "%2e%2e", "x" * 20_000, "%F0%9F%94%91"])
def test_a_name_of_whatever_bytes_is_a_name_of_nothing(
    connection: http.client.HTTPConnection, name: str
) -> None:
    for path in (f"/v1/registries/name/{name}", f"/v1/registries/name/keybus/schemas/name/{name}"):
        status, headers, _ = ask(connection, "GET", path)
        assert (status, headers["x-amzn-errortype"]) == (404, "NotFoundException")


def test_a_body_has_no_say_in_what_the_path_names(
    connection: http.client.HTTPConnection,
) -> None:
    body = b'{"RegistryName": "other", "registryName": "other", "Tags": {"a": 7}, "more": 1}'
    status, _, content = ask(connection, "POST", "/v1/registries/name/of-path", body)
    assert (status, json.loads(content)["RegistryName"]) == (201, "of-path")
    assert json.loads(content)["tags"] == {}
    status, _, content = ask(connection, "DELETE", "/v1/registries/name/of-path", b"[]")
    assert (status, content) == (204, b"")


def test_a_body_that_is_too_large_is_not_read(connection: http.client.HTTPConnection) -> None:
    path = "/v1/registries/name/large"
    status, headers, _ = ask(connection, "POST", path, b" " * ((1 << 20) + 1))
    assert (status, headers["x-amzn-errortype"]) == (413, "RequestEntityTooLargeException")


def test_a_parameter_is_given_once(connection: http.client.HTTPConnection) -> None:
    status, headers, _ = ask(connection, "GET", "/v1/registries?limit=1&limit=2")
    assert (status, headers["x-amzn-errortype"]) == (400, "BadRequestException")


VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["keybus", SOLD, "1.0.0", "Python36", "JSONSchemaDraft4", "100"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(VALUES, inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.long
@given(name=st.sampled_from(sorted(SCHEMAS.operations)), data=st.data())
def test_whatever_comes_is_answered_in_the_services_words(
    connection: http.client.HTTPConnection, name: str, data: st.DataObject
) -> None:
    operation = SCHEMAS.operations[name]
    places = places_of(operation.asked)
    path = operation.path
    for place in of(places, "uri"):
        value = data.draw(VALUES, label=place.name)
        path = path.replace(f"{{{place.name}}}", quote(value.encode("utf-8", "replace"), safe=""))
    query = [
        (place.name, data.draw(VALUES, label=place.name).encode("utf-8", "replace"))
        for place in of(places, "querystring")
        if data.draw(st.booleans())
    ]
    members = [place.name for place in of(places, "body")]
    kept = st.dictionaries(st.sampled_from(members), JSON) if members else st.just({})
    body = json.dumps(data.draw(kept)).encode()
    target = f"{path}?{urlencode(query)}"
    status, headers, content = ask(connection, operation.method, target, body)
    if status == operation.status:
        assert headers["x-amzn-requestid"]
        return
    kind = headers["x-amzn-errortype"]
    assert (status, kind) == (
        404,
        "UnknownOperationException",
    ) or kind in KINDS | operation.kinds, content
    told: dict[str, Any] = json.loads(content)
    assert (told["Code"], bool(told["Message"])) == (kind, True)
    assert "Traceback" not in told["Message"]


def of(places: tuple[Place, ...], where: str) -> list[Place]:
    return [each for each in places if each.where == where]
