"""Roles, policies and keys of a team's own: what they are attached to, and who may use them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from keybus.arns import Arn
from keybus.cdk.checker.confined import MANAGED_POLICIES
from keybus.cdk.checker.differences import Difference
from keybus.cdk.checker.judging import Broken
from keybus.cdk.checker.normal_statement import faults_of, texts_of
from keybus.cdk.checker.own import Own

_POLICY: Final[Mapping[str, str]] = {
    "AWS::IAM::ManagedPolicy": "PolicyDocument",
    "AWS::IAM::Policy": "PolicyDocument",
    "AWS::IAM::Role": "AssumeRolePolicyDocument",
}


def of_identity(type_: str, said: Mapping[str, Any], own: Own) -> Iterator[Difference]:
    """What is wrong with a role or policy, but for its statements."""
    for pointer, policy in _policies(type_, said):
        yield from _of_policy(pointer, policy)
    for index, arn in enumerate(texts_of(said.get("ManagedPolicyArns", []))):
        if (
            arn not in own.policies
            and arn.removeprefix(f"arn:{own.partition}") not in MANAGED_POLICIES
        ):
            words = f"nobody here knows what {arn!r} allows"
            yield Difference(f"/ManagedPolicyArns/{index}", Broken("DX13", words), arn)
    for name in ("Groups", "Users"):
        if said.get(name):
            words = "people are no programs: who they are is not in templates"
            yield Difference(f"/{name}", Broken("DX13", words), said[name])
    for index, role in enumerate(texts_of(said.get("Roles", []))):
        if role in own.delivering:
            words = f"the role {role!r} delivers, and is to do nothing else"
            yield Difference(f"/Roles/{index}", Broken("DX13", words), role)
        elif role not in own.roles:
            words = f"nobody here knows who takes the role {role!r}"
            yield Difference(f"/Roles/{index}", Broken("DX13", words), role)
    boundary = said.get("PermissionsBoundary")
    if boundary is not None and not _is_boundary(str(boundary), own):
        words = "its boundary is no policy of this account or of AWS"
        yield Difference("/PermissionsBoundary", Broken("DX13", words), boundary)


def of_key(type_: str, said: Mapping[str, Any], own: Own) -> Iterator[Difference]:
    """What is wrong with a key, but for its statements, or with a key's name."""
    if type_ == "AWS::KMS::Alias" and str(said.get("TargetKeyId")) not in own.keys:
        words = "it names a key that is not of this template"
        yield Difference("/TargetKeyId", Broken("DX09", words), said.get("TargetKeyId"))
    if "KeyPolicy" in said:
        yield from _of_policy("/KeyPolicy", said["KeyPolicy"])


def _policies(type_: str, said: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if type_ in _POLICY:
        yield f"/{_POLICY[type_]}", said.get(_POLICY[type_])
    inline = said.get("Policies", [])
    if not isinstance(inline, list):
        yield "/Policies", inline
        return
    for index, each in enumerate(inline):
        plain = isinstance(each, Mapping) and each.keys() <= {"PolicyDocument", "PolicyName"}
        pointer = f"/Policies/{index}"
        yield (
            (f"{pointer}/PolicyDocument", each.get("PolicyDocument")) if plain else (pointer, each)
        )


def _of_policy(pointer: str, policy: Any) -> Iterator[Difference]:
    for at, words in faults_of(policy):
        yield Difference(pointer + at, Broken("DX00", words), policy)


def _is_boundary(arn: str, own: Own) -> bool:
    if arn.startswith(f"arn:{own.partition}:iam::aws:policy/"):
        return True
    found = Arn.parse(arn)
    return found is not None and (found.service, found.account) == ("iam", own.account)
