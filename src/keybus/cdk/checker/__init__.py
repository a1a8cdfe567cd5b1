"""Templates, held to the platform: every resource and statement of the exchange is a generated one."""

from keybus.cdk.checker.check import check_templates
from keybus.cdk.checker.cloud_assembly import Template, UnreadableTemplates, read_templates
from keybus.cdk.checker.finding import TemplateFinding, TemplateReport

__all__ = [
    "Template",
    "TemplateFinding",
    "TemplateReport",
    "UnreadableTemplates",
    "check_templates",
    "read_templates",
]
