"""The platform on Amazon EventBridge: constructs for the AWS CDK, over plain data.

The constructs need aws-cdk-lib (``pip install 'keybus[cdk]'``) and Node, and are imported when they
are first asked for. What they are made of does not: `deployment_of` judges a platform for AWS, and
`stacks_of` gives all its resources.
"""

from typing import TYPE_CHECKING, Any

from keybus.cdk.deployment import Deployment, NotDeclared, deployment_of
from keybus.cdk.resource import Resource, template
from keybus.cdk.stacks import Stack, stacks_of

if TYPE_CHECKING:
    from keybus.cdk.constructs import Application, CentralBus, Publisher, Subscription

__all__ = [
    "Application",
    "CentralBus",
    "Deployment",
    "NotDeclared",
    "Publisher",
    "Resource",
    "Stack",
    "Subscription",
    "deployment_of",
    "stacks_of",
    "template",
]

_CONSTRUCTS = frozenset({"Application", "CentralBus", "Publisher", "Subscription"})


def __getattr__(name: str) -> Any:
    """A construct, imported now.

    Raises:
        ImportError: aws-cdk-lib is not installed.
    """
    if name not in _CONSTRUCTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from keybus.cdk import constructs  # noqa: PLC0415 - the extra is optional, and slow
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in {"aws_cdk", "constructs", "jsii"}:
            message = f"{name} needs aws-cdk-lib: pip install 'keybus[cdk]'"
            raise ImportError(message, name=error.name) from error
        raise
    return getattr(constructs, name)
