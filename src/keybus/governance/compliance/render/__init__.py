"""The report in each of its forms: one function a form, from a report to text."""

from collections.abc import Callable, Mapping

from keybus.governance.compliance.finding import Report
from keybus.governance.compliance.render.document import as_json
from keybus.governance.compliance.render.page import as_html
from keybus.governance.compliance.render.plain import as_text
from keybus.governance.compliance.render.sarif import as_sarif

FORMS: Mapping[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "html": as_html,
}
"""Every form, by its name."""

__all__ = ["FORMS", "as_html", "as_json", "as_sarif", "as_text"]
