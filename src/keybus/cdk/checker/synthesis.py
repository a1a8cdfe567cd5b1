"""The checks as a plug-in of the CDK's policy validation: what is found keeps an app from synthesis.

It needs aws-cdk-lib: ``pip install 'keybus[cdk]'``.
"""

import os
from collections.abc import Collection, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

import aws_cdk as cdk
import jsii

from keybus.cdk.checker.check import check_templates
from keybus.cdk.checker.cloud_assembly import Template, read_assembly
from keybus.cdk.checker.finding import TemplateFinding
from keybus.cdk.deployment import Deployment, declaration_of, deployment_of, is_region
from keybus.governance.compliance import RULES
from keybus.topology import Declaration
from keybus.topology.root_construct import Platform

_FATAL: Final = "fatal"  # the CDK lets an "error" be acknowledged away


@jsii.implements(cdk.IPolicyValidationPlugin)
class PlatformChecks:
    """Holds an app's templates to a platform whenever it is synthesized.

    ``cdk.Validations.of(app).add_plugins(PlatformChecks("platform"))``.

    Args:
        platform: As for `deployment_of`, or what that gives.
        region: The central bus's region, where it is not the declared one.
        regions: The regions of subscriptions that are elsewhere, by their names.
        leave_out: What AWS lacks and is knowingly done without.
    """

    def __init__(
        self,
        platform: Deployment | Declaration | Platform | Path | str,
        *,
        region: str = "",
        regions: Mapping[str, str] | None = None,
        leave_out: Collection[str] = (),
    ) -> None:
        self._platform, self._region = platform, region
        self._regions, self._leave_out = regions, leave_out

    @property
    def name(self) -> str:
        """What the CDK calls it."""
        return "keybus"

    @property
    def version(self) -> str | None:
        """Not told: the CDK would count who uses it."""
        return None

    @property
    def rule_ids(self) -> list[str] | None:
        """Not told either."""
        return None

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Judge the templates of an app."""
        # A stage's templates are in a folder of its own: what is above all of them names them all.
        folder = Path(os.path.commonpath([Path(each).parent for each in context.template_paths]))
        templates = read_assembly(folder)
        report = check_templates(self._deployment(templates), templates)
        by_rule = groupby(sorted(report.findings, key=_rule), key=_rule)
        violations = [_violation(rule, list(found), folder) for rule, found in by_rule]
        return cdk.PolicyValidationPluginReport(success=not violations, violations=violations)

    def _deployment(self, templates: tuple[Template, ...]) -> Deployment:
        if isinstance(self._platform, Deployment):
            return self._platform
        declared = declaration_of(self._platform)
        region = self._region
        if not region and not is_region(declared.platform.region) and len(templates) == 1:
            region = templates[0].region
        return deployment_of(
            declared, region=region, regions=self._regions, leave_out=self._leave_out
        )


def _rule(finding: TemplateFinding) -> tuple[str, str]:
    return finding.rule, finding.message


def _violation(
    rule: tuple[str, str], found: list[TemplateFinding], folder: Path
) -> cdk.PolicyViolation:
    resources = [
        cdk.PolicyViolatingResource(
            resource_logical_id=each.resource or "none",
            template_path=str(folder / each.template),
            locations=[each.pointer],
        )
        for each in found
    ]
    return cdk.PolicyViolation(
        rule_name=rule[0],
        description=f"{RULES[rule[0]].title}: {rule[1]}",
        fix=found[0].hint,
        severity=_FATAL,
        violating_resources=resources,
    )
