"""Which rule a statement breaks that the platform does not generate."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final, Literal, NamedTuple

from keybus.arns import Arn
from keybus.cdk.checker.normal_statement import NormalStatement

Kind = Literal["identity", "trust", "central", "bus", "queue", "topic", "key", "other"]
"""What a policy is of: an identity, a role's trust, the central bus, a subscriber's …"""

_CONTROL: Final = (
    "events:createeventbus",
    "events:deleteeventbus",
    "events:deleterule",
    "events:disablerule",
    "events:enablerule",
    "events:putpermission",
    "events:putrule",
    "events:puttargets",
    "events:removepermission",
    "events:removetargets",
    "events:updateeventbus",
)
_SENDING: Final = ("sqs:sendmessage", "sns:publish", "sns:subscribe", "sqs:receivemessage")
_BY_KEY: Final = {
    "aws:currenttime": "DX12",
    "aws:principalarn": "DX16",
    "aws:principalorgid": "DX02",
    "aws:principalorgpaths": "DX02",
    "aws:sourceaccount": "DX18",
    "aws:sourcearn": "DX18",
    "aws:sourceorgid": "DX18",
    "events:detail-type": "DX04",
    "events:source": "DX04",
    "kms:encryptioncontext:aws:events:event-bus:arn": "DX18",
    "kms:viaservice": "DX13",
}
_PRINCIPAL: Final = {
    "trust": "DX13",
    "central": "DX04",
    "bus": "DX16",
    "queue": "DX16",
    "topic": "DX16",
    "key": "DX09",
}
_BROAD: Final = {
    "central": "DX14",
    "bus": "DX14",
    "queue": "DX16",
    "topic": "DX16",
    "key": "DX09",
}
_OTHERWISE: Final = {**_PRINCIPAL, "identity": "DX13", "central": "DX17", "other": "DX10"}


class Broken(NamedTuple):
    """A rule that is broken, and how."""

    rule: str
    message: str


class Scene(NamedTuple):
    """Where a statement stands.

    Attributes:
        kind: What its policy is of.
        account: The account's 12 digits.
        accounts: The platform's accounts.
        buses: The ARNs of its buses, the central one first.
    """

    kind: Kind
    account: str
    accounts: frozenset[str]
    buses: tuple[str, ...]


def nearest(
    said: NormalStatement, sid: str, meant: list[tuple[str, NormalStatement]]
) -> NormalStatement | None:
    """The generated statement that one was probably meant to be."""
    for name, one in meant:
        if sid and name == sid:
            return one
    for _, one in meant:
        if one.actions == said.actions and one.principals == said.principals:
            return one
    return next((one for _, one in meant if one.actions & said.actions), None)


def broken_by(
    said: NormalStatement, meant: NormalStatement | None, scene: Scene
) -> tuple[Broken, ...]:
    """What is wrong with a statement that allows something and that nobody generated.

    Args:
        said: The statement.
        meant: The generated one that it was probably meant to be.
        scene: Where it stands.

    Returns:
        At least one, each rule once.
    """
    found: dict[str, Broken] = {}
    for each in (
        *_of_principals(said, meant, scene),
        *_of_actions(said, meant, scene),
        *_of_resources(said, meant, scene),
        *_of_conditions(said, meant, scene),
    ):
        found.setdefault(each.rule, each)
    if not found:
        words = "the platform generates no such statement"
        return (Broken(_OTHERWISE[scene.kind], words),)
    return tuple(found.values())


def _of_principals(
    said: NormalStatement, meant: NormalStatement | None, scene: Scene
) -> Iterator[Broken]:
    if any(key == "NotPrincipal" for key, _ in said.negated):
        yield Broken("DX01", "NotPrincipal lets in everybody but those it names")
    for kind, one in sorted(said.principals - (meant.principals if meant else frozenset())):
        if "*" in one or "?" in one:
            yield Broken("DX01", f"the principal {one!r} is everybody")
        elif kind == "Service":
            yield from _of_service(one, said)
        elif kind != "AWS":
            yield Broken("DX03", f"{kind} {one!r} is no account of the platform")
        else:
            account = _account_of(one)
            if account not in scene.accounts:
                yield Broken("DX03", f"{one!r} is no account of the platform")
            elif scene.kind in _PRINCIPAL:
                yield Broken(_PRINCIPAL[scene.kind], f"the platform does not let {one!r} in here")


def _of_service(service: str, said: NormalStatement) -> Iterator[Broken]:
    if service.startswith(("pipes.", "scheduler.", "appflow.", "iot.", "s3.", "ses.")):
        yield Broken("DX00", f"{service} is a carrier that the platform does not have")
    elif service.startswith(("sns.", "sqs.", "sts.")):
        yield Broken("DX10", f"{service} would bring what did not come over the bus")
    elif "aws:sourcearn" not in said.keys:
        yield Broken("DX18", f"{service} may act here for anybody: aws:SourceArn is not asked for")
    else:
        yield Broken("DX17", f"the platform does not let {service} in here")


def _of_actions(
    said: NormalStatement, meant: NormalStatement | None, scene: Scene
) -> Iterator[Broken]:
    negated = any(key == "NotAction" for key, _ in said.negated)
    if negated:
        yield Broken(_BROAD.get(scene.kind, "DX13"), "NotAction allows all but what it names")
    more = said.actions - (meant.actions if meant else frozenset())
    if scene.kind == "identity":
        yield from _of_identity(said, more, negated=negated, scene=scene)
        return
    if any(_may_be(action, _CONTROL) for action in more) and scene.kind in {"central", "bus"}:
        yield Broken("DX14", f"{_listed(more)} gives control of the bus away")
    elif more and scene.kind in _BROAD and meant is not None:
        yield Broken(_BROAD[scene.kind], f"the platform does not allow {_listed(more)} here")


def _of_identity(
    said: NormalStatement, more: frozenset[str], *, negated: bool, scene: Scene
) -> Iterator[Broken]:
    exact = {action for action in more if action in _CONTROL or action.startswith("events:put")}
    if any(_may_be(action, _CONTROL) for action in exact):
        yield Broken("DX14", f"{_listed(exact)} controls a bus, which is the platform's alone")
    broad = [one for one in more if "*" in one or one in {"iam:passrole", "sts:assumerole"}]
    if broad:
        yield Broken("DX13", f"{_listed(broad)} can more than publish and consume")
    if negated or any(_may_be(one, ("events:putevents",)) for one in said.actions):
        reached = [arn for arn in said.resources if _reaches(arn, scene.buses[0])]
        if reached and not any(one.key == "events:source" for one in said.conditions):
            yield Broken("DX04", "it may put events of any source on the central bus")
        elsewhere = [arn for arn in said.resources if not _reaches(arn, scene.buses[0])]
        for arn in elsewhere:
            yield from _of_foreign(arn, scene, "DX17")
    if any(_may_be(one, _SENDING) for one in said.actions):
        for arn in said.resources:
            yield from _of_foreign(arn, scene, "DX10")


def _of_foreign(arn: str, scene: Scene, own: str) -> Iterator[Broken]:
    """What is wrong with events going to an ARN, not over the central bus."""
    account = _account_of(arn)
    if account == scene.account:
        yield Broken(own, f"{arn!r} is beside the central bus")
    elif account in scene.accounts:
        yield Broken("DX10", f"{arn!r} is another account's, and is reached beside the bus")
    elif account:
        yield Broken("DX05", f"{arn!r} is of no account of the platform")


def _of_resources(
    said: NormalStatement, meant: NormalStatement | None, scene: Scene
) -> Iterator[Broken]:
    if any(key == "NotResource" for key, _ in said.negated):
        yield Broken("DX13", "NotResource allows all but what it names")
    more = said.resources - (meant.resources if meant else frozenset())
    wide = sorted(arn for arn in more if _is_wide(arn))
    if wide and scene.kind not in {"trust", "key"}:
        yield Broken("DX13", f"{_listed(wide)} is more than one resource")


def _of_conditions(
    said: NormalStatement, meant: NormalStatement | None, scene: Scene
) -> Iterator[Broken]:
    if meant is None:
        if scene.kind in {"central", "bus"} and "aws:principalorgid" not in said.keys:
            yield Broken("DX02", "the organization is not asked for")
        if scene.kind == "central" and "events:source" not in said.keys:
            yield Broken("DX04", "it may put events of any source")
        return
    if said.others:
        yield Broken("DX17", f"a statement has no {_listed(said.others)}")
    asked, wanted = said.keys, meant.keys
    for key in sorted({each.key for each in said.conditions ^ meant.conditions}):
        if key in asked and key in wanted:
            words = f"{key} is not held to what the platform generates"
        else:
            words = f"{key} is not asked for" if key in wanted else f"{key} is asked for"
        yield Broken(_BY_KEY.get(key, "DX17"), words)


def _is_wide(arn: str) -> bool:
    """Whether an ARN is a pattern of more than one resource's name."""
    return "*" in arn or "?" in arn


def _may_be(action: str, known: tuple[str, ...]) -> bool:
    return any(fnmatchcase(one, action) for one in known)


def _reaches(pattern: str, arn: str) -> bool:
    return fnmatchcase(arn, pattern.replace("[", "[[]"))


def _account_of(text: str) -> str:
    """The account that an ARN or account id is of; empty where that is nobody's or anybody's."""
    if text.isdecimal():
        return text
    found = Arn.parse(text)
    parts = text.split(":")
    return found.account if found else (parts[4] if len(parts) > 5 and "*" not in parts[4] else "")  # noqa: PLR2004 - an ARN has six


def _listed(values: object) -> str:
    return ", ".join(sorted(values))  # type: ignore[call-overload]
