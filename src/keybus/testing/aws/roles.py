"""Roles, policies and keys."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from keybus.testing.aws.intrinsics import Made
from keybus.testing.aws.maker import Maker, maker, renamed, text

Client = Callable[[str], Any]


@maker(
    "RoleName AssumeRolePolicyDocument Description MaxSessionDuration Tags ManagedPolicyArns"
    " Policies Path",
    named="RoleName",
)
def role(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::IAM::Role, with its policies."""
    iam = client("iam")
    name = properties["RoleName"]
    asked = renamed(properties, "RoleName", "Description", "MaxSessionDuration", "Tags", "Path")
    trust = text(properties["AssumeRolePolicyDocument"])
    found = iam.create_role(AssumeRolePolicyDocument=trust, **asked)["Role"]
    for arn in properties.get("ManagedPolicyArns", ()):
        if ":iam::aws:policy/" not in arn:  # AWS's own are not on moto
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    for each in properties.get("Policies", ()):
        _put(client, name, each["PolicyName"], each["PolicyDocument"])
    return Made(name, {"Arn": found["Arn"], "RoleId": found["RoleId"]})


@maker("PolicyName PolicyDocument Roles")
def policy(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::IAM::Policy: inline, of each of its roles."""
    for name in properties["Roles"]:
        _put(client, name, properties["PolicyName"], properties["PolicyDocument"])
    return Made(properties["PolicyName"])


@maker("ManagedPolicyName Description PolicyDocument Roles Path", named="ManagedPolicyName")
def managed_policy(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::IAM::ManagedPolicy."""
    iam = client("iam")
    asked = renamed(properties, "Description", "Path", PolicyName="ManagedPolicyName")
    document = text(properties["PolicyDocument"])
    arn = iam.create_policy(PolicyDocument=document, **asked)["Policy"]["Arn"]
    for name in properties.get("Roles", ()):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return Made(arn, {"PolicyArn": arn})


@maker("Description KeyPolicy EnableKeyRotation PendingWindowInDays Tags")
def key(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::KMS::Key."""
    kms = client("kms")
    tagged = [
        {"TagKey": each["Key"], "TagValue": each["Value"]} for each in properties.get("Tags", ())
    ]
    asked = renamed(properties, "Description")
    found = kms.create_key(Policy=text(properties["KeyPolicy"]), Tags=tagged, **asked)[
        "KeyMetadata"
    ]
    if properties.get("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=found["KeyId"])
    return Made(found["KeyId"], {"Arn": found["Arn"], "KeyId": found["KeyId"]})


@maker("AliasName TargetKeyId")
def alias(client: Client, properties: dict[str, Any]) -> Made:
    """AWS::KMS::Alias."""
    client("kms").create_alias(**properties)
    return Made(properties["AliasName"])


def _put(client: Client, role_name: str, policy_name: str, document: Any) -> None:
    client("iam").put_role_policy(
        RoleName=role_name, PolicyName=policy_name, PolicyDocument=text(document)
    )


ROLES: Final[Mapping[str, Maker]] = {
    "AWS::IAM::Role": role,
    "AWS::IAM::Policy": policy,
    "AWS::IAM::ManagedPolicy": managed_policy,
    "AWS::KMS::Key": key,
    "AWS::KMS::Alias": alias,
}
