"""A platform's stacks as a cloud assembly: a template each, and a manifest of where it stands.

Source: AWS CDK, "Cloud assembly schema" (manifest.json).
"""

from collections.abc import Mapping
from typing import Any, Final

from keybus.cdk.deployment import Deployment
from keybus.cdk.names import Form, fitted
from keybus.cdk.resource import template
from keybus.cdk.stacks import stacks_of

MANIFEST: Final = "manifest.json"
TEMPLATE: Final = ".template.json"
"""What the names of templates end with."""
_SCHEMA: Final = "36.0.0"  # the oldest that all of version 2 of the CDK's programs still read
_STACK: Final = Form("A-Za-z0-9-", 128)


def assembly_of(deployment: Deployment) -> Mapping[str, Mapping[str, Any]]:
    """The files of a platform's cloud assembly.

    Args:
        deployment: The platform, judged for AWS.

    Returns:
        File names and JSON documents: a template for each stack, and the manifest.

    Raises:
        PlanRefused: Two things would have one name, or a limit is passed.
    """
    bus = deployment.platform.bus
    files: dict[str, Mapping[str, Any]] = {}
    artifacts: dict[str, Any] = {}
    for stack in stacks_of(deployment):
        name = fitted(f"{bus}-{stack.name.replace('/', '-')}", _STACK)
        files[f"{name}{TEMPLATE}"] = template(stack.resources, f"{stack.name} of the bus {bus}")
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{stack.account}/{stack.region}",
            "properties": {"templateFile": f"{name}{TEMPLATE}", "stackName": name},
        }
    files[MANIFEST] = {"version": _SCHEMA, "artifacts": artifacts}
    return files
