"""A policy statement in the one form that all its spellings have.

Source: IAM user guide, "Grammar of the IAM JSON policy language".
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from keybus.contracts.pointers import pointer_of

_ROOT: Final = re.compile(r"arn:[^:]*:iam::([0-9]{12}):root")
_NOT: Final = ("NotAction", "NotPrincipal", "NotResource")
_KNOWN: Final = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition", *_NOT})
_SPELT: Final = {name.lower(): name for name in _KNOWN}  # who reads policies may forgive the case
_EFFECTS: Final = frozenset({"allow", "deny"})


class Condition(NamedTuple):
    """One of a statement's conditions: ``StringEquals``, ``aws:sourcearn`` and its values."""

    operator: str
    key: str
    values: tuple[str, ...]


class NormalStatement(msgspec.Struct, frozen=True):
    """A statement.

    Attributes:
        effect: ``Allow`` or ``Deny``.
        principals: Pairs such as ``("AWS", "111111111111")`` for an account as a whole,
            ``("Service", "events.amazonaws.com")``, ``("*", "*")``.
        actions: In lower case.
        resources: ARNs, or patterns of them.
        conditions: Keys are in lower case.
        negated: Which of ``NotAction``, ``NotPrincipal``, ``NotResource`` it has.
        others: What else stands in it, such as a misspelt ``condition``.
    """

    effect: str
    principals: frozenset[tuple[str, str]]
    actions: frozenset[str]
    resources: frozenset[str]
    conditions: frozenset[Condition]
    negated: frozenset[tuple[str, str]] = frozenset()
    others: frozenset[str] = frozenset()

    def values(self, key: str) -> frozenset[str]:
        """What the conditions on a key ask for, of whatever operator."""
        return frozenset(value for each in self.conditions if each.key == key for value in each[2])

    def on(self, key: str) -> frozenset[Condition]:
        """The conditions on a key."""
        return frozenset(each for each in self.conditions if each.key == key)

    @property
    def keys(self) -> frozenset[str]:
        """What it has conditions on."""
        return frozenset(each.key for each in self.conditions)


class Placed(NamedTuple):
    """A statement as a template says it.

    Attributes:
        pointer: To it, from where the search began.
        path: The names on the way there.
        sid: Its id; empty where it has none.
        said: What it says.
        normal: The same in the one form.
    """

    pointer: str
    path: tuple[str, ...]
    sid: str
    said: Mapping[str, Any]
    normal: NormalStatement


def statements_in(value: Any, pointer: str = "", path: tuple[str, ...] = ()) -> Iterator[Placed]:
    """All statements in a value whose references are filled in, also in policies that are texts."""
    if isinstance(value, str) and '"effect"' in value.lower():
        try:
            value = json.loads(value)
        except ValueError:
            return
    if isinstance(value, Mapping):
        said: dict[str, Any] = {
            _SPELT.get(str(key).lower(), str(key)): each for key, each in value.items()
        }
        if str(said.get("Effect")).lower() in _EFFECTS:
            if len(said) < len(value):
                said["a name twice"] = sorted(value)  # two readers may take it differently
            yield Placed(pointer, path, str(said.get("Sid", "")), value, normal_of(said))
            return
        for key, each in value.items():
            yield from statements_in(each, pointer + pointer_of(key), (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from statements_in(each, pointer + pointer_of(index), path)


def normal_of(said: Mapping[str, Any]) -> NormalStatement:
    """A statement in the one form."""
    return NormalStatement(
        str(said["Effect"]).capitalize(),
        frozenset(_principals(said.get("Principal", ()))),
        frozenset(each.lower() for each in texts_of(said.get("Action", []))),
        frozenset(texts_of(said.get("Resource", []))),
        frozenset(_conditions(said.get("Condition", {}))),
        frozenset((key, one) for key in _NOT if key in said for one in _plain(said[key])),
        frozenset(f"{key}: {scalar(said[key])}" for key in said.keys() - _KNOWN),
    )


def texts_of(value: Any) -> list[str]:
    """One text or several, as a list."""
    return [scalar(each) for each in (value if isinstance(value, list) else [value])]


def scalar(value: Any) -> str:
    """A value as CloudFormation takes it: ``20`` is ``"20"``, and ``true`` is ``"true"``."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value for comparison: scalars as CloudFormation takes them."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value if value is None else scalar(value)


def _principals(said: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(said, Mapping):
        yield from (("*" if one == "*" else "AWS", one) for one in _all(said))
        return
    for kind, named in said.items():
        for one in texts_of(named):
            found = _ROOT.fullmatch(one)
            yield kind, found[1] if kind == "AWS" and found else one


def _conditions(said: Any) -> Iterator[Condition]:
    if not isinstance(said, Mapping):
        yield Condition("", "", (scalar(said),))
        return
    for operator, asked in said.items():
        if not isinstance(asked, Mapping):
            yield Condition(operator, "", (scalar(asked),))
            continue
        for key, values in asked.items():
            yield Condition(operator, key.lower(), tuple(sorted(texts_of(values))))


def _plain(value: Any) -> list[str]:
    return [scalar(value)] if isinstance(value, Mapping) else texts_of(value)


def _all(value: Any) -> list[str]:
    return [] if value == () else texts_of(value)
