"""The secrets that sign webhooks: an account's own subscribers', and all to the central account.

A secret's value is in the one answer that issues it, and nowhere else.
"""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.errors import CredentialError
from keybus.governance.webhook_secrets import IssuedSecret, WebhookSecret
from keybus.protocol import API
from keybus.server.access import (
    AnyRoute,
    administer,
    bus_of,
    guarded,
    is_open,
    principal_of,
)
from keybus.server.answers import json
from keybus.server.operation import Operation
from keybus.server.request import Body

DEFAULT_OVERLAP_SECONDS = 24 * 3600
_MAX_OVERLAP_SECONDS = 90 * DEFAULT_OVERLAP_SECONDS
_MAX_BODY = 16 << 10
_CREATED = 201
_HINT = 'send {"name": …, "account": …}'


class SecretRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/webhook-secrets``, and its ``/revoke``.

    Attributes:
        name: The secret's name.
        account: Whose it is; empty: the account of whoever asks.
    """

    name: str
    account: str = ""


class RotateSecretRequest(SecretRequest, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/webhook-secrets/rotate``.

    Attributes:
        overlap_seconds: For how long the value before it signs as well.
    """

    overlap_seconds: Annotated[int, msgspec.Meta(ge=0, le=_MAX_OVERLAP_SECONDS)] = (
        DEFAULT_OVERLAP_SECONDS
    )


_SECRET = Body(SecretRequest, limit=_MAX_BODY, hint=_HINT)
_ROTATION = Body(RotateSecretRequest, limit=_MAX_BODY, hint=_HINT)


def routes() -> list[AnyRoute]:
    """The routes of webhooks' secrets."""
    every = f"{API}/webhook-secrets"
    return [
        guarded(
            every,
            _list,
            access=administer("webhooks.list"),
            operation=Operation(
                id="listWebhookSecrets",
                summary="The secrets that sign webhooks, without their values",
                answers={200: list[WebhookSecret]},
            ),
        ),
        guarded(
            every,
            _issue,
            access=administer("webhooks.issue"),
            operation=Operation(
                id="issueWebhookSecret",
                summary="Issue a secret; its value is in this one answer",
                body=_SECRET,
                answers={_CREATED: IssuedSecret},
                fails=(CredentialError,),
            ),
            methods=["POST"],
        ),
        guarded(
            f"{every}/rotate",
            _rotate,
            access=administer("webhooks.rotate"),
            operation=Operation(
                id="rotateWebhookSecret",
                summary="Issue another value of a secret",
                body=_ROTATION,
                answers={_CREATED: IssuedSecret},
                fails=(CredentialError,),
            ),
            methods=["POST"],
        ),
        guarded(
            f"{every}/revoke",
            _revoke,
            access=administer("webhooks.revoke"),
            operation=Operation(
                id="revokeWebhookSecret",
                summary="End a secret",
                body=_SECRET,
                answers={200: WebhookSecret},
                fails=(CredentialError,),
            ),
            methods=["POST"],
        ),
    ]


async def _list(request: Request) -> Response:
    bus, principal = bus_of(request), principal_of(request)
    whole = is_open(bus, principal) or (
        bus.authorizer.administer(principal, "credentials.list") is None
    )
    return json(
        [each for each in bus.webhook_secrets if whole or each.account == principal.account]
    )


async def _issue(request: Request) -> Response:
    asked = await _SECRET.of(request)
    secrets, by = bus_of(request).webhook_secrets, principal_of(request)
    return _handed_over(await secrets.issue(_account(request, asked), asked.name, by=by))


async def _rotate(request: Request) -> Response:
    asked = await _ROTATION.of(request)
    secrets, by = bus_of(request).webhook_secrets, principal_of(request)
    account = _account(request, asked)
    return _handed_over(
        await secrets.rotate(account, asked.name, by=by, overlap=asked.overlap_seconds)
    )


async def _revoke(request: Request) -> Response:
    asked = await _SECRET.of(request)
    secrets, by = bus_of(request).webhook_secrets, principal_of(request)
    return json(await secrets.revoke(_account(request, asked), asked.name, by=by))


def _account(request: Request, asked: SecretRequest) -> str:
    """Whose secret it is about.

    Raises:
        Forbidden: It is another account's, and whoever asks does not administer.
    """
    bus, principal = bus_of(request), principal_of(request)
    account = asked.account or principal.account
    if account != principal.account and not is_open(bus, principal):
        refusal = bus.authorizer.administer(principal, "credentials.issue")
        bus.permission.require(principal, f"webhook secrets of {account[:128]}", refusal)
    return account


def _handed_over(issued: IssuedSecret) -> Response:
    answer = json(issued, _CREATED)
    answer.headers["cache-control"] = "no-store"
    return answer
