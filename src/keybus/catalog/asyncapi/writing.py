"""The document as text: JSON, and YAML that readers of 1.1 and of 1.2 read alike."""

import re
from decimal import Decimal
from typing import Any, Final

import msgspec
import yaml

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_PLAIN: Final = re.compile(r"[A-Za-z/#$][A-Za-z0-9 ()./_$-]*(?<! )")
_WORDS: Final = frozenset(
    {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}  # of which YAML 1.1 makes others
)


def as_json(document: Any) -> str:
    """The document as indented JSON; numbers are exact."""
    return f"{msgspec.json.format(_encode(document), indent=2).decode()}\n"


def as_yaml(document: Any) -> str:
    """The document as YAML; a text that could be read as something else is quoted."""
    text: str = yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=2**31,
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Without anchors: what is shared within the document is written out."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS and not text.startswith("#")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


def _number(dumper: yaml.SafeDumper, number: float | Decimal) -> yaml.ScalarNode:
    """As JSON writes it; an exponent has a fraction before it, which YAML 1.1 asks for."""
    text = _encode(number).decode()
    mantissa, e, exponent = text.lower().partition("e")
    if e and "." not in mantissa:
        mantissa += ".0"
    if e and not exponent.startswith(("+", "-")):
        exponent = f"+{exponent}"
    return dumper.represent_scalar("tag:yaml.org,2002:float", f"{mantissa}{e}{exponent}")


_Dumper.add_representer(str, _text)
_Dumper.add_representer(float, _number)
_Dumper.add_representer(Decimal, _number)
