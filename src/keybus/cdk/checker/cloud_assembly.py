"""Templates in a folder: a CDK cloud assembly, or plain ones with a word on where they stand.

Source: AWS CDK, "Cloud assembly schema" (manifest.json).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from keybus.errors import KeybusError

_MANIFEST: Final = "manifest.json"
_STACK: Final = "aws:cloudformation:stack"
_NESTED: Final = "cdk:cloud-assembly"
_ACCOUNT_DIGITS: Final = 12


class UnreadableTemplates(KeybusError):
    """A folder whose templates cannot be judged."""

    code = "unreadable-templates"


class Template(msgspec.Struct, frozen=True):
    """A template, and where it is to be deployed.

    Attributes:
        file: Its path below the folder that was read.
        account: The account's 12 digits.
        region: The region.
        document: The template.
    """

    file: str
    account: str
    region: str
    document: Mapping[str, Any]

    @property
    def resources(self) -> Mapping[str, Any]:
        """Its resources by logical id, whatever they are."""
        found = self.document.get("Resources")
        return found if isinstance(found, dict) else {}


def read_templates(folder: Path, stacks: Mapping[str, str] | None = None) -> tuple[Template, ...]:
    """All templates in a folder.

    Args:
        folder: A cloud assembly, such as ``cdk.out``, or a folder of ``*.template.json``.
        stacks: ``ACCOUNT/REGION`` by file name, for templates that no manifest places.

    Raises:
        UnreadableTemplates: There is none, one cannot be read, or does not say where it stands.
    """
    placed = dict(stacks or {})
    found = {each.file: each for each in _of_assembly(folder, folder, placed)}
    for path in sorted(folder.glob("*.template.json")):
        if path.name not in found:
            found[path.name] = _template(folder, path, placed.pop(path.name, ""))
    for name, place in placed.items():
        if name not in found and not (folder / name).is_file():
            raise UnreadableTemplates(
                f"{folder} has no template {name!r}", hint="--stack names a file in the folder"
            )
        found[name] = _template(folder, folder / name, place)
    if not found:
        hint = "cdk synth writes them to cdk.out; plain ones end with .template.json"
        raise UnreadableTemplates(f"{folder} has no templates", hint=hint)
    return tuple(found.values())


def _of_assembly(top: Path, folder: Path, placed: dict[str, str]) -> Iterator[Template]:
    if not (folder / _MANIFEST).is_file():
        return
    artifacts = _read(folder / _MANIFEST).get("artifacts", {})
    for artifact in artifacts.values() if isinstance(artifacts, dict) else ():
        said = artifact.get("properties", {})
        if artifact.get("type") == _NESTED:
            yield from _of_assembly(top, folder / said["directoryName"], placed)
        if artifact.get("type") == _STACK:
            path = folder / said["templateFile"]
            file = path.relative_to(top).as_posix()
            place = artifact.get("environment", "").removeprefix("aws://")
            yield _template(top, path, placed.pop(file, place))


def _template(top: Path, path: Path, place: str) -> Template:
    account, _, region = place.partition("/")
    file = path.relative_to(top).as_posix()
    if len(account) != _ACCOUNT_DIGITS or not account.isdecimal() or not region:
        hint = f"give the stack an env, or --stack {file}=ACCOUNT/REGION"
        said = f", but {place!r}" if place else ""
        raise UnreadableTemplates(f"{path} does not say its account and region{said}", hint=hint)
    if region.startswith("unknown-"):
        hint = f"give the stack an env, or --stack {file}=ACCOUNT/REGION"
        raise UnreadableTemplates(f"{path} is of no region: {place!r}", hint=hint)
    return Template(file, account, region, _read(path))


def _read(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
    except OSError as error:
        raise UnreadableTemplates(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableTemplates(f"{path} is no JSON: {error}", hint="cdk synth again") from error
    if not isinstance(read, dict):
        raise UnreadableTemplates(f"{path} is no template", hint="cdk synth again")
    return read


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; two readers may take one with a name twice differently."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} is there twice in one object")
    return made
