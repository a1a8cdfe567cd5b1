"""Credentials: listed, issued, rotated and revoked by the central account.

A secret is in the one answer that issues it, and nowhere else.
"""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.clock import SYSTEM
from keybus.errors import CredentialError
from keybus.governance import Role
from keybus.governance.credentials import (
    Credential,
    Issued,
    Kind,
    NoSuchCredential,
    Registry,
)
from keybus.protocol import API
from keybus.server.access import AnyRoute, administer, guarded, principal_of
from keybus.server.answers import json
from keybus.server.operation import Operation
from keybus.server.request import Body

DEFAULT_OVERLAP_SECONDS = 24 * 3600
_MAX_OVERLAP_SECONDS = 90 * DEFAULT_OVERLAP_SECONDS
_MAX_BODY = 16 << 10
_CREATED = 201


class IssueRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/credentials``.

    Attributes:
        account: The account's name.
        roles: What it is for.
        kind: How it is used.
        expires_us: The first moment at which it no longer holds; None: it does not end.
        label: What to call it.
    """

    account: str
    roles: Annotated[list[Role], msgspec.Meta(min_length=1)]
    kind: Kind
    expires_us: int | None = None
    label: str = ""


class RotateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/credentials/ID/rotate``.

    Attributes:
        overlap_seconds: For how long the old one still holds.
    """

    overlap_seconds: Annotated[int, msgspec.Meta(ge=0, le=_MAX_OVERLAP_SECONDS)] = (
        DEFAULT_OVERLAP_SECONDS
    )


class CredentialInfo(msgspec.Struct, frozen=True):
    """A credential as it is listed.

    Attributes:
        credential: The credential.
        state: ``active``, ``expired`` or ``revoked``.
        last_used_us: When it was last used since the bus was started; None: it was not.
    """

    credential: Credential
    state: str
    last_used_us: int | None = None


_ISSUE = Body(IssueRequest, limit=_MAX_BODY, hint='send {"account", "roles", "kind"}')
_ROTATE = Body(RotateRequest, limit=_MAX_BODY, hint='send {"overlap_seconds"}', optional=True)


def routes() -> list[AnyRoute]:
    """The routes of credentials."""
    every, one = f"{API}/credentials", f"{API}/credentials/{{id}}"
    path = {"id": "The credential's id."}
    return [
        guarded(
            every,
            _list,
            access=administer("credentials.list"),
            operation=Operation(
                id="listCredentials",
                summary="All credentials, without secrets",
                answers={200: list[CredentialInfo]},
                fails=(CredentialError,),
            ),
        ),
        guarded(
            every,
            _issue,
            access=administer("credentials.issue"),
            operation=Operation(
                id="issueCredential",
                summary="Issue a credential; its secret is in this one answer",
                body=_ISSUE,
                answers={_CREATED: Issued},
                fails=(CredentialError,),
            ),
            methods=["POST"],
        ),
        guarded(
            f"{one}/rotate",
            _rotate,
            access=administer("credentials.rotate"),
            operation=Operation(
                id="rotateCredential",
                summary="Issue a credential in another's place",
                path=path,
                body=_ROTATE,
                answers={_CREATED: Issued},
                fails=(NoSuchCredential, CredentialError),
            ),
            methods=["POST"],
        ),
        guarded(
            one,
            _revoke,
            access=administer("credentials.revoke"),
            operation=Operation(
                id="revokeCredential",
                summary="Revoke a credential; connections that it opened are closed",
                path=path,
                answers={200: CredentialInfo},
                fails=(NoSuchCredential, CredentialError),
            ),
            methods=["DELETE"],
        ),
    ]


async def _list(request: Request) -> Response:
    registry = _registry(request)
    return json([_info(registry, each) for each in registry])


async def _issue(request: Request) -> Response:
    asked = await _ISSUE.of(request)
    issued = await _registry(request).issue(
        asked.account,
        asked.roles,
        asked.kind,
        by=principal_of(request),
        expires_us=asked.expires_us,
        label=asked.label,
    )
    return _handed_over(issued)


async def _rotate(request: Request) -> Response:
    asked = await _ROTATE.of(request)
    issued = await _registry(request).rotate(
        request.path_params["id"], by=principal_of(request), overlap=asked.overlap_seconds
    )
    return _handed_over(issued)


async def _revoke(request: Request) -> Response:
    registry = _registry(request)
    revoked = await registry.revoke(request.path_params["id"], by=principal_of(request))
    return json(_info(registry, revoked))


def _registry(request: Request) -> Registry:
    registry: Registry | None = request.app.state.registry
    if registry is None:
        raise CredentialError(
            "this bus asks nobody for credentials, and has none", hint="run `keybus serve`"
        )
    return registry


def _info(registry: Registry, credential: Credential) -> CredentialInfo:
    return CredentialInfo(
        credential,
        credential.state(SYSTEM.time_us()),
        registry.last_used_us(credential.id),
    )


def _handed_over(issued: Issued) -> Response:
    answer = json(issued, _CREATED)
    answer.headers["cache-control"] = "no-store"
    return answer
