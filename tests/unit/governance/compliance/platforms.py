"""Platforms to judge: the sound one, and what a mutant makes of it."""

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import yaml

from keybus.cli.platform.evidence import read_evidence
from keybus.governance.compliance import Evidence, Report, Running, check_compliance
from keybus.topology.model import moment_us

FIXTURES = Path(__file__).parent / "fixtures"
NOW = "2027-01-15"


class _Texts(yaml.SafeLoader):
    """Reads dates as text, as Keybus does."""


_Texts.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in found if not tag.endswith(":timestamp")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def merged(base: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386), applied."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def mutant(path: Path) -> dict[str, Any]:
    """A file of the fixtures; in a mutant's, ``platform`` and ``running`` are patches, and
    ``finds`` is all that is to be found, no more and no less."""
    read: dict[str, Any] = yaml.load(path.read_text(), _Texts)
    return read


def sound() -> dict[str, Any]:
    """The sound platform, as plain data."""
    return mutant(FIXTURES / "sound.yaml")


def evidence(
    folder: Path, platform: dict[str, Any], running: dict[str, Any] | None = None, now: str = NOW
) -> Evidence:
    """What a folder shows in which this platform is declared; and a bus that runs it, changed."""
    (folder / "contracts").symlink_to(FIXTURES / "contracts")
    (folder / "platform.yaml").write_text(json.dumps(platform, indent=1))  # JSON is YAML
    found = read_evidence(folder, url=None, now_us=moment_us(now))
    if running is None:
        return found
    return msgspec.structs.replace(found, running=snapshot(platform, running))


def snapshot(platform: dict[str, Any], patch: dict[str, Any]) -> Running:
    """A sound bus that runs a platform, changed; to its lists the patch's are added."""
    bus = json.loads((FIXTURES / "running.json").read_text())
    bus["bus"] = platform["bus"]
    bus["platform"] = merged(copy.deepcopy(platform), patch.get("platform", {}))
    for key, value in patch.items():
        if key != "platform":
            bus[key] = [*bus[key], *value] if isinstance(value, list) else value
    return msgspec.convert(bus, Running)


def judge(
    folder: Path, patch: dict[str, Any], running: dict[str, Any] | None = None, now: str = NOW
) -> Report:
    """The report on the sound platform, changed."""
    return check_compliance(evidence(folder, merged(sound(), patch), running, now))


def found(report: Report) -> dict[str, list[str]]:
    """The pointers of all findings, by rule."""
    rules: dict[str, list[str]] = {}
    for finding in report.findings:
        rules.setdefault(finding.rule, []).append(finding.pointer)
    return {rule: sorted(set(pointers)) for rule, pointers in rules.items()}
