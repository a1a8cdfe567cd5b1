"""Which fields of an event a target's input names."""

from collections.abc import Iterator

from keybus.topology.inputs.fault import InputError
from keybus.topology.inputs.path import Path
from keybus.topology.model import Target


def named_fields(target: Target) -> Iterator[str]:
    """The fields that the input's paths lead to, as ``detail.colour``; unreadable paths none."""
    transformer = target.input_transformer
    paths = [] if transformer is None else list(transformer.paths.values())
    for text in [*paths, target.input_path]:
        if text is None:
            continue
        try:
            yield ".".join(Path.parse(text).names)
        except InputError:  # told where it stands
            continue


def allows(allowed: str, field: str) -> bool:
    """Whether a field is one that is allowed, or within it."""
    return field == allowed or field.startswith(f"{allowed}.")
