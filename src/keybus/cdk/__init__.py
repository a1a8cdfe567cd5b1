"""The platform on Amazon EventBridge: constructs for the AWS CDK, over plain data.

The constructs need aws-cdk-lib (``pip install 'keybus[cdk]'``) and Node, and are imported when they
are first asked for. What they are made of does not: `deployment_of` judges a platform for AWS, and
`stacks_of` gives all its resources.
"""

import os
from importlib.util import find_spec
from shutil import which
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
        ImportError: aws-cdk-lib is not installed, or Node is not.
    """
    if name not in _CONSTRUCTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if find_spec("aws_cdk") is None:
        raise ImportError(f"{name} needs aws-cdk-lib: pip install 'keybus[cdk]'", name="aws_cdk")
    node = os.environ.get("JSII_NODE", "node")  # as the CDK looks for it
    if which(node) is None:
        raise ImportError(
            f"{name} needs Node, and there is no {node!r}: install it, or set JSII_NODE"
        )
    from keybus.cdk import constructs  # noqa: PLC0415 - the extra is optional, and slow

    return getattr(constructs, name)
