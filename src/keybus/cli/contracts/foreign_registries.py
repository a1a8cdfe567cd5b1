"""Schema registries of others, as the command line asks them; nothing that they answer is believed."""

import base64
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from keybus.cdk.existing.schemas import schemas_of
from keybus.contracts.exchange_formats.foreign import ForeignSchema, NoSchema, Reference, of_value
from keybus.errors import BusUnavailable, ContractError, SettingsError

T = TypeVar("T")
TOKEN: Final = "KEYBUS_SCHEMA_REGISTRY_TOKEN"  # noqa: S105 - the variable's name
USER: Final = "KEYBUS_SCHEMA_REGISTRY_USER"
_ACCEPT: Final = "application/vnd.schemaregistry.v1+json, application/json"
_SECONDS: Final = 30
_LARGEST: Final = 16 << 20
_MOST_REFERENCES: Final = 200
_JSON: Final = "JSON"
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class _Version(msgspec.Struct):
    """``GET /subjects/NAME/versions/NUMBER``, as far as it says what it is."""

    schemaType: str = "AVRO"  # noqa: N815 - the registry's own name


def confluent(url: str, names: Sequence[str], remarks: list[str]) -> Iterator[ForeignSchema]:
    """The JSON Schema subjects of a registry that answers Confluent's REST API, each the newest version.

    Args:
        url: The registry.
        names: Only these; empty: all that describe values.
        remarks: Told of what is left out.

    Raises:
        BusUnavailable: It did not answer, or something else.
        ContractError: It refused.
        SettingsError: Credentials would be sent in the clear, or are none.
    """
    registry = _Confluent(url)
    for name in names or registry.subjects():
        if not names and name.endswith("-key"):
            remarks.append(f"{name} was left out: it describes keys, not events")
            continue
        try:
            yield registry.schema(name)
        except NoSchema as error:
            remarks.append(f"{name} was left out: {error}")


class _Confluent:
    """One registry.

    Source: Confluent Platform documentation, "Schema Registry API Reference".
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Accept": _ACCEPT, **_authorization(self._url)}
        self._version = cache(self._asked_version)

    def subjects(self) -> list[str]:
        """The names of all subjects."""
        return sorted(self._get("/subjects", list[str]))

    def schema(self, subject: str) -> ForeignSchema:
        """A subject's newest version, with all that it refers to.

        Raises:
            NoSchema: It is not in JSON Schema.
        """
        found = self._version(subject, "latest")
        others: dict[str, Any] = {}
        waiting: list[Reference] = list(found.references)
        while waiting:
            reference = waiting.pop()
            if reference.name in others:
                continue
            if len(others) == _MOST_REFERENCES:
                raise NoSchema(f"it refers to more than {_MOST_REFERENCES} schemas")
            target = self._version(reference.subject, str(reference.version))
            others[reference.name] = target.document
            waiting += target.references
        return msgspec.structs.replace(found, others=others)

    def _asked_version(self, subject: str, version: str) -> ForeignSchema:
        answer = self._get(
            f"/subjects/{quote(subject, safe='')}/versions/{version}", dict[str, Any]
        )
        kind = msgspec.convert(answer, _Version).schemaType
        if kind != _JSON:
            raise NoSchema(f"it is {kind[:40]}, not JSON Schema")
        return of_value(answer, subject)

    def _get(self, path: str, kind: type[T]) -> T:
        request = urllib.request.Request(f"{self._url}{path}", headers=self._headers)  # noqa: S310 - an address is http or https
        try:
            with _opener().open(request, timeout=_SECONDS) as answer:
                return msgspec.json.decode(answer.read(_LARGEST), type=kind)
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(error, f"{self._url}{path}") from None
        except (OSError, http.client.HTTPException, msgspec.MsgspecError, UnicodeError) as error:
            hint = "is it a schema registry, and is its address right?"
            message = f"no answer of a schema registry from {self._url}{path}: {error}"
            raise BusUnavailable(message, hint=hint) from error


def eventbridge(
    registry: str, names: Sequence[str], endpoint_url: str | None, remarks: list[str]
) -> Iterator[ForeignSchema]:
    """The schemas of a registry of EventBridge's, read by boto3, which finds its own credentials.

    Args:
        registry: Its name.
        names: Only these; empty: all.
        endpoint_url: An endpoint other than AWS's own.
        remarks: Told of what is left out.

    Raises:
        ContractError: boto3 is not installed, or the registry refused.
    """
    try:
        import boto3  # noqa: PLC0415 - optional: without it, files are read
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - the same
    except ImportError:
        hint = "pip install boto3, or import what `aws schemas describe-schema` prints"
        raise ContractError("EventBridge's registries are read by boto3", hint=hint) from None
    try:
        client = boto3.client("schemas", endpoint_url=endpoint_url)
        yield from schemas_of(client, registry, names, told=lambda each: remarks.append(str(each)))
    except (BotoCoreError, ClientError) as error:
        raise ContractError(f"the registry {registry!r} cannot be read: {error}") from error


def _authorization(url: str) -> dict[str, str]:
    """The header that says who asks; none where the environment does not say.

    Raises:
        SettingsError: It would cross a network in the clear, or it is none.
    """
    token, user = os.environ.get(TOKEN, ""), os.environ.get(USER, "")
    if not (token or user):
        return {}
    if not url.startswith("https://") and urlsplit(url).hostname not in _LOOPBACK:
        message = f"{url} is plain HTTP, and the credentials would be sent for all to read"
        raise SettingsError(message, hint="use the registry's https address")
    if token:
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise SettingsError(
                f"{TOKEN} holds what no token has", hint="set it to the token alone"
            )
        return {"Authorization": f"Bearer {token}"}
    if ":" not in user:
        raise SettingsError(f"{USER} has no password", hint="write it like user:password")
    return {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Credentials go to the address that was given, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirect)


def _refused(error: urllib.error.HTTPError, address: str) -> ContractError:
    try:
        told = msgspec.json.decode(error.read(_LARGEST), type=dict[str, Any]).get("message", "")
    except (OSError, http.client.HTTPException, msgspec.MsgspecError, UnicodeError):
        told = ""
    hint = (
        f"set {TOKEN}, or {USER} to user:password" if error.code == http.client.UNAUTHORIZED else ""
    )
    return ContractError(f"{address} answered {error.code} {str(told)[:200]}".rstrip(), hint=hint)
