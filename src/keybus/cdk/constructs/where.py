"""Where a construct stands, and which platform it is of."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import aws_cdk as cdk
import msgspec
from constructs import Construct

from keybus.cdk.constructs.kept import make_known, platforms_of
from keybus.cdk.constructs.told import told
from keybus.cdk.deployment import Deployment, NotDeclared, declaration_of, deployment_of, is_region
from keybus.errors import PlanRefused
from keybus.topology import Declaration
from keybus.topology.findings import quoted
from keybus.topology.root_construct import Platform as PlatformConstruct

CONTEXT: Final = "keybus:platform"

Given: TypeAlias = Deployment | Declaration | PlatformConstruct | Path | str


class Application(msgspec.Struct, frozen=True):
    """The application that a construct is for.

    Attributes:
        account: Its account: 12 digits, or the platform's name for it.
        region: Its region; the stack's where it is left out.
    """

    account: str
    region: str = ""

    def __post_init__(self) -> None:
        """See that both are texts.

        Raises:
            NotDeclared: One is not, such as an account's id without its quotation marks.
        """
        told("Application's account", self.account, str, "12 digits in quotation marks, or a name")
        told("Application's region", self.region, str, "a region, such as 'eu-west-1'")


class _Context(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``cdk.json`` says of the platform."""

    folder: str
    region: str = ""
    regions: dict[str, str] = {}
    leave_out: list[str] = []


def stack_place(scope: Construct) -> tuple[str, str]:
    """The account and region of a construct's stack.

    Raises:
        NotDeclared: It does not say.
    """
    stack = cdk.Stack.of(scope)
    for value, name in ((stack.account, "account"), (stack.region, "region")):
        if cdk.Token.is_unresolved(value):
            hint = f"Stack(…, env=Environment(account=…, region=…)) in {scope.node.path}"
            message = f"the stack {quoted(stack.stack_name)} does not say its {name}"
            raise NotDeclared(message, hint=hint)
    return stack.account, stack.region


def deployment_here(
    scope: Construct, given: Given, regions: Mapping[str, str] | None, leave_out: Collection[str]
) -> Deployment:
    """A platform whose bus stands in a construct's stack.

    Its region is the stack's, where the platform declares none that AWS has.

    Raises:
        NotDeclared: What is given is no platform, or has the rest already.
        PlanRefused: AWS cannot carry it.
    """
    hint = "an object that maps subscriptions to regions, such as {'billing': 'us-east-1'}"
    told("regions", regions, dict[str, str] | None, hint)
    told("leave_out", leave_out, list[str], "a list of JSON pointers")
    _check_kind(given)
    if isinstance(given, Deployment):
        if regions or leave_out:
            hint = "give regions and leave_out to deployment_of"
            raise NotDeclared("the platform given is judged for AWS already", hint=hint)
        return given
    read = declaration_of(given)
    region = "" if is_region(read.platform.region) else stack_place(scope)[1]
    return deployment_of(read, region=region, regions=regions, leave_out=leave_out)


def deployment_for(scope: Construct, given: Given | None) -> Deployment:
    """The platform of a construct: the one given, its app's `CentralBus`'s, or the context's.

    Raises:
        NotDeclared: There is none, or there are several.
        PlanRefused: AWS cannot carry it.
    """
    if given is not None:
        return _judged(given)
    known = platforms_of(scope)
    if not known:
        make_known(scope, _of_context(scope))
    if len(known) > 1:
        buses = ", ".join(f"{each.platform.bus} in {each.region}" for each in known)
        hint = "say which: platform=…"
        raise NotDeclared(f"the app has several platforms: {buses}", hint=hint)
    return known[0]


def _judged(given: Given) -> Deployment:
    _check_kind(given)
    if isinstance(given, Deployment):
        return given
    try:
        return deployment_of(given)
    except PlanRefused as error:
        hint = f"region, regions and leave_out go to deployment_of, or in the context {CONTEXT!r}"
        raise PlanRefused(error.subject, error.faults, hint=hint) from None


def _check_kind(given: object) -> None:
    if not isinstance(given, Deployment | Declaration | PlatformConstruct | Path | str):
        hint = "give the folder of platform.yaml, or what deployment_of gives"
        raise NotDeclared(f"platform cannot be {given!r:.80}", hint=hint)


def _of_context(scope: Construct) -> Deployment:
    said: Any = scope.node.try_get_context(CONTEXT)
    hint = (
        f"give platform=…, or App(context=…) {CONTEXT!r}: the platform's folder; or in cdk.json,"
        " which the cdk program alone reads; or make its CentralBus first"
    )
    if said is None:
        raise NotDeclared(f"{quoted(scope.node.path)} has no platform", hint=hint)
    try:
        read = msgspec.convert({"folder": said} if isinstance(said, str) else said, _Context)
    except msgspec.ValidationError as error:
        raise NotDeclared(f"the context {CONTEXT!r} cannot be read: {error}", hint=hint) from error
    return deployment_of(
        read.folder, region=read.region, regions=read.regions, leave_out=read.leave_out
    )


def check_place(scope: Construct, deployment: Deployment, account: str, region: str) -> None:
    """See that a stack stands where the platform says.

    Args:
        scope: The construct in it.
        deployment: The platform.
        account: The 12 digits of the account.
        region: The region; empty where any will do.

    Raises:
        NotDeclared: It stands elsewhere.
    """
    found = stack_place(scope)
    name = cdk.Stack.of(scope).stack_name
    if found[0] != account:
        names = {each.id: name for name, each in deployment.platform.accounts.items()}
        message = (
            f"the stack {quoted(name)} is in the account {found[0]}"
            f" ({names.get(found[0], 'not declared')}), not {account} ({names[account]})"
        )
        raise NotDeclared(message, hint="move the construct to a stack of that account")
    if region and found[1] != region:
        message = f"the stack {quoted(name)} is in {found[1]}, and the platform has it in {region}"
        hint = (
            "the bus's region is the platform's; CentralBus takes those of subscriptions: regions"
        )
        raise NotDeclared(message, hint=hint)
