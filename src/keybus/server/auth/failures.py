"""Why somebody is not let in, in both faces' words."""

from keybus.errors import Unauthenticated

UNKNOWN = "UnrecognizedClientException"
_HINT = "see `keybus credentials list`: has it expired, or was it revoked?"


class AuthenticationFailed(Unauthenticated):
    """A request without a credential, or with one that does not hold.

    Args:
        message: What is wrong.
        kind: AWS's name for it. Source: AWS general reference, "Common error types".
        hint: What to do next.
        guess: Whether a secret may have been guessed at, which is slowed down.
    """

    def __init__(self, message: str, *, kind: str, hint: str = "", guess: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.kind, self.guess = kind, guess


def missing() -> AuthenticationFailed:
    """There is no credential."""
    return AuthenticationFailed(
        "Missing Authentication Token",
        kind="MissingAuthenticationTokenException",
        hint="send a bearer token, as KEYBUS_TOKEN does, or sign with an access key",
        guess=False,
    )


def incomplete(message: str) -> AuthenticationFailed:
    """The Authorization header cannot be used."""
    return AuthenticationFailed(message, kind="IncompleteSignatureException")


def mismatched(message: str) -> AuthenticationFailed:
    """The signature is not this request's, or not this time's."""
    return AuthenticationFailed(message, kind="InvalidSignatureException")


def unknown() -> AuthenticationFailed:
    """The credential does not hold, or the secret is wrong: which of them is not told."""
    return AuthenticationFailed(
        "The security token included in the request is invalid.", kind=UNKNOWN, hint=_HINT
    )
