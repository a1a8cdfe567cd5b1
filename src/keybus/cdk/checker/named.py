"""What the properties of a harmless resource name: nothing of other accounts, and no carrier."""

import re
from collections.abc import Iterator
from typing import Any, Final

from keybus.arns import Arn
from keybus.cdk.checker.judging import Broken
from keybus.cdk.checker.normal_statement import scalar
from keybus.cdk.checker.own import Own
from keybus.contracts.pointers import pointer_of

_ARN: Final = re.compile(r"arn:[^\s\"',;\\]*", re.IGNORECASE)
_ACCOUNT: Final = re.compile(
    r"(?<![+0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])"
)  # after +, it is a telephone
_ESCAPED: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")  # as texts that are JSON may have characters
_QUIET: Final = frozenset(
    {
        "autoscaling",
        "cloudwatch",
        "dynamodb",
        "ec2",
        "ecs",
        "elasticfilesystem",
        "elasticloadbalancing",
        "iam",
        "kms",
        "lambda",
        "logs",
        "secretsmanager",
        "servicediscovery",
        "ssm",
    }
)
"""Services whose ARNs may be named: what carries events is none of them."""


def of_named(pointer: str, value: Any, own: Own) -> Iterator[tuple[str, Broken, str]]:
    """What is wrong with what a value names: pointers, rules, and the texts that name it."""
    for at, text in texts_in(value, pointer):
        foreign = list(of_foreign(text, own.account, own.accounts))
        for broken in foreign or _of_arns(text, own):
            yield at, broken, text


def of_foreign(text: str, account: str, accounts: frozenset[str]) -> Iterator[Broken]:
    """What is wrong with a text that names other accounts."""
    for one in sorted(set(_ACCOUNT.findall(text)) - {account}):
        if one in accounts:
            words = f"it names {one}, another account, which is reached beside the bus"
            yield Broken("DX10", words)
        else:
            yield Broken("DX05", f"it names {one}, which is no account of the platform")


def texts_in(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """All texts and numbers in a value, each with the pointer to it."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from texts_in(each, pointer + pointer_of(key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from texts_in(each, pointer + pointer_of(index))
    elif value is not None:
        yield pointer, _ESCAPED.sub(lambda found: chr(int(found[1], 16)), scalar(value))


def _of_arns(text: str, own: Own) -> Iterator[Broken]:
    for said in _ARN.findall(text):
        arn = Arn.parse(said)
        if arn is None or (arn.account, arn.partition) != (own.account, own.partition):
            yield Broken("DX05", f"{said!r} is of nobody known")
        elif arn.service not in _QUIET and said not in own.topics | own.queues:
            words = f"{said!r} may carry events, and is not the platform's to be used here"
            yield Broken("DX10", words)
