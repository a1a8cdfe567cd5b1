"""What things are called on AWS: the same names from the same declaration, whoever asks.

A name that its service takes is used as it is. One that is too long, or has characters that the
service refuses, is cut and ends with a digest of the whole, so that two names stay two.

Source: the naming rules in the API references of EventBridge, SQS, SNS, IAM, KMS and CloudWatch.
"""

import re
from hashlib import sha256
from typing import Final, NamedTuple

_DIGITS: Final = 8  # of a digest: some 77,000 names that are cut until two of them are likely alike
_PLAIN: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*")
_TAKEN: Final = re.compile(r"central.*|.*-forward")  # what the bus's own resources are called by
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
CENTRAL: Final = "Central"
"""What the ids of the bus's own resources begin with."""


class Form(NamedTuple):
    """What a service takes for a name.

    Attributes:
        characters: The characters, as within the brackets of a regular expression.
        longest: How many at most.
        folds: Whether the service takes names for one that differ by case only.
    """

    characters: str
    longest: int
    folds: bool = False


ALARM: Final = Form("A-Za-z0-9._/-", 255)
ALIAS: Final = Form("A-Za-z0-9/_-", 256)
ARCHIVE: Final = Form("A-Za-z0-9._-", 48)
BUS: Final = Form("A-Za-z0-9._-", 256)
DASHBOARD: Final = Form("A-Za-z0-9_-", 255)
LOG_DELIVERY: Final = Form("A-Za-z0-9_-", 60)
LOG_GROUP: Final = Form("A-Za-z0-9._/#-", 512)
POLICY: Final = Form("A-Za-z0-9_+=,.@-", 128, folds=True)
QUEUE: Final = Form("A-Za-z0-9_-", 80)
REGISTRY: Final = Form("A-Za-z0-9._@-", 64)
ROLE: Final = Form("A-Za-z0-9_+=,.@-", 64, folds=True)
RULE: Final = Form("A-Za-z0-9._-", 64)
STATEMENT: Final = Form("A-Za-z0-9_-", 64)
TOPIC: Final = Form("A-Za-z0-9_-", 256)


def fits(name: str, form: Form) -> bool:
    """Whether a service takes a name as it is."""
    if form.folds and name != name.lower():
        return False
    return bool(re.fullmatch(f"[{form.characters}]{{1,{form.longest}}}", name))


def fitted(name: str, form: Form) -> str:
    """A name as its service takes it: itself where that is possible."""
    if fits(name, form):
        return name
    plain = re.sub(f"[^{form.characters}]+", "-", name.lower() if form.folds else name)
    return f"{plain[: form.longest - _DIGITS - 1]}-{_digest(name)}"


def logical_prefix(name: str) -> str:
    """What the ids of a declared thing's resources begin with in a template: letters and digits.

    Args:
        name: What is declared, such as ``garage-billing``.

    Returns:
        ``GarageBilling``; with a digest where another name, or the bus itself, has the same.
    """
    words = "".join(word[0].upper() + word[1:] for word in _WORD.findall(name))
    if _PLAIN.fullmatch(name) is None or _TAKEN.fullmatch(name):
        return f"{words}{_digest(name)}"
    return words


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:_DIGITS]
