"""Templates in a folder: a CDK cloud assembly, or plain ones with a word on where they stand.

Source: AWS CDK, "Cloud assembly schema" (manifest.json).
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec

from keybus.cdk.checker.json_text import parsed
from keybus.cdk.deployment import is_region
from keybus.errors import KeybusError

_MANIFEST: Final = "manifest.json"
_STACK: Final = "aws:cloudformation:stack"
_NESTED: Final = "cdk:cloud-assembly"
_ACCOUNT: Final = re.compile("[0-9]{12}")
_ASSET: Final = "asset."  # what the CDK calls the folders of programs
_NO_ENV: Final = "unknown-"  # what the CDK writes for a stack without an env
_LARGEST: Final = 1_048_576
"""Bytes. Source: AWS CloudFormation quotas, "Template body size in an Amazon S3 object"."""


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


class _Files(msgspec.Struct, rename="camel"):
    template_file: str = ""
    directory_name: str = ""


class _Artifact(msgspec.Struct):
    type: str = ""
    environment: str = ""
    properties: _Files = msgspec.field(default_factory=_Files)


class _Manifest(msgspec.Struct):
    artifacts: dict[str, _Artifact] = {}


def read_templates(folder: Path, stacks: Mapping[str, str] | None = None) -> tuple[Template, ...]:
    """All templates in a folder and the folders in it; folders of the CDK's assets are passed by.

    Args:
        folder: A cloud assembly, such as ``cdk.out``, or a folder of ``*.template.json``.
        stacks: ``ACCOUNT/REGION`` by file name, for templates that no manifest places.

    Raises:
        UnreadableTemplates: There is none, one cannot be read, or does not say where it stands.
    """
    placed = {PurePosixPath(file).as_posix(): place for file, place in (stacks or {}).items()}
    places = _places(folder) if (folder / _MANIFEST).is_file() else {}
    for file in (*_loose(folder), *placed):
        places.setdefault(file, "")
    for file, place in placed.items():
        if places[file] not in {"", place} and _NO_ENV not in places[file]:
            raise UnreadableTemplates(
                f"{folder / file} stands in {places[file]}, as {_MANIFEST} says, not in {place}",
                hint="--stack is for templates that no manifest places",
            )
        places[file] = place
    if not places:
        hint = "cdk synth writes them to cdk.out; plain ones end with .template.json"
        raise UnreadableTemplates(f"{folder} has no templates", hint=hint)
    return tuple(_template(folder, file, place) for file, place in places.items())


def read_assembly(folder: Path) -> tuple[Template, ...]:
    """The templates that a cloud assembly's manifest names, and its nested assemblies' manifests.

    Raises:
        UnreadableTemplates: One cannot be read, or does not say where it stands.
    """
    return tuple(_template(folder, file, place) for file, place in _places(folder).items())


def _loose(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(each for each in folders if not each.startswith(_ASSET))
        for path in (Path(place, each) for each in folders):
            if path.is_symlink():
                hint = "put the folder itself there"
                raise UnreadableTemplates(f"{path} is a link to a folder", hint=hint)
        for path in (Path(place, each) for each in sorted(files)):
            if path.name.endswith((".template.yaml", ".template.yml")):
                hint = "write it as JSON, as cdk synth does"
                raise UnreadableTemplates(f"{path} is YAML, which is not judged", hint=hint)
            if path.name.endswith(".template.json"):
                yield path.relative_to(folder).as_posix()


def _refuse(error: OSError) -> None:
    raise UnreadableTemplates(f"{error.filename} cannot be read: {error.strerror}") from error


def _places(folder: Path) -> dict[str, str]:
    """Where a manifest says that templates stand, by their files."""
    found: dict[str, str] = {}
    for file, place in _artifacts(folder, PurePosixPath(), set()):
        if file in found:
            message = f"{folder / file} is the template of two stacks"
            raise UnreadableTemplates(message, hint="cdk synth again")
        found[file] = place
    return found


def _artifacts(top: Path, below: PurePosixPath, seen: set[Path]) -> Iterator[tuple[str, str]]:
    path = top / below / _MANIFEST
    if path.resolve() in seen:
        raise UnreadableTemplates(f"{path} names itself", hint="cdk synth again")
    seen.add(path.resolve())
    try:
        artifacts = msgspec.convert(_read(path), _Manifest).artifacts
    except msgspec.ValidationError as error:
        hint = "cdk synth again"
        raise UnreadableTemplates(f"{path} is no manifest: {error}", hint=hint) from error
    for artifact in artifacts.values():
        if artifact.type == _NESTED:
            yield from _artifacts(
                top, below / _inside(path, artifact.properties.directory_name), seen
            )
        if artifact.type == _STACK:
            file = below / _inside(path, artifact.properties.template_file)
            yield file.as_posix(), artifact.environment.removeprefix("aws://")


def _inside(manifest: Path, name: str) -> str:
    said = PurePosixPath(name)
    if not name or said.is_absolute() or ".." in said.parts or "\0" in name:
        message = f"{manifest} names {name!r}, which is no file of its folder"
        raise UnreadableTemplates(message, hint="cdk synth again")
    return name


def _template(top: Path, file: str, place: str) -> Template:
    path = top / file
    account, _, region = place.partition("/")
    if not _ACCOUNT.fullmatch(account) or not is_region(region):
        said = f", but {place!r}" if place else ""
        raise UnreadableTemplates(
            f"{path} does not say its account and region{said}",
            hint=f"give the stack an env, or --stack {file}=ACCOUNT/REGION; remove what is left"
            " from before, and put a nested stack's resources into the stack itself",
        )
    read = _read(path)
    size = path.stat().st_size
    if size > _LARGEST:
        message = f"{path} has {size} bytes, and CloudFormation takes {_LARGEST}"
        raise UnreadableTemplates(message, hint="divide the stack")
    return Template(file, account, region, read)


def _read(path: Path) -> dict[str, Any]:
    try:
        read = parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableTemplates(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UnreadableTemplates(f"{path} is no JSON: {error}", hint="cdk synth again") from error
    if not isinstance(read, dict):
        raise UnreadableTemplates(f"{path} is no template", hint="cdk synth again")
    return read
