"""Signatures, held to botocore's own signer."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.server.auth.canonical import HttpRequest
from keybus.server.auth.failures import AuthenticationFailed
from keybus.server.auth.sigv4 import MAX_REMEMBERED, SKEW_SECONDS, Verifier
from keybus.testing.clock import ManualClock
from tests.unit.server.signing import KEY_ID, NOW, NOW_US, SECRET, signed

BODY = b'{"Entries": []}'


def verifier() -> Verifier:
    return Verifier({KEY_ID: SECRET}.get, ManualClock(NOW_US))


def verify(request: HttpRequest, body: bytes, by: Verifier | None = None) -> str:
    by = by or verifier()
    return by.verify(request, by.claim(request), body)


def refused(request: HttpRequest, body: bytes = BODY) -> AuthenticationFailed:
    with pytest.raises(AuthenticationFailed) as caught:
        verify(request, body)
    return caught.value


def put_events(**options: object) -> HttpRequest:
    headers = [
        ("X-Amz-Target", "AWSEvents.PutEvents"),
        ("Content-Type", "application/x-amz-json-1.1"),
        ("User-Agent", "tests"),
    ]
    return signed(headers=headers, body=BODY, **options)  # type: ignore[arg-type]


def changed(request: HttpRequest, name: str, edit: Callable[[str], str]) -> HttpRequest:
    headers = [(n, edit(v) if n == name else v) for n, v in request.headers]
    assert headers != request.headers
    return msgspec.structs.replace(request, headers=headers)


def without(request: HttpRequest, name: str) -> HttpRequest:
    return msgspec.structs.replace(
        request, headers=[each for each in request.headers if each[0] != name]
    )


def with_header(request: HttpRequest, name: str, value: str) -> HttpRequest:
    return msgspec.structs.replace(request, headers=[*request.headers, (name, value)])


def test_what_botocore_signs_is_verified() -> None:
    assert verify(put_events(), BODY) == KEY_ID


segments = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8
) | st.sampled_from(["", ".", "..", "...", "a b", "%2F", "+", "~", "*", "a//b", "!$&'()", ":@;="])
paths = st.lists(segments, max_size=5).map(
    lambda parts: "/" + "/".join(quote(part, safe="%!$&'()*+,;=:@~") for part in parts)
)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=6)
queries = st.lists(st.tuples(words, words), max_size=5).map(
    lambda pairs: "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in pairs)
)
values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
names = st.from_regex(r"[xX]-[a-zA-Z][a-zA-Z0-9-]{0,8}", fullmatch=True)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"]),
    path=paths,
    query=queries,
    headers=st.lists(st.tuples(names, values), max_size=6),
    body=st.binary(max_size=50),
    region=st.sampled_from(["local", "eu-central-1", "us-gov-west-1"]),
    service=st.sampled_from(["events", "sqs", "schemas", "execute-api"]),
)
def test_any_request_that_botocore_signs_is_verified(  # noqa: PLR0917 - hypothesis gives them by name
    method: str,
    path: str,
    query: str,
    headers: list[tuple[str, str]],
    body: bytes,
    region: str,
    service: str,
) -> None:
    url = f"http://bus.example:7411{path}" + (f"?{query}" if query else "")
    request = signed(method, url, headers=headers, body=body, region=region, service=service)
    assert verify(request, body) == KEY_ID


@given(data=st.data())
def test_any_change_to_what_is_signed_is_refused(data: st.DataObject) -> None:
    request = signed(
        "POST", "http://bus.example/a/b?x=1&y=2", headers=[("X-Amz-Target", "T")], body=BODY
    )
    what = data.draw(st.sampled_from(["method", "path", "query", "header", "body", "signature"]))
    body = BODY
    if what == "method":
        request = msgspec.structs.replace(request, method="PUT")
    elif what == "path":
        path = data.draw(st.sampled_from(["/a/c", "/a/b/", "/A/b", "/a%2Fb", "/", "/a/b/c"]))
        request = msgspec.structs.replace(request, path=path)
    elif what == "query":
        query = data.draw(st.sampled_from(["", "x=1", "x=1&y=3", "x=1&y=2&y=2", "x=1&y=2&z"]))
        request = msgspec.structs.replace(request, query=query)
    elif what == "header":
        name = data.draw(st.sampled_from(["host", "x-amz-target", "x-amz-date"]))
        request = changed(request, name, lambda value: value[:-1] + "0")
    elif what == "signature":
        place = data.draw(st.integers(1, 64))

        def other(value: str) -> str:
            digit = "0" if value[-place] != "0" else "1"
            return f"{value[:-place]}{digit}{value[len(value) - place + 1 :]}"

        request = changed(request, "authorization", other)
    else:
        body = data.draw(st.binary(max_size=20).filter(lambda each: each != BODY))
    refused(request, body)


def test_an_unknown_key_is_answered_as_a_wrong_secret_is() -> None:
    unknown, wrong = (
        refused(put_events(key_id="KBAKBBBBBBBBBBBBBBBB")),
        refused(put_events(secret="t" * 40)),
    )
    assert (unknown.kind, str(unknown)) == (wrong.kind, str(wrong))
    assert unknown.kind == "UnrecognizedClientException"


@pytest.mark.parametrize("seconds", [-SKEW_SECONDS, 0, SKEW_SECONDS])
def test_clocks_may_differ_by_minutes(seconds: int) -> None:
    assert verify(put_events(at=NOW + timedelta(seconds=seconds)), BODY) == KEY_ID


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-SKEW_SECONDS - 1, "Signature expired: 20260131T075459Z is now earlier"),
        (SKEW_SECONDS + 1, "Signature not yet current: 20260131T080501Z is still later"),
    ],
)
def test_a_signature_of_another_time_is_refused(seconds: int, told: str) -> None:
    error = refused(put_events(at=NOW + timedelta(seconds=seconds)))
    assert error.kind == "InvalidSignatureException"
    assert str(error).startswith(told)


def test_equal_requests_of_one_second_are_all_verified() -> None:
    by = verifier()
    assert [verify(put_events(), BODY, by) for _ in range(3)] == [KEY_ID] * 3


def test_a_date_header_will_do_where_there_is_no_x_amz_date() -> None:
    request = signed(headers=[("Date", "whatever botocore writes")], body=BODY)
    assert not request.values("x-amz-date")
    assert verify(request, BODY) == KEY_ID


def test_the_bodys_digest_is_checked_where_it_is_named() -> None:
    right = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert verify(signed(headers=[("X-Amz-Content-SHA256", right)], body=b"{}"), b"{}") == KEY_ID
    request = signed(headers=[("X-Amz-Content-SHA256", "0" * 64)], body=b"{}")
    refused(request, b"{}")


SCOPE = f"Credential={KEY_ID}/20260131/local/events/aws4_request"


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (lambda v: v.replace("SHA256", "SHA1"), "IncompleteSignatureException"),
        (lambda v: v.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "IncompleteSign"),
        (lambda v: v.partition(", Signature")[0], "IncompleteSignatureException"),
        (lambda v: v.replace("SignedHeaders", "Signed"), "IncompleteSignatureException"),
        (lambda v: f"{v}, Signature={'0' * 64}", "IncompleteSignatureException"),
        (lambda v: v.replace("Signature=", "Signature=0"), "IncompleteSignatureException"),
        (lambda v: v.replace("host;", ""), "IncompleteSignatureException"),
        (lambda v: v.replace(";x-amz-date", ""), "IncompleteSignatureException"),
        (lambda v: v.replace(";x-amz-target", ""), "IncompleteSignatureException"),
        (lambda v: v.replace("host;", "host;host;"), "IncompleteSignatureException"),
        (lambda v: v.replace("host;", "Host;"), "IncompleteSignatureException"),
        (lambda v: v.replace("host;", "absent;host;"), "IncompleteSignatureException"),
        (lambda v: v.replace("/aws4_request", "/aws5_request"), "IncompleteSignatureException"),
        (lambda v: v.replace("/events/", "/"), "IncompleteSignatureException"),
        (lambda v: v.replace("/events/", "/s3/"), "InvalidSignatureException"),
        (lambda v: v.replace("/20260131/", "/20260130/"), "InvalidSignatureException"),
        (lambda v: v.replace("/local/", "/other/"), "UnrecognizedClientException"),
        (lambda v: v.replace(KEY_ID, "é" * 20), "IncompleteSignatureException"),
        (lambda v: v.replace(KEY_ID, KEY_ID.lower()), "UnrecognizedClientException"),
        (lambda v: v + " " * 5000, "IncompleteSignatureException"),
        (lambda _: "AWS4-HMAC-SHA256 " + "," * 4000, "IncompleteSignatureException"),
    ],
)
def test_a_header_that_was_tampered_with_is_refused(edit: Callable[[str], str], kind: str) -> None:
    assert refused(changed(put_events(), "authorization", edit)).kind.startswith(kind)


@pytest.mark.parametrize(
    "request_",
    [
        without(put_events(), "host"),
        without(put_events(), "x-amz-date"),
        without(put_events(), "x-amz-target"),
        without(put_events(), "authorization"),
        with_header(put_events(), "host", "other.example"),
        with_header(put_events(), "x-amz-date", "20260131T080000Z"),
        with_header(put_events(), "x-amz-target", "AWSEvents.DeleteRule"),
        with_header(put_events(), "x-amz-unsigned", "1"),
        with_header(put_events(), "x-amz-security-token", "token"),
        with_header(put_events(), "content-type", "text/plain"),
        signed(headers=[("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")], body=BODY),
        signed(headers=[("X-Amz-Content-SHA256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")], body=BODY),
        signed(url="http://bus.example/?X-Amz-Signature=0&X-Amz-Algorithm=x", body=BODY),
        changed(put_events(), "x-amz-date", lambda _: "20260131T996000Z"),
        changed(put_events(), "x-amz-date", lambda _: "Sat, 31 Jan 2026 08:00:00 GMT"),
        changed(put_events(), "x-amz-date", lambda _: "\uff120260131T080000Z"),
    ],
    ids=str,
)
def test_a_request_that_is_not_signed_as_it_has_to_be_is_refused(request_: HttpRequest) -> None:
    refused(request_)


def test_derived_keys_are_bounded() -> None:
    by = verifier()
    for number in range(MAX_REMEMBERED + 10):
        verify(put_events(region=f"region-{number}"), BODY, by)
    assert by.remembered == MAX_REMEMBERED
