"""A platform as the text of a YAML file that says the same."""

from typing import Any

import yaml

from keybus.topology.model import Platform
from keybus.topology.plain import plain_data
from keybus.topology.scalars import UnusableNumberError, core_value


def platform_yaml(platform: Platform) -> str:
    """The platform as the text of one ``platform.yaml``; what is as by default is left out."""
    return yaml_text(plain_data(platform))


def yaml_text(data: Any) -> str:
    """Plain data as YAML 1.2, which `keybus.topology.document.read` reads as the same."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes every text so that neither YAML 1.1 nor 1.2 takes it for something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - an alias is never written
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    try:
        plain = core_value(text) == text
    except UnusableNumberError:
        plain = False
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)
